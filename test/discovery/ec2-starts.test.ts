/**
 * How EC2 discovery starts where calls fail, and what bounds it: partial lists, more instances than
 * it takes, bunches of events, filters that events cannot be added to.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseInstanceEvent } from '../../src/discovery/ec2/instance-events.ts';
import type { Ec2Api } from '../../src/discovery/ec2/api.ts';
import { Ec2Discovery } from '../../src/discovery/ec2/discovery.ts';
import { type InstanceFacts, pickInstanceFacts } from '../../src/discovery/ec2/facts.ts';
import type { TargetGroup } from '../../src/model/target.ts';
import { createDiscoveryWorld } from '../kit/discovery.ts';
import { openEc2World } from './whole/ec2-world.ts';
import { addressesOf, Run } from './whole/world.ts';

test('where partial lists are accepted the first is a part, and lists only grow', async (context) => {
  const source = await openEc2World();
  context.after(() => source.close());
  await source.strike({ call: 'DescribeInstances', kind: 'failed', extent: 'page 2' });
  const run = new Run('ec2_sd_configs', source, { takesPartial: true });
  context.after(() => run.stop());
  await run.forward(1_000);
  assert.equal(addressesOf(run.lists[0]).length, 3, 'one page');
  assert.ok(
    run.lacks.some(({ what, isBlocking }) => what === 'ec2:DescribeInstances' && isBlocking),
  );
  await source.repair();
  await run.forward(source.refreshMs);
  assert.equal(addressesOf(run.lists.at(-1)).length, 7);
  assert.deepEqual(run.lacks, []);
});

const factsOf = (at: number): InstanceFacts =>
  pickInstanceFacts({ InstanceId: `i-${at}`, PrivateIpAddress: '10.0.0.1' });

/** A discovery over an API whose lists are given; the filters of each call are kept. */
function startWith(
  context: TestContext,
  config: object,
  listOf: (asked: number) => readonly InstanceFacts[],
) {
  const abort = new AbortController();
  const world = createDiscoveryWorld('ec2', { signal: abort.signal });
  const asked: (readonly { readonly name: string; readonly values: readonly string[] }[])[] = [];
  const api: Pick<Ec2Api, 'region' | 'session' | 'listInstances' | 'describeZones'> = {
    region: 'r',
    session: undefined as never,
    async listInstances(filters, onPage) {
      asked.push(filters);
      onPage(listOf(asked.length));
    },
    describeZones: async () => ({ found: [], unknown: [] }),
  };
  const given = { port: 80, refresh_interval: 60_000, call_budget: 1, ...config };
  const discovery = new Ec2Discovery(given, world, api);
  const lists: (readonly TargetGroup[])[] = [];
  const ended = (async () => {
    for await (const list of discovery.run()) lists.push(list);
  })();
  context.after(async () => {
    abort.abort();
    await ended;
  });
  return { world, asked, lists, discovery };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('more instances than the bound are an error that asks for filters; none is taken beyond it', async (context) => {
  const many = Array.from({ length: 100_001 }, (_, at) => factsOf(at));
  const { world, lists } = startWith(context, {}, (asked) => (asked === 1 ? many : many.slice(1)));
  while (world.lines.length === 0) await turns();
  assert.equal(lists.length, 0);
  const said = JSON.stringify(world.lines);
  assert.match(said, /more than 100000 instances; narrow them by filters/);
  await world.clock.advance(1_000);
  while (lists.length === 0) await turns();
  assert.equal(lists[0]?.length, 100_000);
});

test('events name up to 200 instances for one call; with more, beside a filter of ids or as many filters as AWS takes, all are read', async (context) => {
  for (const [count, filters, expected] of [
    [200, [], 200],
    [201, [], undefined],
    [3, [{ name: 'instance-id', values: ['i-1'] }], undefined],
    [3, Array.from({ length: 50 }, () => ({ name: 'a', values: ['b'] })), undefined],
  ] as const) {
    const { world, asked, lists, discovery } = startWith(context, { filters }, () => [factsOf(1)]);
    while (lists.length === 0) await turns();
    // What has been read is left alone for a while.
    await world.clock.advance(10_000);
    discovery.noteChanged(Array.from({ length: count }, (_, at) => `i-${at}`));
    await world.clock.advance(1_000);
    while (lists.length < 2) await turns();
    const [, second = []] = asked;
    const named = second.find(({ name }) => name === 'instance-id' && filters.length === 0);
    assert.equal(named?.values.length, expected);
    assert.equal(second.length, filters.length + (expected === undefined ? 0 : 1));
  }
});

test('an event is taken by its kind and its id alone', () => {
  const kind = 'EC2 Instance State-change Notification';
  const of = (detail: unknown): unknown => ({ 'detail-type': kind, detail });
  assert.equal(parseInstanceEvent(of({ 'instance-id': 'i-0a', state: 'running' })), 'i-0a');
  for (const other of [
    of({ 'instance-id': 'i-0a,i-0b' }),
    of({ state: 'running' }),
    { 'detail-type': 'ECS Task State Change', detail: { 'instance-id': 'i-0a' } },
    undefined,
    'text',
    [],
  ])
    assert.equal(parseInstanceEvent(other), undefined);
});
