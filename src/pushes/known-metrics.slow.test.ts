import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushedMetrics } from './known-metrics.ts';

test('families above the limit cost about as much as those below, and new ones are known', () => {
  const metrics = new PushedMetrics();
  const tell = (from: number, count: number): number => {
    const before = process.cpuUsage().user;
    for (let i = from; i < from + count; i++)
      metrics.tellFamily({ name: `f${i}`, type: 'gauge', help: 'h', unit: '' });
    return process.cpuUsage().user - before;
  };
  const below = tell(0, 100_000);
  const above = tell(100_000, 200_000);
  assert.ok(above < 10 * below, `${above} µs above the limit, ${below} below`);
  assert.equal(metrics.take('f299999').told?.metadata.type, 'gauge');
  assert.equal(metrics.take('f0').told, undefined);
});
