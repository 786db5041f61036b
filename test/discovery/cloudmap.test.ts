/**
 * Cloud Map discovery with the official SDK against the emulator: what is found, with how many
 * calls, when changes are seen, and what a failure of each call costs.
 */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { UpdateInstanceCustomHealthStatusCommand } from '@aws-sdk/client-servicediscovery';
import { AwsError } from '../../src/emulator/service.ts';
import {
  readAddresses,
  deny,
  discover,
  fail,
  countFailures,
  FakeCloudMap,
  SCRAPED,
} from './cloudmap-run.ts';

let map: FakeCloudMap;
before(async () => {
  map = await FakeCloudMap.start();
});
after(() => map.close());

const HOUR_MS = 3_600_000;
/** Starts a separate account, for tests that count its calls. */
async function startOwnAccount(context: TestContext): Promise<FakeCloudMap> {
  const own = await FakeCloudMap.start();
  context.after(() => own.close());
  return own;
}

/** The calls without which nothing is known. */
const NEEDED = ['ListNamespaces', 'ListServices', 'ListTagsForResource', 'GetParameter'];

for (const [action, words] of [
  ...NEEDED.map((one) => [one, new RegExp(one)] as const),
  ['DiscoverInstances+ListInstances', /DiscoverInstances.*ListInstances/],
] as const)
  for (const fault of [fail, deny])
    test(`after a restart while ${action} ${fault === deny ? 'is denied' : 'fails'} there is no list, for an hour, and a whole one after it`, async (context) => {
      const space = await map.createNamespace();
      for (const name of ['a', 'b']) await map.register(await map.createService(space, name), 2);
      await map.aws.putParameter();
      map.onCall((called) => action.split('+').includes(called) && fault());
      context.after(() => map.onCall(undefined));
      const config =
        action === 'GetParameter'
          ? { namespaces_parameter: 'names' }
          : { namespaces: [space.name], call_budget: 1 };
      const run = discover(context, map, config);
      const startMs = run.clock.nowMs();
      await run.until(() => run.clock.nowMs() - startMs > HOUR_MS, 60_000);
      assert.deepEqual(run.lists, []);
      const blocking = run.lacks().filter(({ isBlocking }) => isBlocking);
      assert.match(blocking.map(({ words: said }) => said).join(), words);
      map.onCall(undefined);
      if (action === 'GetParameter') return;
      const repairedMs = run.clock.nowMs();
      await run.until(() => run.lists.length > 0, 1_000);
      assert.equal(readAddresses(run.lists[0]).length, 4);
      assert.ok(run.clock.nowMs() - repairedMs <= 2 * 31_000, 'within two refreshes');
      assert.deepEqual(run.lacks(), []);
    });

test('one service that cannot be read blocks the first list, but no later one', async (context) => {
  const space = await map.createNamespace();
  const [good, bad] = [
    await map.createService(space, 'good'),
    await map.createService(space, 'bad'),
  ];
  await map.register(good, 2, 1);
  await map.register(bad, 2, 2);
  const ofBad = (input: Readonly<Record<string, unknown>>): boolean =>
    input['ServiceName'] === 'bad' || input['ServiceId'] === bad.arn;
  const trouble = (action: string, input: Readonly<Record<string, unknown>>): void =>
    void (/DiscoverInstances|ListInstances/.test(action) && ofBad(input) && fail());
  map.onCall(trouble);
  context.after(() => map.onCall(undefined));
  const run = discover(context, map, { namespaces: [space.name] });
  await run.until(() => countFailures(run) >= 5);
  assert.deepEqual(run.lists, []);
  map.onCall(undefined);
  await run.more(1);
  assert.equal(readAddresses(run.lists[0]).length, 4);
  map.onCall(trouble);
  await map.deregister(good, 'good-0');
  await map.register(bad, 3, 2);
  await run.more(2);
  assert.deepEqual(readAddresses(run.lists.at(-1)), [
    '10.1.0.2:9102',
    '10.2.0.1:9102',
    '10.2.0.2:9102',
  ]);
  assert.deepEqual(
    run.lacks().map(({ scope }) => scope),
    [`${space.name}/bad`],
  );
  map.onCall(undefined);
  await run.more(2);
  assert.equal(readAddresses(run.lists.at(-1)).length, 4);
});

test('a consumer of partial lists gets what can be read at once', async (context) => {
  const space = await map.createNamespace();
  await map.register(await map.createService(space, 'good'), 2);
  const bad = await map.createService(space, 'bad');
  map.onCall((_action, input) => void (input['ResourceARN'] === bad.arn && fail()));
  context.after(() => map.onCall(undefined));
  const run = discover(context, map, { namespaces: [space.name] }, { takesPartial: true });
  await run.more(1);
  assert.equal(readAddresses(run.lists[0]).length, 2);
  assert.ok(run.lacks().some(({ isBlocking }) => isBlocking));
});

test('a list of services or instances that fails at its second page adds and removes nothing', async (context) => {
  const space = await map.createNamespace();
  for (let i = 0; i < 120; i++) await map.createService(space, `empty-${i}`, {});
  const big = await map.createService(space, 'big');
  await map.register(big, 150);
  map.onCall((action) => void (action.startsWith('DiscoverInstances') && deny()));
  context.after(() => map.onCall(undefined));
  const run = discover(context, map, { namespaces: [space.name] });
  await run.more(1);
  assert.equal(readAddresses(run.lists[0]).length, 150);
  await map.deregister(big, 'big-0');
  for (const broken of ['ListInstances', 'ListServices']) {
    map.onCall((action, { NextToken }) => {
      if (action.startsWith('DiscoverInstances')) deny();
      if (action === broken && NextToken !== undefined) fail();
    });
    await run.more(2);
    const expected = broken === 'ListInstances' ? 150 : 149;
    assert.equal(readAddresses(run.lists.at(-1)).length, expected, broken);
    map.onCall((action) => void (action.startsWith('DiscoverInstances') && deny()));
    await run.more(2);
    assert.equal(readAddresses(run.lists.at(-1)).length, 149);
  }
});

test('the same groups are found without DiscoverInstances, without its revision, and without ListInstances; each denial is logged once', async (context) => {
  const space = await map.createNamespace();
  const sick = await map.createService(space, 'sick', SCRAPED, { HealthCheckCustomConfig: {} });
  await map.register(sick, 3);
  await map.register(await map.createService(space, 'other'), 3);
  const run = discover(context, map, { namespaces: [space.name] });
  await run.more(1);
  await run.stop();
  for (const denied of [
    /^DiscoverInstances$/,
    /^DiscoverInstances/,
    /Revision$/,
    /^ListInstances$/,
  ]) {
    map.onCall((action) => void (denied.test(action) && deny()));
    context.after(() => map.onCall(undefined));
    const without = discover(context, map, { namespaces: [space.name] });
    await without.more(4);
    for (const list of without.lists) assert.deepEqual(list, run.lists[0]);
    assert.deepEqual(without.lacks(), [], 'nothing is lacking');
    const said = without.lines.filter((line) => line.includes('may not call'));
    assert.equal(
      new Set(said.map((line) => /servicediscovery:\w+/.exec(line)?.[0])).size,
      said.length,
    );
    assert.equal(said.length > 0, !denied.test('ListInstances'), String(denied));
    await without.stop();
  }
});

test('denied tags of one service cost that service alone, are logged once, and are read once they are allowed', async (context) => {
  const space = await map.createNamespace();
  const shut = await map.createService(space, 'shut');
  await map.register(shut, 2, 1);
  await map.register(await map.createService(space, 'open'), 2, 2);
  map.onCall((_action, input) => void (input['ResourceARN'] === shut.arn && deny()));
  context.after(() => map.onCall(undefined));
  const run = discover(context, map, { namespaces: [space.name] });
  await run.more(6);
  for (const list of run.lists)
    assert.deepEqual(readAddresses(list), ['10.2.0.1:9102', '10.2.0.2:9102']);
  const said = run.lines.filter((line) => line.includes('servicediscovery:ListTagsForResource'));
  assert.equal(said.length, 1, said.join('\n'));
  assert.ok(run.explained().some(({ verdicts }) => verdicts[0]?.reason === 'tags_denied'));
  let tries = 0;
  map.onCall((_action, input) => {
    if (input['ResourceARN'] !== shut.arn) return;
    tries += 1;
    deny();
  });
  await run.more(20);
  assert.ok(tries <= 20, `asked ${tries} times in 20 readings`);
  map.onCall(undefined);
  await run.more(2);
  assert.equal(readAddresses(run.lists.at(-1)).length, 4);
});

test('a single denial of tags does not publish a list that lacks targets', async (context) => {
  const space = await map.createNamespace();
  for (const name of ['a', 'b']) await map.register(await map.createService(space, name), 2);
  let hasDenied = false;
  map.onCall((action) => {
    if (action !== 'ListTagsForResource' || hasDenied) return;
    hasDenied = true;
    deny();
  });
  context.after(() => map.onCall(undefined));
  const run = discover(context, map, { namespaces: [space.name] });
  await run.more(1);
  assert.equal(readAddresses(run.lists[0]).length, 4);
});

for (const [gone, code] of [
  [/^DiscoverInstances|^ListInstances$/, 'ServiceNotFound'],
  [/^ListTagsForResource$/, 'ResourceNotFoundException'],
] as const)
  test(`a service that was deleted after it was listed is gone, and no failure: ${code}`, async (context) => {
    const space = await map.createNamespace();
    await map.register(await map.createService(space, 'stays'), 1, 1);
    const goes = await map.createService(space, 'goes');
    await map.register(goes, 1, 2);
    const running = discover(context, map, { namespaces: [space.name], tags_interval: '1m' });
    await running.more(1);
    map.onCall((action, input) => {
      const isOf = [goes.arn, goes.name].some((one) => JSON.stringify(input).includes(`"${one}"`));
      if (gone.test(action) && isOf) throw new AwsError(code, 'not found');
    });
    context.after(() => map.onCall(undefined));
    const fresh = discover(context, map, { namespaces: [space.name] });
    await fresh.more(2);
    await running.until(() => readAddresses(running.lists.at(-1)).length === 1);
    for (const run of [running, fresh]) {
      assert.equal(countFailures(run), 0);
      assert.deepEqual(readAddresses(run.lists.at(-1)), ['10.1.0.1:9102']);
      assert.deepEqual(run.lacks(), []);
    }
  });

test('a missing namespace is logged once and blocks nothing; it is found once it exists', async (context) => {
  const run = discover(context, map, { namespaces: ['not-yet'] });
  await run.more(5);
  assert.deepEqual(run.lists[0], []);
  assert.equal(run.lines.filter((line) => line.includes('not-yet')).length, 1);
  const space = await map.createNamespace('not-yet');
  await map.register(await map.createService(space, 'late'), 1);
  await run.until(() => readAddresses(run.lists.at(-1)).length === 1, 5_000);
});

test('at rest a service costs one call, one that changed two, and each change is seen at the next reading', async (context) => {
  const own = await startOwnAccount(context);
  const space = await own.createNamespace();
  const services = [];
  for (let i = 0; i < 20; i++) services.push(await own.createService(space, `s${i}`));
  services.push(await own.createService(space, 'not-scraped', {}));
  for (const [i, service] of services.entries()) await own.register(service, 2, i);
  const run = discover(context, own, { namespaces: [space.name], tags_interval: '10m' });
  own.aws.cloud.takeCalls();
  await run.more(1);
  assert.deepEqual(own.aws.cloud.takeCalls(), {
    ListNamespaces: 1,
    ListServices: 1,
    ListTagsForResource: 21,
    DiscoverInstances: 20,
  });
  await run.more(2);
  const {
    DiscoverInstances: read = 0,
    DiscoverInstancesRevision: asked = 0,
    ...lists
  } = own.aws.cloud.takeCalls();
  assert.deepEqual(lists, { ListServices: 2, ListTagsForResource: 1 }, '21 turns in 20 readings');
  assert.equal(read + asked, 40);
  await own.deregister(services[7]!, 's7-0');
  await run.more(1);
  assert.equal(readAddresses(run.lists.at(-1)).length, 39);
  const after = own.aws.cloud.takeCalls();
  assert.ok((after['DiscoverInstances'] ?? 0) + (after['DiscoverInstancesRevision'] ?? 0) <= 21);
});

test('a changed tag is seen within tags_interval, each service having its turn', async (context) => {
  const space = await map.createNamespace();
  const services = [];
  for (let i = 0; i < 6; i++) services.push(await map.createService(space, `s${i}`));
  for (const [i, service] of services.entries()) await map.register(service, 1, i);
  const run = discover(context, map, { namespaces: [space.name], tags_interval: '2m' });
  await run.more(1);
  for (const service of services) await map.tag(service, { METRICS_PORT: '9999' });
  const changedMs = run.clock.nowMs();
  await run.until(() => readAddresses(run.lists.at(-1)).every((one) => one.endsWith(':9999')));
  const tookMs = run.clock.nowMs() - changedMs;
  assert.ok(tookMs <= 120_000 + 31_000, `${tookMs} ms`);
  assert.ok(tookMs >= 60_000, `all at once after ${tookMs} ms`);
});

test('unhealthy instances are dropped with the same one call for each service', async (context) => {
  const own = await startOwnAccount(context);
  const space = await own.createNamespace();
  const service = await own.createService(space, 's', SCRAPED, { HealthCheckCustomConfig: {} });
  await own.register(service, 2);
  await own.register(await own.createService(space, 'unchecked'), 1, 2);
  const run = discover(context, own, { namespaces: [space.name], drop_unhealthy: true });
  const keeps = discover(context, own, { namespaces: [space.name] });
  await run.more(1);
  const sick = { ServiceId: service.id, InstanceId: 's-0', Status: 'UNHEALTHY' as const };
  await own.client.send(new UpdateInstanceCustomHealthStatusCommand(sick));
  await keeps.more(2);
  assert.equal(readAddresses(keeps.lists.at(-1)).length, 3);
  await keeps.stop();
  own.aws.cloud.takeCalls();
  await run.more(1);
  assert.deepEqual(readAddresses(run.lists.at(-1)), ['10.1.0.2:9102', '10.2.0.1:9102']);
  const {
    DiscoverInstances: asked,
    ListTagsForResource: _tags,
    ...rest
  } = own.aws.cloud.takeCalls();
  assert.equal(asked, 2);
  assert.deepEqual(rest, { ListServices: 1 });
});

test('a service of 1,000 instances is read to its end', async (context) => {
  const own = await startOwnAccount(context);
  const space = await own.createNamespace();
  await own.register(await own.createService(space, 'large'), 1_000);
  const run = discover(context, own, { namespaces: [space.name] });
  own.aws.cloud.takeCalls();
  await run.more(1);
  assert.equal(new Set(readAddresses(run.lists[0])).size, 1_000);
  assert.equal(
    own.aws.cloud.takeCalls()['ListInstances'],
    10,
    'the answer may have been cut short',
  );
  await run.more(1);
  assert.equal(
    own.aws.cloud.takeCalls()['ListInstances'] ?? 0,
    0,
    'not read again without a change',
  );
});

test('64 services and 512 instances need no more calls than fit into eight seconds', async (context) => {
  const own = await startOwnAccount(context);
  const space = await own.createNamespace();
  for (let i = 0; i < 64; i++) await own.register(await own.createService(space, `s${i}`), 8, i);
  const run = discover(context, own, { namespaces: [space.name], call_budget: 1 });
  own.aws.cloud.takeCalls();
  await run.more(1);
  assert.equal(readAddresses(run.lists[0]).length, 512);
  const { DiscoverInstances: _discovered = 0, ...control } = own.aws.cloud.takeCalls();
  const calls = Object.values(control).reduce((sum, one) => sum + one, 0);
  assert.ok((calls - 20) / 10 < 5, `${calls} calls at ten a second, twenty at once`);
});
