import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CostMeter } from './cost.ts';

test('different metrics are told within three percent, each once', () => {
  for (const count of [0, 1, 100, 5_000, 50_000, 300_000]) {
    const meter = new CostMeter(0);
    for (let i = 0; i < count; i++) meter.countMetric(`Shop|requests|path=/item/${i}`);
    for (let i = 0; i < Math.min(count, 1_000); i++)
      meter.countMetric(`Shop|requests|path=/item/${i}`);
    assert.ok(Math.abs(meter.metrics - count) <= count * 0.03, `${meter.metrics} of ${count}`);
  }
});

test('metrics cost by tiers, and bytes as if they came all month', () => {
  const meter = new CostMeter(0);
  for (let i = 0; i < 100; i++) meter.countMetric(`m${i}`);
  meter.countBytes(1e9);
  const estimate = meter.estimate(86_400_000);
  assert.equal(estimate?.hours, 24);
  assert.ok(Math.abs((estimate?.metricDollarsPerMonth ?? 0) - 30) < 1);
  assert.equal(estimate?.logDollarsPerMonth, 15);
  meter.reset(86_400_000);
  assert.equal(meter.estimate(2 * 86_400_000), undefined);
});
