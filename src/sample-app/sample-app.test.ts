import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentContract } from '../../test/contracts/component.ts';
import { type Clock, systemClock, VirtualClock } from '../kernel/clock.ts';
import { ConfigError } from '../kernel/errors.ts';
import { createHttpClient } from '../kernel/http-client.ts';
import type { World } from '../kernel/world.ts';
import { createSampleApp } from './app.ts';
import { parseLatency, seededRandom } from './latency.ts';
import { LoadGenerator } from './load.ts';
import { createWorld } from '../../test/kit/world.ts';

const newWorld = (): World => createWorld({ clock: systemClock, http: createHttpClient() });

componentContract(
  'the load generator',
  () =>
    new LoadGenerator({
      world: newWorld(),
      url: () => 'http://127.0.0.1:1',
      perSecond: 100,
      concurrencyMax: 2,
      random: Math.random,
    }),
);

test('every answered request is counted once, in the counter and in the histogram', async (t) => {
  const world = newWorld();
  const app = createSampleApp({ world, listen: '127.0.0.1:0', drawLatencyMs: () => 1, cpuMs: 0 });
  const load = new LoadGenerator({
    world,
    url: () => app.url,
    perSecond: 500,
    concurrencyMax: 50,
    random: seededRandom(1),
  });
  t.after(async () => {
    await load.stop(1_000);
    await app.stop(1_000);
  });
  await app.start();
  await load.start();
  const signal = new AbortController().signal;
  const get = async (path: string): Promise<string> =>
    (
      await world.http.send({
        method: 'GET',
        url: app.url + path,
        timeoutMs: 1_000,
        bodyMaxBytes: 1e6,
        signal,
      })
    ).body.toString();
  const served = async (): Promise<number> =>
    (JSON.parse(await get('/served')) as { requests: number }).requests;
  const endMs = performance.now() + 20_000;
  while ((await served()) <= 10 && performance.now() < endMs) await systemClock.sleep(50);
  await load.stop(2_000);
  const requests = await served();
  const exposition = await get('/metrics');
  assert.ok(requests > 10);
  assert.match(exposition, new RegExp(`^http_requests_total ${requests}$`, 'm'));
  assert.match(
    exposition,
    new RegExp(`^request_duration_milliseconds_count\\{path="/work"} ${requests}$`, 'm'),
  );
  assert.match(exposition, new RegExp(`^load_requests_total\\{outcome="ok"} ${requests}$`, 'm'));
});

/** The load's own counts by outcome, with answers from nowhere. */
async function measureLoad(
  clock: Clock,
  perSecond: number,
  during: () => Promise<void>,
): Promise<{ readonly failed: number; readonly skipped: number }> {
  const world = createWorld({ clock });
  const load = new LoadGenerator({
    world,
    url: () => 'http://load.test',
    perSecond,
    concurrencyMax: 1_000_000,
    random: seededRandom(1),
  });
  await load.start();
  await during();
  await load.stop(0);
  const read = (outcome: string): number =>
    world.metrics.counters('load_requests_total', '').with({ outcome }).value;
  return { failed: read('failed'), skipped: read('skipped') };
}

test('the load keeps its rate where each timer comes late', async () => {
  const clock = new VirtualClock();
  const late: Clock = {
    nowMs: () => clock.nowMs(),
    elapsedMs: () => clock.elapsedMs(),
    sleep: (ms, signal) => clock.sleep(Math.max(0, ms) + 20, signal),
    alarm: (ring) => clock.alarm(ring),
  };
  const { failed, skipped } = await measureLoad(late, 100, () => clock.advance(60_000));
  assert.ok(Math.abs(failed - 6_000) < 250, `${failed} in 60 s at 100/s`);
  assert.equal(skipped, 0);
});

test('load that was not made while the process stood still is counted as skipped', async () => {
  const clock = new VirtualClock();
  let aheadMs = 0;
  const jumping: Clock = {
    nowMs: () => clock.nowMs() + aheadMs,
    elapsedMs: () => clock.elapsedMs() + aheadMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    alarm: (ring) => clock.alarm(ring),
  };
  const ahead = await measureLoad(jumping, 100, async () => {
    await clock.advance(10_000);
    aheadMs = 3_600_000;
    await clock.advance(10_000);
  });
  assert.ok(Math.abs(ahead.skipped - 360_000) < 10, `${ahead.skipped} skipped in an hour`);
  assert.ok(Math.abs(ahead.failed - 2_000) < 150, `${ahead.failed} in 20 s`);
  const back = await measureLoad(clock, 100, async () => {
    await clock.advance(10_000);
    clock.step(-3_600_000);
    await clock.advance(10_000);
  });
  assert.equal(back.skipped, 0);
  assert.ok(Math.abs(back.failed - 2_000) < 150, `${back.failed} in 20 s, the clock set back`);
});

test('latencies follow their distribution and repeat with their seed', () => {
  const draw = (text: string, seed = 1): number[] => {
    const next = parseLatency(text, seededRandom(seed));
    return Array.from({ length: 2_000 }, next);
  };
  const lognormal = draw('lognormal:median=600,sigma=0.8').sort((a, b) => a - b);
  assert.ok(Math.abs(lognormal[1_000]! - 600) < 60);
  assert.ok(draw('uniform:min=50,max=90').every((ms) => ms >= 50 && ms <= 90));
  assert.deepEqual(draw('constant:ms=7').slice(0, 2), [7, 7]);
  assert.deepEqual(draw('uniform:min=0,max=1', 5), draw('uniform:min=0,max=1', 5));
  for (const bad of ['', 'gamma:a=1', 'uniform:min=1', 'constant:ms=x', 'constant:ms=-1']) {
    assert.throws(() => parseLatency(bad, Math.random), ConfigError, bad);
  }
});
