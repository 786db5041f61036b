import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { RecoverableError } from '../kernel/errors.ts';
import { type ClientResponse, HttpClientError } from '../kernel/http-client.ts';
import { createForwardMetrics } from './forward-metrics.ts';
import { CALLS_MAX, UpstreamCalls } from './upstream-calls.ts';

type Forward = () => Promise<ClientResponse>;

function open() {
  const world = createWorld();
  const metrics = createForwardMetrics(world.metrics);
  let forward: Forward = () => answer(200);
  const client = { forward: () => forward() };
  const calls = new UpstreamCalls({ name: 'f', service: 'xray', client, world, metrics });
  const call = (given: Forward, mayRepeat = false): Promise<ClientResponse> => {
    forward = given;
    const { signal } = new AbortController();
    const sizes = { timeoutMs: 1, bodyMaxBytes: 1 };
    const request = { method: 'POST', target: '/', headers: [], body: Buffer.alloc(0) };
    return calls.call({ ...request, ...sizes, signal }, mayRepeat);
  };
  return { ...world, call };
}

async function answer(status: number): Promise<ClientResponse> {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

test('calls under way are bounded, and the bound has a metric', async () => {
  const { call, metric } = open();
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const hang: Forward = () => ended.then(() => answer(200));
  const all = Array.from({ length: CALLS_MAX }, () => call(hang));
  assert.equal(metric('amperage_xray_forward_calls_under_way'), CALLS_MAX);
  await assert.rejects(call(hang), { status: 503, message: /wait for an answer already/ });
  assert.equal(
    metric('amperage_xray_forwarded_requests_refused_total{forwarder="f",reason="busy"}'),
    1,
  );
  end();
  await Promise.all(all);
  assert.equal(metric('amperage_xray_forward_calls_under_way'), 0);
  assert.equal((await call(() => answer(200))).status, 200);
});

test('each way to fail has its status, its reason and its remedy', async () => {
  const { call, metric } = open();
  const fails = (error: Error) => (): Promise<never> => Promise.reject(error);
  const cases: [Error, number, string, RegExp][] = [
    [new HttpClientError('timeout', 'slow'), 504, 'timeout', /NAT gateway/],
    [new HttpClientError('connect', 'nobody'), 502, 'connect', /check its name/],
    [new HttpClientError('reset', 'gone'), 502, 'reset', /if it passes/],
    [new HttpClientError('body_too_large', 'much'), 502, 'too_large', /less at a time/],
    [new RecoverableError('AWS_CREDENTIALS', 'none'), 502, 'credentials', /never .* unsigned/],
    [new RecoverableError('AWS_REGION_UNKNOWN', 'where'), 502, 'region', /AWS_REGION/],
  ];
  for (const [error, status, reason, message] of cases) {
    await assert.rejects(call(fails(error)), { status, message });
    const failures = `amperage_xray_forward_failures_total{forwarder="f",reason="${reason}"}`;
    assert.equal(metric(failures), 1, reason);
  }
});

test('an outage is two lines, however often calls fail and succeed in it', async () => {
  const { call, clock, lines } = open();
  const count = (words: string): number => lines.filter((line) => line.includes(words)).length;
  for (let i = 0; i < 20; i++) {
    await call(() => answer(429));
    await clock.advance(1_000);
    await call(() => answer(200));
    await clock.advance(1_000);
  }
  assert.equal(count('no good answers'), 1);
  assert.equal(count('answers forwarded requests again'), 0);
  await clock.advance(5_000);
  await call(() => answer(200));
  await call(() => answer(200));
  assert.equal(count('answers forwarded requests again'), 1);
  assert.match(lines.at(-1) ?? '', /failures=20 for_ms=45000/);
});
