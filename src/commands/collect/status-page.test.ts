/** What the collector's page says of time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordedManager } from '../../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../../test/kit/scrape-jobs.ts';
import { ReceiverTally } from '../../kernel/receiver-status.ts';
import type { HttpRequest } from '../../kernel/http-server.ts';
import { createStatusRoute, type Shown } from './status-page.ts';

test('bug: how long ago something was does not depend on a wall clock that is set', async () => {
  const { clock, manager } = await startRecordedManager({ answer: () => 'a 1\n' });
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  const tally = new ReceiverTally(['lines'], [], clock);
  tally.come();
  const where = { receiver: 'statsd', protocol: 'StatsD by UDP', address: '127.0.0.1:1' };
  const tasks = { endpoint: undefined, statuses: [] } as unknown as Shown['tasks'];
  const shown = { scrape: manager, tasks, receivers: [tally.status(where)] };
  const route = createStatusRoute(shown, () => clock.elapsedMs());
  await clock.advance(10_000);
  const agesShown = async (): Promise<string[]> => {
    const page = String((await route.handle({} as HttpRequest)).body);
    return [...page.matchAll(/<td>([^\s<]+) ago/g)].map(([, age = '']) => age);
  };
  const before = await agesShown();
  assert.match(before.join(' '), /^\ds\d*(?:ms)? 10s$/);
  for (const stepMs of [-3_600_000, 7_200_000]) {
    clock.step(stepMs);
    assert.deepEqual(await agesShown(), before);
  }
  await manager.stop(100);
});
