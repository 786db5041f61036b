import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from '../load.ts';

const PRW = 'prometheusremotewrite: {endpoint: "http://a/write"}';

interface Pipelines {
  readonly keys?: string;
  readonly metrics?: string;
  readonly more?: string;
}

async function check({ keys = '', metrics = '', more = '' }: Pipelines = {}) {
  const text = [
    `receivers: {statsd: {endpoint: "127.0.0.1:8125", ${keys}}}`,
    `processors: {deltatocumulative: }`,
    `exporters: {${PRW}, file: {path: /tmp/a}}`,
    'service: {pipelines: {',
    `  metrics: {receivers: [statsd], exporters: [prometheusremotewrite], ${metrics}},`,
    `  ${more} }}`,
  ].join('\n');
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const told = findings
    // What no pipeline of a test uses.
    .filter(({ message }) => !/^(?:processor|exporter) /.test(message))
    .map(({ severity, line, message }) => `${severity} ${line} ${message}`);
  return { plan, told, receiver: plan?.statsdReceivers[0] };
}

const TO_FILE = 'metrics/file: {receivers: [statsd], exporters: [file]}';

test('behind remote write alone counts are totals, elsewhere increases', async () => {
  const alone = await check({ metrics: '' });
  assert.equal(alone.receiver?.isCumulative, true);
  const both = await check({ metrics: 'processors: [deltatocumulative]', more: TO_FILE });
  assert.deepEqual(both.told, []);
  assert.equal(both.receiver?.isCumulative, false);
  assert.deepEqual(both.plan?.routes.map(({ sources }) => sources), [['statsd'], ['statsd']]);
  const lost = await check({ more: TO_FILE });
  assert.match(lost.told.join('\n'), /^error 5 "statsd" gives increases, .*deltatocumulative/);
}); // prettier-ignore

test('each key does what it says, or is told', async () => {
  const { receiver, told } = await check({
    keys:
      'transport: TCP4, aggregation_interval: 10s, enable_metric_type: true, ' +
      'enable_simple_tags: true, is_monotonic_counter: true, counter_type: float, ' +
      'socket_permissions: 0660, socket_buffer_size: 99, enable_ip_only_aggregation: true, ' +
      'ignore_host: true, dialer: {}, timer_histogram_mapping: [' +
      '{statsd_type: timer, observer_type: summary, summary: {percentiles: [0, 99.9]}}, ' +
      '{statsd_type: distribution, observer_type: histogram, histogram: {max_size: 50, ' +
      'explicit_buckets: [{matcher_pattern: "foo.*", buckets: [1, 10]}]}}]',
  });
  const { transport, intervalMs, hasMetricType, takesSimpleTags, isMonotonic } = receiver!;
  assert.deepEqual([transport, intervalMs, hasMetricType, takesSimpleTags, isMonotonic], [
    'tcp', 10_000, true, true, true,
  ]);
  const { counterType, permissions, socketBufferBytes, observers } = receiver!;
  assert.deepEqual([counterType, permissions, socketBufferBytes], ['float', 0o660, 99]);
  assert.deepEqual(observers.timing, { is: 'summary', percentiles: [0, 99.9] });
  const { histogram, distribution } = observers;
  assert.equal(histogram, distribution);
  assert.ok(histogram?.is === 'histogram' && histogram.bucketsMax === 50);
  assert.equal(histogram.explicit[0]?.pattern.test('a_foo'), true);
  assert.deepEqual(told.map((one) => one.split(' ').slice(0, 3).join(' ')).toSorted(), [
    'warning 1 dialer', 'warning 1 enable_ip_only_aggregation', 'warning 1 ignore_host',
  ]);
}); // prettier-ignore

test('what cannot be is refused by name', async () => {
  for (const [keys, pattern] of [
    ['transport: unixgram', /"unixgram": Node has no datagram sockets.*unixstream/],
    ['transport: quic', /"quic" is no transport/],
    ['aggregation_interval: 0', /aggregation_interval must be above 0/],
    ['socket_permissions: "9"', /no permissions of a file/],
    ['timer_histogram_mapping: [{statsd_type: counter, observer_type: gauge}]', /statsd_type|counter/],
    ['timer_histogram_mapping: [{statsd_type: timing}]', /observer_type/],
    ['timer_histogram_mapping: [{statsd_type: timing, observer_type: gauge, histogram: {}}]', /needs "observer_type: histogram"/],
    ['timer_histogram_mapping: [{statsd_type: timing, observer_type: summary, summary: ' +
'{percentiles: [101]}}]', /percentile 101/],
    ['timer_histogram_mapping: [{statsd_type: timing, observer_type: histogram, histogram: ' +
'{max_size: 1}}]', /max_size 1 is not/],
    ['timer_histogram_mapping: [{statsd_type: timing, observer_type: histogram, histogram: ' +
'{explicit_buckets: [{matcher_pattern: "(", buckets: [1]}]}}]', /no regular expression/],
    ['timer_histogram_mapping: [{statsd_type: timing, observer_type: histogram, histogram: ' +
'{explicit_buckets: [{matcher_pattern: a, buckets: []}]}}]', /no bound is written/],
    ['socket_size: 1', /unknown key "socket_size"/],
  ] as const) {
    const { told } = await check({ keys });
    assert.ok(told.some((one) => one.startsWith('error 1') && pattern.test(one)), `${keys}: ${told.join('\n')}`);
  }
}); // prettier-ignore
