import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from './metrics.ts';

test('families are exposed with help, type and escaped labels, in the order of registration', () => {
  const metrics = new Registry();
  const requests = metrics.counters('requests_total', 'Requests served.\nBy path.');
  requests.with({ path: 'a"b\\c\nd' }).inc(2);
  metrics.gauge('temperature', 'Now.').set(-Infinity);
  metrics.counters('unused_total', 'Has no children, so it is not shown.');
  assert.equal(
    metrics.expose(),
    '# HELP requests_total Requests served.\\nBy path.\n# TYPE requests_total ' +
      'counter\nrequests_total{path="a\\"b\\\\c\\nd"} 2\n' +
      '# HELP temperature Now.\n# TYPE temperature gauge\ntemperature -Inf\n',
  );
});

test('a histogram counts cumulatively and puts a value on a bound into that bucket', () => {
  const metrics = new Registry();
  const seconds = metrics.histogram('seconds', 'Spent.', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 9]) seconds.observe(value);
  assert.match(
    metrics.expose(),
    /le="0.1"} 2\nseconds_bucket\{le="1"} 3\nseconds_bucket\{le="\+Inf"} 4\nseconds_sum 9.65\nseconds_count 4\n/,
  );
});

test('children beyond the limit are folded into one, so cardinality stays bounded', () => {
  const metrics = new Registry();
  const family = metrics.counters('x_total', 'X.');
  for (let i = 0; i < 5_000; i++) family.with({ id: String(i) }).inc();
  const lines = metrics.expose().split('\n');
  assert.ok(lines.length < 2_010);
  assert.ok(lines.includes('x_total{id="other"} 3000'));
});

test('the same name as two kinds is a fault of ours', () => {
  const metrics = new Registry();
  metrics.counter('a', '');
  assert.throws(() => metrics.gauge('a', ''), /BUG: metric a/);
});

test('a counter and a gauge that OpenMetrics would call the same are a fault of ours', () => {
  const counterFirst = new Registry();
  counterFirst.counter('pools_total', 'a');
  assert.throws(() => counterFirst.gauge('pools', 'b'), /BUG: metric pools is pools_total/);
  const gaugeFirst = new Registry();
  gaugeFirst.gauge('pools', 'a');
  assert.throws(() => gaugeFirst.counter('pools_total', 'b'), /BUG: metric pools_total is pools/);
});

test('collectors run before each exposition and removed children are gone', () => {
  const metrics = new Registry();
  const gauges = metrics.gauges('g', 'G.');
  let value = 0;
  metrics.onCollect(() => gauges.with({ k: 'v' }).set(++value));
  assert.match(metrics.expose(), /g\{k="v"} 1/);
  assert.match(metrics.expose(), /g\{k="v"} 2/);
  gauges.with({ k: 'w' }).inc();
  gauges.remove({ k: 'w' });
  assert.doesNotMatch(metrics.expose(), /"w"/);
});

test('a value that can not be read is counted, and all other metrics are shown', () => {
  const metrics = new Registry();
  const value = metrics.gauge('value', 'Read by the second function.');
  metrics.onCollect(() => {
    throw new Error('ENOENT');
  });
  metrics.onCollect(() => value.set(3));
  assert.match(metrics.expose(), /^value 3$/m);
  assert.match(metrics.expose(), /^amperage_metrics_read_failures_total 2$/m);
});
