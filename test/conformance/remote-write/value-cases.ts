/**
 * The sender suites' cases about samples, timestamps, symbols and labels, with expositions and
 * assertions of our own.
 * Source: https://github.com/prometheus/compliance/tree/main/remotewrite/sender
 */
import assert from 'node:assert/strict';
import { CREATED_SECONDS, createdPage, nativePage, stampedPage } from './pages.ts';
import { FUTURE_MS, many, rows, valueOf } from './seen.ts';

export const samples = rows('samples', [
  ['float_value_encoding', 'MUST', 'a 42.5\n', (seen) => seen.value('a', 42.5)],
  ['integer_value_encoding', 'MUST', 'a 42\n', (seen) => seen.value('a', 42)],
  [
    'zero_value_encoding',
    'MUST',
    'a 0\nb -0\n',
    (seen) => [seen.value('a', 0), seen.value('b', -0)],
  ],
  ['negative_value_encoding', 'MUST', 'a -17.25\n', (seen) => seen.value('a', -17.25)],
  ['positive_infinity_encoding', 'MUST', 'a +Inf\n', (seen) => seen.value('a', Infinity)],
  ['negative_infinity_encoding', 'MUST', 'a -Inf\n', (seen) => seen.value('a', -Infinity)],
  [
    'nan_encoding',
    'MUST',
    'a NaN\n',
    (seen) => {
      for (const { samples: list } of seen.some('a'))
        for (const { bits, value } of list)
          assert.ok(Number.isNaN(value) && bits !== '7ff0000000000002', bits);
    },
  ],
  [
    'timestamp_milliseconds_format',
    'MUST',
    'a 1\n',
    (seen) => {
      for (const { samples: list } of seen.some('a'))
        for (const { tMs } of list) assert.ok(tMs > 1e12 && tMs < 1e13 && Number.isInteger(tMs));
    },
  ],
  [
    'timestamp_recent',
    'SHOULD',
    'a 1\n',
    (seen) => {
      for (const { samples: list } of seen.some('a'))
        for (const { tMs } of list) assert.ok(seen.isRecent(tMs), String(tMs));
    },
  ],
  [
    'multiple_samples_same_series',
    'MAY',
    'a 1\n',
    (seen) => {
      const times = seen.some('a').flatMap((one) => one.samples.map(({ tMs }) => tMs));
      assert.ok(times.length >= 3, `${times.length} samples`);
      assert.equal(new Set(times).size, times.length);
    },
  ],
  [
    'large_float_values',
    'MUST',
    'a 1.7976931348623157e308\n',
    (seen) => seen.value('a', Number.MAX_VALUE),
  ],
  ['small_float_values', 'MUST', 'a 5e-324\n', (seen) => seen.value('a', Number.MIN_VALUE)],
  [
    'scientific_notation',
    'MUST',
    'a 1.23e-7\nb 4E5\n',
    (seen) => [seen.value('a', 1.23e-7), seen.value('b', 4e5)],
  ],
  [
    'precision_preservation',
    'SHOULD',
    'a 0.12345678901234568\n',
    (seen) => seen.value('a', 0.12345678901234568),
  ],
  [
    'job_instance_labels_present',
    'SHOULD',
    'a 1\n',
    (seen) => assert.match(valueOf(seen.some('a')[0]!, 'instance') ?? '', /^127\.0\.0\.1:\d+$/),
  ],
  [
    'ordering',
    'MUST',
    many(200, (i) => `a{i="${i}"} ${i}`) + '\n',
    (seen) => {
      for (let i = 0; i < 200; i++) {
        const times = seen
          .some('a', { i: String(i) })
          .flatMap((one) => one.samples.map(({ tMs }) => tMs));
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
      }
    },
  ],
]);

export const symbols = rows('symbols', [
  [
    'empty_string_at_index_zero',
    'MUST',
    'a 1\n',
    (seen) => seen.own.forEach((one) => assert.equal(one.symbols[0], '')),
    { only: 2 },
  ],
  [
    'string_deduplication',
    'RECOMMENDED',
    many(20, (i) => `a{same="value",i="${i}"} 1`) + '\n',
    (seen) => {
      for (const { symbols: list } of seen.own) assert.equal(new Set(list).size, list.length);
    },
    { only: 2 },
  ],
  [
    'labels_refs_valid_indices',
    'MUST',
    'a{b="c"} 1\n',
    (seen) => {
      for (const { symbols: list, series } of seen.requests)
        for (const { refs } of series) assert.ok(refs.every((ref) => ref < list.length));
    },
    { only: 2 },
  ],
  [
    'labels_refs_even_length',
    'MUST',
    'a{b="c"} 1\n',
    (seen) => {
      for (const { series } of seen.requests)
        for (const { refs } of series) assert.equal(refs.length % 2, 0);
    },
    { only: 2 },
  ],
  [
    'table_efficiency',
    'RECOMMENDED',
    many(300, (i) => `eff{path="/api/${i % 3}",method="GET",i="${i}"} 1`) + '\n',
    (seen) => {
      // A request may also carry series of other targets, or only some of these series. So the case
      // looks at the request that has most of them, and there at the symbols to which they refer.
      const parts = seen.own.map(({ symbols: list, series }) => {
        const refs = series
          .filter((one) => valueOf(one, '__name__') === 'eff')
          .flatMap((one) => one.refs);
        const sizeOf = (some: readonly number[]): number =>
          some.reduce((sum, ref) => sum + list[ref]!.length, 0);
        return { count: refs.length, table: sizeOf([...new Set(refs)]), labels: sizeOf(refs) };
      });
      const { count, table, labels } = parts.toSorted((a, b) => b.count - a.count)[0]!;
      assert.ok(count > 300, `${count} strings`);
      assert.ok(table * 5 < labels, `${table} bytes of symbols for ${labels} of labels`);
    },
    { only: 2 },
  ],
]);

export const labels = rows('labels', [
  [
    'label_lexicographic_ordering',
    'MUST',
    'a{zz="1",B="2",b="3",_x="4",a9="5"} 1\n',
    (seen) => {
      for (const { series } of seen.requests)
        for (const one of series) {
          const names = one.labels.map(([name]) => name);
          const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          assert.deepEqual(names, sorted);
        }
    },
  ],
  [
    'metric_name_label_present',
    'MUST',
    'a 1\n',
    (seen) =>
      seen.requests.forEach(({ series }) =>
        series.forEach((one) => assert.ok(valueOf(one, '__name__'))),
      ),
  ],
  ['metric_name_format_valid', 'MUST', 'a_b:c9 1\n', (seen) => seen.value('a_b:c9', 1)],
  [
    'label_name_format_valid',
    'MUST',
    'a{l_1="x"} 1\n',
    (seen) => {
      for (const { labels: list } of seen.series)
        for (const [name] of list) assert.match(name, /^[A-Za-z_][A-Za-z0-9_]*$/);
    },
  ],
  [
    'no_duplicate_label_names',
    'MUST',
    'a{x="1",y="2"} 1\n',
    (seen) => {
      for (const { series } of seen.requests)
        for (const { labels: list } of series)
          assert.equal(new Set(list.map(([name]) => name)).size, list.length);
    },
  ],
  [
    'label_names_not_empty',
    'MUST',
    'a{x="1"} 1\n',
    (seen) =>
      seen.series.forEach(({ labels: list }) =>
        list.forEach(([name]) => assert.notEqual(name, '')),
      ),
  ],
  [
    'label_values_may_be_empty',
    'MAY',
    'a{x="",y="1"} 1\n',
    (seen) => assert.equal(valueOf(seen.some('a', { y: '1' })[0]!, 'x'), undefined),
  ],
  [
    'reserved_label_prefix',
    'SHOULD',
    'a{x="1"} 1\n',
    (seen) => {
      for (const { labels: list } of seen.series)
        for (const [name] of list) assert.ok(name === '__name__' || !name.startsWith('__'), name);
    },
  ],
  [
    'unicode_in_label_values',
    'MUST',
    'a{x="日本語 ßé 🚀"} 1\n',
    (seen) => seen.value('a', 1, { x: '日本語 ßé 🚀' }),
  ],
  [
    'special_chars_in_label_values',
    'MUST',
    'a{x="q\\"b\\\\n\\nt\tz"} 1\n',
    (seen) => seen.value('a', 1, { x: 'q"b\\n\nt\tz' }),
  ],
  [
    'very_long_label_names',
    'SHOULD',
    `a{${'n'.repeat(500)}="1"} 1\n`,
    (seen) => seen.value('a', 1, { ['n'.repeat(500)]: '1' }),
  ],
  [
    'very_long_label_values',
    'SHOULD',
    `a{x="${'v'.repeat(2_000)}"} 1\n`,
    (seen) => seen.value('a', 1, { x: 'v'.repeat(2_000) }),
  ],
  [
    'many_labels_per_series',
    'SHOULD',
    `a{${many(50, (i) => `l${i}="${i}",`).replaceAll('\n', '')}} 1\n`,
    (seen) => assert.equal(seen.some('a')[0]!.labels.length, 53),
  ],
]);

export const timestamps = rows('timestamps', [
  [
    'timestamp_int64_milliseconds',
    'MUST',
    `a 1 ${FUTURE_MS}\n`,
    (seen) =>
      seen
        .some('a')
        .forEach((one) => one.samples.forEach(({ tMs }) => assert.equal(tMs, FUTURE_MS))),
  ],
  [
    'timestamp_ordering_within_series',
    'MUST',
    'a 1\n',
    (seen) => {
      for (const { series } of seen.requests)
        for (const { samples: list } of series) {
          const times = list.map(({ tMs }) => tMs);
          assert.deepEqual(
            times,
            times.toSorted((a, b) => a - b),
          );
        }
    },
  ],
  [
    'start_timestamp_for_counters',
    'MAY',
    () => createdPage('began_total'),
    (seen) =>
      seen
        .some('began_total')
        .forEach((one) =>
          one.samples.forEach(({ startMs }) => assert.equal(startMs, CREATED_SECONDS * 1_000)),
        ),
    { only: 2 },
  ],
  [
    'start_timestamp_for_histograms',
    'MAY',
    () => nativePage('began'),
    (seen) =>
      seen
        .some('began')
        .forEach((one) =>
          one.histograms.forEach(({ fields }) =>
            assert.equal(fields.get(17)?.[0], CREATED_SECONDS * 1_000),
          ),
        ),
    { only: 2 },
  ],
  [
    'start_timestamp_zero_handling',
    'SHOULD',
    'a_total 1\n',
    (seen) =>
      seen
        .some('a_total')
        .forEach((one) => one.samples.forEach(({ startMs }) => assert.equal(startMs, 0))),
  ],
  [
    'timestamp_precision',
    'SHOULD',
    () => stampedPage('a_total', FUTURE_MS + 7),
    (seen) => assert.equal(seen.some('a_total')[0]!.samples[0]!.tMs, FUTURE_MS + 7),
  ],
  ['timestamp_future_values', 'SHOULD', `a 1 ${FUTURE_MS}\n`, (seen) => seen.value('a', 1)],
  [
    'start_timestamp_before_sample_timestamp',
    'SHOULD',
    () => createdPage('began_total'),
    (seen) =>
      seen
        .some('began_total')
        .forEach((one) => one.samples.forEach(({ startMs, tMs }) => assert.ok(startMs <= tMs))),
  ],
]);
