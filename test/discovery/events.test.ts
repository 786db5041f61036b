/**
 * The queue of events, when it or a call that its events need fails: changes are then found by
 * polling at the configured interval, not only after ten minutes.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as realSleep } from 'node:timers/promises';
import { openEcsWorld } from './whole/ecs-world.ts';
import { addressesOf, Run } from './whole/world.ts';

const PORTS = { port: 9779, definitions: true };

async function open(context: TestContext) {
  const source = await openEcsWorld({ clusters: ['one', 'two'] }, PORTS);
  const { account, cloud } = source;
  const url = account.queues.create('events');
  account.subscribed.add('events');
  const begin = (): Run => {
    const config = { ...(source.config as object), events_queue_url: url };
    const run = new Run('amperage_ecs_sd_configs', { ...source, config });
    context.after(() => run.stop());
    return run;
  };
  context.after(() => source.close());
  const addresses = (): string[] =>
    source
      .members()
      .map(({ address }) => address)
      .toSorted();
  return { source, account, cloud, begin, addresses };
}

/** Waits on the clock of the system, because the emulated queues do. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000;
  while (!isSo()) {
    assert.ok(performance.now() < endMs, 'it did not happen within five seconds');
    await realSleep(5);
  }
}

test('a denied queue is reported and asked slowly; changes are found at the interval', async (context) => {
  const { source, cloud, begin, addresses } = await open(context);
  cloud.trouble.set({ faults: [{ action: 'ReceiveMessage', code: 'AccessDeniedException' }] });
  const run = begin();
  await run.forward(1_000);
  await until(() => run.lacks.some(({ what }) => what === 'sqs:ReceiveMessage'));
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses(), 'the list waits for no events');
  assert.equal(run.lacks[0]?.cause, 'denied');
  await source.turnOver();
  cloud.takeCalls();
  await run.forward(source.refreshMs);
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses());
  assert.equal(cloud.takeCalls()['ReceiveMessage'], undefined);
});

test('when a queue stops answering, polling goes on at the interval', async (context) => {
  const { source, account, cloud, begin, addresses } = await open(context);
  const run = begin();
  await run.forward(1_000);
  account.subscribed.clear();
  // The message shows that events can be received.
  account.queues.send('events', 'none');
  await until(() => cloud.takeCalls()['DeleteMessageBatch'] !== undefined);
  cloud.trouble.set({
    faults: [{ action: 'ReceiveMessage', code: 'InternalError', status: 500 }],
  });
  account.queues.send('events', 'none');
  await source.turnOver();
  await until(() => run.lacks.some(({ what }) => what === 'sqs:ReceiveMessage'));
  await run.forward(source.refreshMs);
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses());
});

test('what an event did not bring is read at the interval', async (context) => {
  const { source, cloud, begin, addresses } = await open(context);
  const run = begin();
  await run.forward(1_000);
  const action = 'DescribeTaskDefinition';
  cloud.trouble.set({ faults: [{ action, code: 'InternalError', status: 500 }] });
  await source.turnOver();
  await until(() => run.lacks.some(({ what }) => what === `ecs:${action}`));
  cloud.trouble.set({});
  await run.forward(source.refreshMs);
  assert.deepEqual(addressesOf(run.lists.at(-1)), addresses());
  assert.deepEqual(run.lacks, []);
});
