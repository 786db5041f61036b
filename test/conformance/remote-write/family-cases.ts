/**
 * The sender suites' cases about metadata, exemplars and histograms, and about all of these
 * together.
 * Source: https://github.com/prometheus/compliance/tree/main/remotewrite/sender
 */
import assert from 'node:assert/strict';
import type { DecodedRequest, DecodedSeries } from './decoded.ts';
import { emptyNativePage, nativePage } from './pages.ts';
import { HISTOGRAM_PAGE, many, rows, type Seen, valueOf } from './seen.ts';

export const metadata = rows('metadata', [
  [
    'metadata_type_counter',
    'SHOULD',
    '# TYPE m_counter counter\nm_counter 1\n',
    (seen) => assert.equal(seen.metadata('m_counter', 'm_counter').type, 1),
  ],
  [
    'metadata_type_gauge',
    'SHOULD',
    '# TYPE m_gauge gauge\nm_gauge 1\n',
    (seen) => assert.equal(seen.metadata('m_gauge', 'm_gauge').type, 2),
  ],
  [
    'metadata_type_histogram',
    'SHOULD',
    HISTOGRAM_PAGE.replaceAll('lat', 'm_hist'),
    (seen) => assert.equal(seen.metadata('m_hist_bucket', 'm_hist').type, 3),
  ],
  [
    'metadata_type_summary',
    'SHOULD',
    '# TYPE m_sum summary\nm_sum{quantile="0.5"} 1\nm_sum_sum 1\nm_sum_count 1\n',
    (seen) => assert.equal(seen.metadata('m_sum', 'm_sum').type, 5),
  ],
  [
    'metadata_help_text',
    'SHOULD',
    '# HELP m_help What it is.\n# TYPE m_help gauge\nm_help 1\n',
    (seen) => assert.equal(seen.metadata('m_help', 'm_help').help, 'What it is.'),
  ],
  [
    'metadata_unit',
    'MAY',
    '# TYPE m_age_seconds gauge\n# UNIT m_age_seconds seconds\nm_age_seconds 1\n# EOF\n',
    (seen) => assert.equal(seen.metadata('m_age_seconds', 'm_age_seconds').unit, 'seconds'),
  ],
  [
    'metadata_help_with_newlines',
    'SHOULD',
    '# HELP m_lines One\\nTwo\n# TYPE m_lines gauge\nm_lines 1\n',
    (seen) => assert.equal(seen.metadata('m_lines', 'm_lines').help, 'One\nTwo'),
  ],
  [
    'metadata_help_with_special_chars',
    'SHOULD',
    '# HELP m_odd a "b" \\\\ ü {}\n# TYPE m_odd gauge\nm_odd 1\n',
    (seen) => assert.equal(seen.metadata('m_odd', 'm_odd').help, 'a "b" \\ ü {}'),
  ],
  [
    'metadata_help_refs_valid',
    'MUST',
    '# HELP m_ref Text.\n# TYPE m_ref gauge\nm_ref 1\n',
    (seen) => assert.notEqual(seen.metadata('m_ref', 'm_ref').help, '?'),
  ],
  [
    'metadata_consistent_across_series',
    'SHOULD',
    '# HELP m_same Text.\n# TYPE m_same counter\nm_same{a="1"} 1\nm_same{a="2"} 2\n',
    (seen) =>
      assert.deepEqual(
        { ...seen.metadata('m_same', 'm_same'), name: '' },
        { type: 1, help: 'Text.', unit: '', name: '' },
      ),
  ],
  [
    'metadata_empty_help_allowed',
    'MAY',
    '# TYPE m_none gauge\nm_none 1\n',
    (seen) => assert.equal(seen.metadata('m_none', 'm_none').help, ''),
  ],
]);

const exemplar = (labels: string, time = '1700000000.123'): string =>
  `# TYPE hits counter\nhits_total 100 # {${labels}} 99.5 ${time}\n# EOF\n`;

const withExemplars = (seen: Seen, series = 'hits_total'): DecodedSeries[] =>
  seen.some(series).filter((one) => one.exemplars.length > 0);

export const exemplars = rows('exemplars', [
  [
    'exemplar_with_trace_id',
    'MAY',
    exemplar('trace_id="abc"'),
    (seen) => assert.deepEqual(withExemplars(seen)[0]?.exemplars[0]?.labels, [['trace_id', 'abc']]),
  ],
  [
    'exemplar_with_span_id',
    'MAY',
    exemplar('trace_id="abc",span_id="def"'),
    (seen) =>
      assert.deepEqual(Object.fromEntries(withExemplars(seen)[0]!.exemplars[0]!.labels), {
        trace_id: 'abc',
        span_id: 'def',
      }),
  ],
  [
    'exemplar_value_valid',
    'MUST',
    exemplar('a="b"'),
    (seen) => assert.equal(withExemplars(seen)[0]!.exemplars[0]!.value, 99.5),
  ],
  [
    'exemplar_timestamp_valid',
    'MUST',
    exemplar('a="b"'),
    (seen) => assert.equal(withExemplars(seen)[0]!.exemplars[0]!.tMs, 1_700_000_000_123),
  ],
  [
    'exemplar_labels_valid_refs',
    'MUST',
    exemplar('a="b"'),
    (seen) => {
      for (const { symbols: list, series } of seen.own)
        for (const { exemplars: own } of series)
          for (const { refs } of own) assert.ok(refs.every((ref) => ref < list.length));
    },
    { only: 2 },
  ],
  [
    'exemplar_custom_labels',
    'MAY',
    exemplar('user="u1",request="r1"'),
    (seen) => assert.equal(withExemplars(seen)[0]!.exemplars[0]!.labels.length, 2),
  ],
  [
    'exemplar_on_histogram',
    'MAY',
    '# TYPE lat histogram\nlat_bucket{le="0.1"} 5 # {trace_id="t"} 0.05 ' +
      '1700000000.5\nlat_bucket{le="+Inf"} 10\nlat_sum 4.5\nlat_count 10\n# EOF\n',
    (seen) => assert.equal(withExemplars(seen, 'lat_bucket')[0]!.exemplars[0]!.value, 0.05),
  ],
  [
    'exemplar_labels_even_length',
    'MUST',
    exemplar('a="b"'),
    (seen) =>
      withExemplars(seen).forEach((one) =>
        one.exemplars.forEach(({ refs }) => assert.equal(refs.length, 2)),
      ),
    { only: 2 },
  ],
  [
    'multiple_exemplars_per_series',
    'MAY',
    '# TYPE lat histogram\nlat_bucket{le="0.1"} 5 # {t="1"} 0.05 ' +
      '1700000000.5\nlat_bucket{le="+Inf"} 10 # {t="2"} 5 1700000001.5\nlat_sum 4.5\nlat_count ' +
      '10\n# EOF\n',
    (seen) => assert.equal(withExemplars(seen, 'lat_bucket').length, 2),
  ],
]);

/** The histogram messages of a name; at least one. */
const histogramsOf = (seen: Seen, name: string): ReadonlyMap<number, readonly unknown[]>[] => {
  const found = seen.some(name).flatMap((one) => one.histograms.map(({ fields }) => fields));
  assert.ok(found.length > 0, `no native histogram ${name}`);
  return found;
};
const first = (seen: Seen, field: number, name = 'nat'): unknown =>
  histogramsOf(seen, name)[0]!.get(field)?.[0];
const native = (): Uint8Array => nativePage('nat');
const double = (bytes: unknown): number => Buffer.from(bytes as Uint8Array).readDoubleLE();

export const histograms = rows('histograms', [
  [
    'native_histogram_structure',
    'MUST',
    native,
    (seen) =>
      assert.ok(
        [1, 3, 4, 5, 6, 8, 9, 11, 12, 15].every((field) =>
          histogramsOf(seen, 'nat')[0]!.has(field),
        ),
      ),
  ],
  ['histogram_count_present', 'MUST', native, (seen) => assert.equal(first(seen, 1), 17)],
  ['histogram_sum_present', 'MUST', native, (seen) => assert.equal(double(first(seen, 3)), 25.5)],
  [
    'histogram_buckets_ordered',
    'SHOULD',
    HISTOGRAM_PAGE,
    (seen) =>
      assert.deepEqual(
        [...new Set(seen.some('lat_bucket').map((one) => valueOf(one, 'le')))],
        ['0.1', '0.5', '+Inf'],
      ),
  ],
  [
    'histogram_positive_buckets',
    'MAY',
    native,
    (seen) => assert.deepEqual([...(first(seen, 12) as Uint8Array)], [10, 2]),
  ],
  [
    'histogram_negative_buckets',
    'MAY',
    native,
    (seen) => assert.deepEqual([...(first(seen, 9) as Uint8Array)], [8]),
  ],
  [
    'histogram_zero_bucket',
    'MAY',
    native,
    (seen) => assert.deepEqual([first(seen, 6), double(first(seen, 5))], [2, 0.001]),
  ],
  ['histogram_schema', 'MUST', native, (seen) => assert.equal(first(seen, 4), 6)],
  [
    'histogram_timestamp',
    'MUST',
    native,
    (seen) => assert.ok(seen.isRecent(first(seen, 15) as number)),
  ],
  [
    'histogram_no_mixed_with_samples',
    'MUST',
    native,
    (seen) =>
      seen.requests.forEach(({ series }) =>
        series.forEach((one) => assert.ok(one.samples.length === 0 || one.histograms.length === 0)),
      ),
  ],
  [
    'histogram_empty_buckets',
    'SHOULD',
    () => emptyNativePage('none'),
    (seen) => assert.equal(first(seen, 1, 'none'), 0),
  ],
  [
    'histogram_large_counts',
    'MUST',
    () => nativePage('nat', 2 ** 50),
    (seen) => assert.equal(first(seen, 1), 2 ** 50),
  ],
]);

const names = (seen: Seen, at: DecodedRequest): Set<string | undefined> =>
  new Set(
    at.series.filter((one) => seen.series.includes(one)).map((one) => valueOf(one, '__name__')),
  );
export const FAMILIES = `# HELP c Counts.
# TYPE c counter
c{a="1"} 1
# TYPE g gauge
g 2
${HISTOGRAM_PAGE}# TYPE s summary
s{quantile="0.9"} 3
s_sum 4
s_count 5
`;

export const combined = rows('combined', [
  [
    'samples_with_metadata',
    'SHOULD',
    '# HELP cm Text.\n# TYPE cm gauge\ncm 1\n',
    (seen) => [seen.value('cm', 1), assert.equal(seen.metadata('cm', 'cm').help, 'Text.')],
  ],
  [
    'samples_with_exemplars',
    'MAY',
    exemplar('t="1"'),
    (seen) => [seen.value('hits_total', 100), assert.ok(withExemplars(seen).length > 0)],
  ],
  [
    'histogram_with_metadata_and_exemplars',
    'MAY',
    '# HELP ch Latency.\n# TYPE ch histogram\nch_bucket{le="0.1"} 5 # {t="1"} 0.05 ' +
      '1700000000.5\nch_bucket{le="+Inf"} 10\nch_sum 4.5\nch_count 10\n# EOF\n',
    (seen) => [
      assert.equal(seen.metadata('ch_bucket', 'ch').type, 3),
      assert.equal(withExemplars(seen, 'ch_bucket').length, 1),
    ],
  ],
  [
    'multiple_metric_types',
    'MUST',
    FAMILIES,
    (seen) =>
      assert.ok(['c', 'g', 'lat_bucket', 's'].every((name) => names(seen, seen.own[0]!).has(name))),
  ],
  [
    'high_cardinality_labels',
    'RECOMMENDED',
    many(500, (i) => `a{user="u${i}"} ${i}`) + '\n',
    (seen) => assert.equal(new Set(seen.some('a').map((one) => valueOf(one, 'user'))).size, 500),
  ],
  [
    'complete_metric_family',
    'MUST',
    HISTOGRAM_PAGE,
    (seen) =>
      assert.ok(
        ['lat_bucket', 'lat_sum', 'lat_count'].every((name) => names(seen, seen.own[0]!).has(name)),
      ),
  ],
  [
    'mixed_labels_and_metadata',
    'SHOULD',
    '# HELP ml Text.\n# TYPE ml counter\nml{a="1",b="2",c="3"} 1\nml{a="x"} 2\n',
    (seen) => [seen.value('ml', 2, { a: 'x' }), assert.equal(seen.metadata('ml', 'ml').type, 1)],
  ],
  [
    'real_world_scenario',
    'MUST',
    FAMILIES + many(50, (i) => `http{code="${200 + i}",path="/p"} ${i}`) + '\n',
    (seen) => [
      seen.value('http', 7, { code: '207' }),
      seen.value('s', 3),
      seen.value('lat_bucket', 7, { le: '0.5' }),
    ],
  ],
]);
