import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  body,
  double,
  int,
  label,
  message,
  packedSints,
  sint,
  sub,
  text,
  time,
  uint,
} from '../../test/fuzz/protobuf-page.ts';
import { makeLabelSet } from '../model/labels.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { DEFAULT_LIMITS, type ScrapeConfig } from './config.ts';
import { reduceBuckets } from './histogram-limits.ts';
import { RecordedTarget } from '../../test/kit/recorded-target.ts';

function setUp(config: Partial<ScrapeConfig> = {}) {
  const target = new RecordedTarget(config, makeLabelSet({ job: 'j' }));
  const { appender, transaction } = target;
  /** The lines that a scrape commits, after the message of its failure. */
  const scrape = (exposition: string | Uint8Array, tMs: number, kind: ExpositionKind): string[] => {
    const { failure, lines } = target.scrape(exposition, tMs, kind);
    return failure === undefined ? lines : [failure.message, ...lines];
  };
  return { target, appender, transaction, scrape };
}

const exposition = (value: number, exemplar: string): string =>
  `# TYPE a counter\n# UNIT a_b b\n# HELP a what\na_total{x="y"} ${value} # ` +
  `{trace="${exemplar}"} 0.5\nb 1 12.5\n# EOF\n`;

test('OpenMetrics: the same body again costs no lookup, an exemplar is handed on once', () => {
  const { appender, target, transaction, scrape } = setUp();
  const first = [
    'a_total{job="j", x="y"} # {trace="1"} 0.5 @1000',
    'a_total{job="j", x="y"} 1 @1000',
  ];
  assert.deepEqual(scrape(exposition(1, '1'), 1_000, 'openmetrics'), [
    ...first,
    'b{job="j"} 1 @12500',
  ]);
  assert.deepEqual(scrape(exposition(2, '1'), 2_000, 'openmetrics'), [
    'a_total{job="j", x="y"} 2 @2000',
  ]);
  assert.equal(target.seriesMade, 2);
  assert.deepEqual(scrape(exposition(3, '2'), 3_000, 'openmetrics'), [
    'a_total{job="j", x="y"} # {trace="2"} 0.5 @3000',
    'a_total{job="j", x="y"} 3 @3000',
  ]);
  assert.equal(appender.metadata.get('a_total{job="j", x="y"}'), 'a counter [] what');
  assert.deepEqual([...transaction.metadata.keys()], ['a', 'a_b']);
});

test('a body cut off before its end fails whole', () => {
  const { scrape } = setUp();
  scrape(exposition(1, '1'), 1_000, 'openmetrics');
  const cut = exposition(2, '1').replace('# EOF\n', '');
  assert.match(scrape(cut, 2_000, 'openmetrics')[0]!, /does not end with "# EOF"/);
});

test('a target that changes its format keeps its series', () => {
  const { target, scrape } = setUp();
  assert.deepEqual(scrape('a 1\nb 1\n', 1, 'text'), ['a{job="j"} 1 @1', 'b{job="j"} 1 @1']);
  assert.deepEqual(scrape('a 2\n# EOF\n', 2, 'openmetrics'), [
    'a{job="j"} 2 @2',
    'b{job="j"} stale @2',
  ]);
  assert.equal(target.seriesMade, 2);
});

test('a changed HELP is passed on again', () => {
  const { appender, scrape } = setUp();
  scrape('# HELP a one\n# TYPE a gauge\na 1\n', 1, 'text');
  scrape('# HELP a two\n# TYPE a gauge\na 1\n', 2, 'text');
  assert.equal(appender.metadata.get('a{job="j"}'), 'a gauge [] two');
});

const exemplar = message(sub(1, label('trace', 't')), double(2, 3), sub(3, time(9)));
const native = (count: number): Uint8Array =>
  message(
    uint(1, count),
    double(2, 1.5),
    sint(5, 1),
    double(6, 0.01),
    sub(12, message(sint(1, 0), uint(2, 4))),
    packedSints(13, [1, 0, 0, 0]),
    sub(15, time(5)),
    sub(16, exemplar),
  );
const family = (name: string, type: number, ...metrics: Uint8Array[]): Uint8Array =>
  message(text(1, name), text(2, 'help'), uint(3, type), ...metrics.map((one) => sub(4, one)));
const histograms = {
  isNative: true,
  alwaysClassic: false,
  convertsClassic: false,
  minBucketFactor: 0,
};

test('protobuf: native histograms, exemplars, creation and stale markers', () => {
  const { appender, target, scrape } = setUp({ histograms });
  const rpc = family('rpc', 4, message(sub(7, native(4))));
  const gone = family('gone', 1, message(sub(2, message(double(1, 7))), int(6, 20)));
  const [shown, whole, ...rest] = scrape(body(rpc, gone), 1_000, 'protobuf');
  assert.equal(shown, 'rpc{job="j"} # {trace="t"} 3 @9000');
  assert.match(whole!, /^rpc\{job="j"} \{"schema":1.*"positiveCounts":\[1,1,1,1].*@1000$/);
  assert.deepEqual(rest, ['gone{job="j"} 7 @20']);
  assert.equal(appender.created.get('rpc{job="j"}'), 5_000);
  assert.equal(appender.metadata.get('rpc{job="j"}'), 'rpc histogram [] help');
  const again = scrape(body(gone), 2_000, 'protobuf');
  assert.deepEqual(again, ['rpc{job="j"} stale @2000']);
  assert.equal(target.seriesMade, 2);
});

test('a native histogram with too many buckets loses resolution, and fails the scrape where that does not help', () => {
  const limits = { ...DEFAULT_LIMITS, histogramBuckets: 2 };
  const rpc = body(family('rpc', 4, message(sub(7, native(4)))));
  const [, whole] = setUp({ histograms, limits }).scrape(rpc, 1, 'protobuf');
  assert.match(whole!, /"schema":-1/);
  const wide = {
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 3,
    sum: 1,
    isFloat: false,
  } as const;
  const spread = {
    ...wide,
    resetHint: 'unknown',
    positiveSpans: [
      { offset: -3, length: 2 },
      { offset: 3, length: 1 },
    ],
    positiveCounts: [1, 1, 1],
    negativeSpans: [],
    negativeCounts: [],
    customValues: [],
  } as const;
  // Buckets -3, -2 and 2 become -1, -1 and 1.
  const reduced = reduceBuckets(spread, 2, 0);
  assert.equal(reduced?.schema, -1);
  assert.deepEqual(reduced?.positiveCounts, [2, 1]);
  assert.deepEqual(reduced?.positiveSpans, [
    { offset: -1, length: 1 },
    { offset: 1, length: 1 },
  ]);
  const far = {
    ...spread,
    positiveSpans: [
      { offset: -5_000, length: 1 },
      { offset: 9_000, length: 2 },
    ],
  };
  assert.equal(reduceBuckets(far, 1, 0), undefined);
  assert.equal(reduceBuckets(spread, 0, 4)?.schema, -1);
});

test('names that are not legacy ones fail the scrape of a job with legacy names', () => {
  const { scrape } = setUp({ hasLegacyNames: true });
  assert.match(scrape('{"my.name"} 1\n', 1, 'text')[0]!, /metric_name_validation_scheme legacy/);
});
