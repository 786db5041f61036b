/**
 * A stack that is deleted while it is made, at each moment of its creation: nothing is left of it,
 * and nothing is made once it has gone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTemplateText } from '../../src/deploy/cloudformation/render.ts';
import type { EmulatedStack } from '../../src/emulator/cloudformation/stack.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listAll } from './account-left.ts';
import { MODELS } from './models.ts';
import { StackAccount } from './stack-life.ts';

/** Most types that there are, with those whose creation takes several calls and waits. */
const MANY = [
  'alarms, a role of Grafana, endpoints, tags',
  'one on instances of their own',
  'rules, an alert manager and a log of queries',
];
/** Accounts at the same time. */
const AT_ONCE = 4;
/** What a stack waits for is begun within it. */
const LONG_ENOUGH_MS = 2_000;

/** Hears each event of resources of the stacks that are made from now on. */
function hearEvents(stacks: Map<string, EmulatedStack>, hear: () => void): void {
  const set = Map.prototype.set.bind(stacks);
  stacks.set = (id, stack) => {
    const tell = stack.tell.bind(stack);
    stack.tell = (...event) => {
      tell(...event);
      hear();
    };
    return set(id, stack) as typeof stacks;
  };
}

/** @returns the events of the creation, and what is left in the account */
async function deleteAfter(
  account: StackAccount,
  TemplateBody: string,
  count: number,
): Promise<{ events: number; left: readonly string[] }> {
  const { cloud } = account;
  const cfn = <Answer>(action: string, input: object): Promise<Answer> =>
    cloud.asRoot<Answer>('cloudformation', action, { StackName: 'metrics', ...input });
  const before = await listAll(cloud);
  let events = 0;
  let deletion: Promise<unknown> | undefined;
  hearEvents(cloud.home.cloudFormation.stacks, () => {
    events += 1;
    if (events === count) deletion = cfn('DeleteStack', {});
  });
  const { StackId } = await cfn<{ StackId: string }>('CreateStack', {
    TemplateBody,
    Capabilities: ['CAPABILITY_NAMED_IAM'],
  });
  let end = await account.settle(StackId);
  const made = events;
  if (deletion === undefined) {
    assert.equal(end, 'CREATE_COMPLETE');
    await cfn('DeleteStack', {});
    end = await account.settle(StackId);
  }
  await deletion;
  await cloud.clock.sleep(LONG_ENOUGH_MS);
  const left = (await listAll(cloud)).filter((one) => !before.includes(one));
  return { events: made, left: end === 'DELETE_COMPLETE' ? left : [end, ...left] };
}

for (const name of MANY)
  test(`${name}: deleted at any moment of its creation, nothing is left`, async (context) => {
    const accounts = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const account = new StackAccount(temporaryFolder(context));
        await account.furnish();
        const { first } = await account.describe(MODELS[name] ?? {});
        // Of what is to be kept too, nothing is kept here.
        const text = renderTemplateText(first).text.replaceAll('"Retain"', '"Delete"');
        return { account, text };
      }),
    );
    const [one] = accounts;
    assert.ok(one !== undefined);
    const whole = await deleteAfter(one.account, one.text, Infinity);
    assert.deepEqual(whole.left, []);
    assert.ok(whole.events > 30, String(whole.events));
    const moments = Array.from({ length: whole.events }, (_, i) => i + 1);
    await Promise.all(
      accounts.map(async ({ account, text }) => {
        for (let at = moments.shift(); at !== undefined; at = moments.shift()) {
          const { left } = await deleteAfter(account, text, at);
          assert.deepEqual(left, [], `deleted after event ${at} of ${whole.events}`);
        }
      }),
    );
    context.diagnostic(`${whole.events} moments`);
  });
