/** A query whose data are not wanted is judged as any other, and gives no result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getMetricData } from './metric-data.ts';
import { MetricStore } from './store.ts';

const NOW_MS = Date.parse('2026-01-01T00:10:00Z');
const stat = (Stat: string) => ({
  MetricStat: { Metric: { Namespace: 'App', MetricName: 'requests' }, Period: 60, Stat },
});
const ask = (hidden: object): object =>
  getMetricData(
    new MetricStore(),
    {
      StartTime: NOW_MS / 1_000 - 600,
      EndTime: NOW_MS / 1_000,
      MetricDataQueries: [
        { Id: 'shown', ...stat('Sum') },
        { Id: 'hidden', ReturnData: false, ...hidden },
      ],
    },
    NOW_MS,
  );

test('a query without its data is refused for what any query is refused for', () => {
  const { MetricDataResults } = ask(stat('Sum')) as { MetricDataResults: { Id: string }[] };
  assert.deepEqual(
    MetricDataResults.map(({ Id }) => Id),
    ['shown'],
  );
  for (const [hidden, message] of [
    [{}, /hidden must have MetricStat/],
    [stat('Mean'), /Mean/],
    [{ ...stat('Sum'), Period: 60 }, /Period only within it/],
    [{ Expression: 'SEARCH("a", "Sum", 60)' }, /SEARCH is not supported/],
    [{ ...stat('Sum'), AccountId: '123456789012' }, /AccountId of hidden/],
  ] as const)
    assert.throws(() => ask(hidden), { message });
});
