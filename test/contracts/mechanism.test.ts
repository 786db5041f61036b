/**
 * The contract of discovery mechanisms, run over every one of the table. A mechanism brings a fixture
 * (mechanism-fixtures.ts): a configuration that works, and a way to break what it reads.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import { VirtualClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { type DiscoveryWorld, shortName } from '../../src/discovery/mechanism.ts';
import { mechanismOf, mechanisms } from '../../src/discovery/mechanisms.ts';
import { type TargetGroup } from '../../src/model/target.ts';
import { fixtures, type MechanismFixture } from './mechanism-fixtures.ts';

interface Run {
  readonly fixture: MechanismFixture;
  readonly clock: VirtualClock;
  readonly metrics: Registry;
  readonly lists: (readonly TargetGroup[])[];
  readonly ended: Promise<void>;
  /** Moves time on in steps until something is so; gives real reading and writing five seconds to happen. */
  readonly until: (isSo: () => boolean, stepMs?: number) => Promise<void>;
  readonly abort: () => void;
}

for (const { key } of mechanisms) {
  const withRun = async (work: (run: Run) => Promise<void>, broken = false): Promise<void> => {
    const fixture = await fixtures[key]();
    if (broken) await fixture.breakSource?.();
    const clock = new VirtualClock();
    const metrics = new Registry();
    const abort = new AbortController();
    const world: DiscoveryWorld = {
      clock,
      metrics,
      log: silentLogger,
      http: fixture.http,
      mechanism: shortName(key),
      signal: abort.signal,
      baseDirectory: fixture.baseDirectory,
      dnsServers: fixture.dnsServers,
      callLimits: new CallLimits(new VirtualClock(), new Registry()),
    };
    const lists: (readonly TargetGroup[])[] = [];
    const mechanism = mechanismOf(key);
    const ended = (async () => {
      for await (const list of mechanism.discover(mechanism.schema.parse(fixture.config), world))
        lists.push(list);
    })();
    const until = async (isSo: () => boolean, stepMs = 5_000): Promise<void> => {
      const endMs = performance.now() + 5_000;
      while (!isSo() && performance.now() < endMs) await clock.advance(stepMs);
      assert.ok(isSo(), 'it did not happen within five seconds');
    };
    try {
      await work({ fixture, clock, metrics, lists, ended, until, abort: () => abort.abort() });
    } finally {
      abort.abort();
      await ended;
      await fixture.close();
    }
  };

  test(`${key} yields its groups at once at start`, () =>
    withRun(async ({ fixture, lists, until }) => {
      await until(() => lists.length > 0, 0);
      const addresses = lists[0]?.flatMap((group) => group.targets.map((one) => one['__address__']));
      assert.deepEqual(addresses, fixture.addresses);
    }));

  test(`${key} gives each group a source of its own`, () =>
    withRun(async ({ lists, until }) => {
      await until(() => lists.length > 0);
      const sources = (lists[0] ?? []).map((group) => group.source);
      assert.ok(sources.length > 0);
      assert.equal(new Set(sources).size, sources.length);
    }));

  test(`${key} ends without an error when the signal aborts`, () =>
    withRun(async ({ clock, lists, ended, until, abort }) => {
      await until(() => lists.length > 0);
      abort();
      await ended;
      const count = lists.length;
      await clock.advance(3_600_000);
      assert.equal(lists.length, count);
      assert.equal(clock.sleeping, 0);
    }));

  test(`${key} never yields less because of a failure, and counts it`, () =>
    withRun(async ({ fixture, metrics, lists, until }) => {
      await until(() => lists.length > 0);
      if (fixture.breakSource === undefined) return;
      await fixture.breakSource();
      const failed = /^prometheus_sd_refresh_failures_total\{.*\} ([3-9]|\d\d)/m;
      await until(() => failed.test(metrics.expose()), 60_000);
      for (const list of lists) assert.deepEqual(list, lists[0]);
    }));

  test(`${key} recovers from a source that was broken at start`, () =>
    withRun(async ({ fixture, metrics, lists, until }) => {
      if (fixture.breakSource === undefined) return;
      const failed = /^prometheus_sd_refresh_failures_total\{.*\} [1-9]/m;
      await until(() => failed.test(metrics.expose()), 1_000);
      assert.equal(lists.length, 0, 'a list before the first good reading');
      await fixture.repairSource?.();
      await until(() => lists.length > 0, 60_000);
      const addresses = lists.at(-1)?.flatMap((group) => group.targets.map((one) => one['__address__']));
      assert.deepEqual(addresses, fixture.addresses);
    }, true));
} // prettier-ignore
