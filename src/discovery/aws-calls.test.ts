import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsCalls } from './aws-calls.ts';
import type { AwsSession } from './aws-client.ts';
import { createDiscoveryWorld } from '../../test/kit/discovery.ts';

/** Credentials can be renewed once; a second renewal right after it reports that they are fresh. */
function fixture(): { calls: AwsCalls; renewals: () => number } {
  let renewals = 0;
  const keys = { accessKeyId: 'AKIA', secretAccessKey: 's' };
  const credentials = Object.assign(() => Promise.resolve(keys), {
    invalidate: () => (renewals += 1) === 1,
    close: () => undefined,
  });
  const session = { access: { call_budget: 1 }, credentials } as unknown as AwsSession;
  const world = createDiscoveryWorld('ecs');
  return { calls: new AwsCalls(world, session, 'us-east-1'), renewals: () => renewals };
}

test('of many calls whose credentials are refused at once, each is made again with the new ones', async () => {
  const { calls, renewals } = fixture();
  const stale = Object.assign(new Error('expired'), { name: 'ExpiredTokenException' });
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, index) =>
      calls.call('ecs:ListTasks', 'cluster_resource_read', async () => {
        await Promise.resolve();
        if (renewals() < 5) throw stale;
        return index;
      }),
    ),
  );
  assert.deepEqual(answers, [0, 1, 2, 3, 4]);
});

test('a list whose page names itself as the next one ends', async () => {
  const { calls } = fixture();
  let read = 0;
  const endless = calls.readPages(async () => {
    read += 1;
    return 'again';
  });
  await assert.rejects(endless, /a page names itself as next/);
  assert.equal(read, 2);
});

test('a list goes on over empty pages', async () => {
  const { calls } = fixture();
  const tokens = ['a', 'b', undefined];
  const seen: (string | undefined)[] = [];
  await calls.readPages(async (token) => {
    seen.push(token);
    return tokens.shift();
  });
  assert.deepEqual(seen, [undefined, 'a', 'b']);
});
