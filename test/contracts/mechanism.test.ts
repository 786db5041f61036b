/**
 * Runs the contract of discovery mechanisms over every mechanism of the table. Its fixture
 * (mechanism-fixtures.ts) has a configuration that works and a way to break what the mechanism
 * reads.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { shortMechanismName } from '../../src/discovery/mechanism.ts';
import { mechanismOf, mechanisms } from '../../src/discovery/mechanisms.ts';
import { fixtures, type MechanismFixture } from './mechanism-fixtures.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';
import { onEnd } from '../kit/ending.ts';

interface Run extends RunningDiscovery {
  readonly fixture: MechanismFixture;
}

for (const { key } of mechanisms) {
  const start = async (context: TestContext, broken = false): Promise<Run> => {
    const fixture = await fixtures[key]();
    onEnd(context, () => fixture.close());
    if (broken) await fixture.breakSource?.();
    const mechanism = mechanismOf(key);
    const { config, http, baseDirectory, dnsServers } = fixture;
    const world = { mechanism: shortMechanismName(key), http, baseDirectory, dnsServers };
    const run = startDiscovery(context, mechanism, config, world);
    return { ...run, fixture, until: (isSo, stepMs = 5_000) => run.until(isSo, stepMs) };
  };

  test(`${key} yields its groups at once at start`, async (context) => {
    const { fixture, lists, until } = await start(context);
    await until(() => lists.length > 0, 0);
    const addresses = lists[0]?.flatMap((group) => group.targets.map((one) => one['__address__']));
    assert.deepEqual(addresses, fixture.addresses);
  });

  test(`${key} gives each group a source of its own`, async (context) => {
    const { lists, until } = await start(context);
    await until(() => lists.length > 0);
    const sources = (lists[0] ?? []).map((group) => group.source);
    assert.ok(sources.length > 0);
    assert.equal(new Set(sources).size, sources.length);
  });

  test(`${key} ends without an error when the signal aborts`, async (context) => {
    const { clock, lists, until, stop } = await start(context);
    await until(() => lists.length > 0);
    await stop();
    const count = lists.length;
    await clock.advance(3_600_000);
    assert.equal(lists.length, count);
    assert.equal(clock.sleeping, 0);
  });

  test(`${key} never yields less because of a failure, and counts it`, async (context) => {
    const { fixture, metrics, lists, until } = await start(context);
    await until(() => lists.length > 0);
    if (fixture.breakSource === undefined) return;
    // An increase is measured from what was there before.
    assert.match(metrics.expose(), /^prometheus_sd_refresh_failures_total\{.*\} 0$/m);
    await fixture.breakSource();
    const failed = /^prometheus_sd_refresh_failures_total\{.*\} ([3-9]|\d\d)/m;
    await until(() => failed.test(metrics.expose()), 60_000);
    for (const list of lists) assert.deepEqual(list, lists[0]);
  });

  test(`${key} recovers from a source that was broken at start`, async (context) => {
    const { fixture, metrics, lists, until } = await start(context, true);
    if (fixture.breakSource === undefined) return;
    const failed = /^prometheus_sd_refresh_failures_total\{.*\} [1-9]/m;
    await until(() => failed.test(metrics.expose()), 1_000);
    assert.equal(lists.length, 0, 'a list before the first good reading');
    await fixture.repairSource?.();
    await until(() => lists.length > 0, 60_000);
    const addresses = lists
      .at(-1)
      ?.flatMap((group) => group.targets.map((one) => one['__address__']));
    assert.deepEqual(addresses, fixture.addresses);
  });
}
