/**
 * The sender suites' cases about requests as a whole, odd expositions, batches, and remote write
 * 1.0.
 * Source: https://github.com/prometheus/compliance/tree/main/remotewrite/sender
 */
import assert from 'node:assert/strict';
import { FAMILIES } from './family-cases.ts';
import { createdPage } from './pages.ts';
import { FUTURE_MS, HISTOGRAM_PAGE, many, rows, type Seen, valueOf } from './seen.ts';

const LONG = 'v'.repeat(10_240);

const header = (seen: Seen, name: string): Set<string> =>
  new Set(seen.requests.map(({ headers }) => String(headers[name])));

export const protocol = rows('protocol', [
  [
    'content_type_protobuf',
    'MUST',
    'a 1\n',
    (seen) =>
      header(seen, 'content-type').forEach((value) =>
        assert.match(value, /^application\/x-protobuf/),
      ),
  ],
  [
    'content_type_with_proto_param',
    'SHOULD',
    'a 1\n',
    (seen) =>
      assert.deepEqual(
        [...header(seen, 'content-type')],
        ['application/x-protobuf;proto=io.prometheus.write.v2.Request'],
      ),
    { only: 2 },
  ],
  [
    'content_encoding_snappy',
    'MUST',
    'a 1\n',
    (seen) => assert.deepEqual([...header(seen, 'content-encoding')], ['snappy']),
  ],
  [
    'version_header_present',
    'MUST',
    'a 1\n',
    (seen) => assert.equal(header(seen, 'x-prometheus-remote-write-version').size, 1),
  ],
  [
    'version_header_value',
    'SHOULD',
    'a 1\n',
    (seen) =>
      assert.deepEqual(
        [...header(seen, 'x-prometheus-remote-write-version')],
        [seen.version === 2 ? '2.0.0' : '0.1.0'],
      ),
  ],
  [
    'user_agent_present',
    'MUST',
    'a 1\n',
    (seen) => header(seen, 'user-agent').forEach((value) => assert.match(value, /^amperage\/\d/)),
  ],
  // A framed stream begins with its identifier.
  [
    'snappy_block_format',
    'MUST',
    'a 1\n',
    (seen) =>
      seen.requests.forEach(({ body }) =>
        assert.notEqual(Buffer.from(body.subarray(4, 10)).toString(), 'sNaPpY'),
      ),
  ],
  ['protobuf_parseable', 'MUST', 'a 1\n', (seen) => assert.ok(seen.own.length > 0)],
  [
    'http_method',
    'MUST',
    'a 1\n',
    (seen) => assert.ok(seen.requests.every(({ method }) => method === 'POST')),
  ],
]);

export const edges = rows('edge_cases', [
  [
    'empty_scrape',
    'SHOULD',
    '',
    (seen) => [seen.value('up', 1), seen.value('scrape_samples_scraped', 0)],
  ],
  ['huge_label_values', 'SHOULD', `a{x="${LONG}"} 1\n`, (seen) => seen.value('a', 1, { x: LONG })],
  ['unicode_in_labels', 'MUST', 'a{x="Ωμέγα"} 1\n', (seen) => seen.value('a', 1, { x: 'Ωμέγα' })],
  [
    'many_timeseries',
    'RECOMMENDED',
    many(3_000, (i) => `a{i="${i}"} 1`) + '\n',
    (seen) => assert.equal(new Set(seen.some('a').map((one) => valueOf(one, 'i'))).size, 3_000),
  ],
  [
    'high_cardinality',
    'RECOMMENDED',
    many(300, (i) => `a{x="${i}",y="${i * 7}"} 1`) + '\n',
    (seen) => seen.value('a', 1, { x: '299', y: '2093' }),
  ],
  [
    'very_long_metric_name',
    'SHOULD',
    `${'m'.repeat(800)} 1\n`,
    (seen) => seen.value('m'.repeat(800), 1),
  ],
  [
    'special_float_combinations',
    'MUST',
    'a{k="i"} +Inf\na{k="n"} -Inf\na{k="z"} -0\n',
    (seen) => [
      seen.value('a', Infinity, { k: 'i' }),
      seen.value('a', -Infinity, { k: 'n' }),
      seen.value('a', -0, { k: 'z' }),
    ],
  ],
  [
    'zero_timestamp',
    'SHOULD',
    'zero 1 0\nother 1\n',
    (seen) => [
      seen.some('zero').forEach((one) => one.samples.forEach(({ tMs }) => assert.equal(tMs, 0))),
      seen.value('other', 1),
    ],
  ],
  ['future_timestamp', 'SHOULD', `a 1 ${FUTURE_MS}\n`, (seen) => seen.value('a', 1)],
  ['metric_name_with_colons', 'MUST', 'a:b:rate5m 1\n', (seen) => seen.value('a:b:rate5m', 1)],
  [
    'stale_marker',
    'SHOULD',
    'a 1\n',
    (seen) => {
      const bits = seen.some('a').flatMap((one) => one.samples.map((sample) => sample.bits));
      assert.ok(bits.includes('7ff0000000000002'), bits.join(' '));
    },
    { blinks: true },
  ],
  [
    'mixed_sample_and_histogram_families',
    'MUST',
    FAMILIES,
    (seen) => [seen.value('c', 1), seen.value('lat_count', 10)],
  ],
]);

export const batching = rows('batching', [
  [
    'multiple_series_per_request',
    'RECOMMENDED',
    many(30, (i) => `a{i="${i}"} 1`) + '\n',
    (seen) => assert.ok(seen.own[0]!.series.length > 30),
  ],
  [
    'batch_size_reasonable',
    'RECOMMENDED',
    'a 1\n',
    (seen) => seen.requests.forEach(({ series }) => assert.ok(series.length <= 10_000)),
  ],
  [
    'handles_varying_cardinality',
    'RECOMMENDED',
    `few 1\n${many(200, (i) => `lots{i="${i}"} 1`)}\n`,
    (seen) => [seen.value('few', 1), seen.value('lots', 1, { i: '199' })],
  ],
  [
    'efficient_symbol_reuse',
    'RECOMMENDED',
    many(100, (i) => `a{same="x",i="${i}"} 1`) + '\n',
    (seen) =>
      seen.own.forEach(({ symbols: list }) =>
        assert.equal(list.filter((one) => one === 'same').length, 1),
      ),
    { only: 2 },
  ],
  [
    'metadata_batching',
    'RECOMMENDED',
    '# HELP mb Text.\n# TYPE mb gauge\nmb 1\n',
    (seen) => assert.equal(seen.metadata('mb', 'mb').type, 2),
  ],
]);

export const compatibility = rows('rw1_compat', [
  [
    'rw1_version_header',
    'SHOULD',
    'a 1\n',
    (seen) => assert.deepEqual([...header(seen, 'x-prometheus-remote-write-version')], ['0.1.0']),
    { only: 1 },
  ],
  [
    'rw1_content_type',
    'SHOULD',
    'a 1\n',
    (seen) => assert.deepEqual([...header(seen, 'content-type')], ['application/x-protobuf']),
    { only: 1 },
  ],
  ['rw1_samples_encoding', 'MUST', 'a 42.5\n', (seen) => seen.value('a', 42.5), { only: 1 }],
  [
    'rw1_labels_encoding',
    'MUST',
    'a{x="1"} 1\n',
    (seen) => seen.value('a', 1, { x: '1' }),
    { only: 1 },
  ],
  // Remote write 1.0 has a field for native histograms, and Prometheus fills it when asked to; so
  // do we.
  [
    'rw1_no_native_histograms',
    'MUST',
    'a 1\n',
    (seen) => seen.series.forEach((series) => assert.equal(series.histograms.length, 0)),
    { only: 1 },
  ],
  [
    'rw1_no_start_timestamp',
    'MUST',
    () => createdPage('began_total'),
    (seen) =>
      seen
        .some('began_total')
        .forEach((series) => series.samples.forEach(({ startMs }) => assert.equal(startMs, 0))),
    { only: 1 },
  ],
  [
    'rw1_metadata_handling',
    'MAY',
    '# TYPE one_meta gauge\none_meta 1\n',
    (seen) => assert.equal(seen.metadata('one_meta', 'one_meta').type, 2),
    { only: 1 },
  ],
  [
    'rw1_symbol_table_not_used',
    'MUST',
    'a 1\n',
    (seen) =>
      seen.requests.forEach(({ fields }) =>
        assert.ok([...fields].every((field) => field === 1 || field === 3)),
      ),
    { only: 1 },
  ],
]);

export const one = rows('rw1', [
  ['Counter', 'MUST', '# TYPE c_total counter\nc_total 5\n', (seen) => seen.value('c_total', 5)],
  ['Gauge', 'MUST', '# TYPE g gauge\ng -5\n', (seen) => seen.value('g', -5)],
  [
    'Histogram',
    'MUST',
    HISTOGRAM_PAGE,
    (seen) => [
      seen.value('lat_bucket', 10, { le: '+Inf' }),
      seen.value('lat_sum', 4.5),
      seen.value('lat_count', 10),
    ],
  ],
  [
    'Summary',
    'MUST',
    '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n',
    (seen) => [
      seen.value('s', 1, { quantile: '0.5' }),
      seen.value('s_sum', 2),
      seen.value('s_count', 3),
    ],
  ],
  ['Up', 'MUST', 'a 1\n', (seen) => seen.value('up', 1)],
  [
    'Invalid',
    'MUST',
    'this is no page {\n',
    (seen) => [seen.value('up', 0), assert.equal(seen.all('this').length, 0)],
  ],
  [
    'JobLabel',
    'MUST',
    'a 1\n',
    (seen) => assert.equal(valueOf(seen.some('a')[0]!, 'job'), 'rw1/JobLabel'),
  ],
  ['InstanceLabel', 'MUST', 'a 1\n', (seen) => assert.ok(valueOf(seen.some('a')[0]!, 'instance'))],
  [
    'SortedLabels',
    'MUST',
    'a{z="1",y="2",b="3"} 1\n',
    (seen) =>
      assert.deepEqual(
        seen.some('a')[0]!.labels.map(([name]) => name),
        ['__name__', 'b', 'instance', 'job', 'y', 'z'],
      ),
  ],
  [
    'RepeatedLabels',
    'MUST',
    'a{x="1",x="2"} 1\n',
    (seen) => [seen.value('up', 0), assert.equal(seen.all('a').length, 0)],
  ],
  [
    'EmptyLabels',
    'MUST',
    'a{x="",y="1"} 1\n',
    (seen) => assert.equal(valueOf(seen.some('a')[0]!, 'x'), undefined),
  ],
  [
    'NameLabel',
    'MUST',
    'a{b="1"} 1\n',
    (seen) => assert.equal(seen.some('a')[0]!.labels[0]![0], '__name__'),
  ],
  [
    'HonorLabels',
    'MUST',
    'a{instance="own"} 1\n',
    (seen) => assert.equal(valueOf(seen.some('a')[0]!, 'instance'), 'own'),
    { honorLabels: true },
  ],
  [
    'ExportedLabels',
    'MUST',
    'a{instance="own"} 1\n',
    (seen) => assert.equal(valueOf(seen.some('a')[0]!, 'exported_instance'), 'own'),
  ],
  [
    'Staleness',
    'MUST',
    'a 1\n',
    (seen) =>
      assert.ok(
        seen
          .some('a')
          .some((series) => series.samples.some(({ bits }) => bits === '7ff0000000000002')),
      ),
    { blinks: true },
  ],
  [
    'Timestamp',
    'MUST',
    `a 1 ${FUTURE_MS}\n`,
    (seen) => assert.equal(seen.some('a')[0]!.samples[0]!.tMs, FUTURE_MS),
  ],
  [
    'Headers',
    'MUST',
    'a 1\n',
    (seen) => {
      for (const { headers } of seen.requests) {
        assert.equal(headers['content-encoding'], 'snappy');
        assert.match(String(headers['content-type']), /^application\/x-protobuf/);
        assert.match(String(headers['user-agent']), /^amperage\//);
        assert.match(String(headers['x-prometheus-remote-write-version']), /^(?:0\.1\.0|2\.0\.0)$/);
      }
    },
  ],
]);
