/**
 * Makes native histograms of scanned points: of exponential ones by joining neighbouring buckets
 * down to schema 8, of explicit ones with their bounds as custom values. Pure.
 *
 *     scale 9, offset 4, counts [1, 2, 0, 4]      OTLP: bucket i ends at base^(i + 1)
 *     → schema 8, spans [{offset 3, length 2}], counts [3, 4]      Prometheus: at base^i
 *
 * A gap of more than two buckets begins a new span, as in Prometheus' own conversion.
 * Source: Prometheus' storage/remote/otlptranslator/prometheusremotewrite/histograms.go
 */
import type { BucketSpan, Extremes, NativeHistogram } from '../../model/histogram.ts';
import type { DoubleList } from './double-list.ts';
import type { PointScan, ScannedBuckets } from './point-scan.ts';

export const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
const CUSTOM = -53;
/** Of a sender that states none: observations up to here are as good as zero. */
const ZERO_THRESHOLD = 1e-128;
const GAP_MAX = 2;

interface Sparse {
  readonly spans: readonly BucketSpan[];
  readonly counts: readonly number[];
}

/** @param isReset  whether the counter is known to have begun anew */
export function makeExponential(scan: PointScan, isReset: boolean): NativeHistogram {
  const joined = Math.max(0, scan.scale - SCHEMA_MAX);
  const positive = makeSide(scan.positive, joined);
  const negative = makeSide(scan.negative, joined);
  return {
    schema: Math.min(scan.scale, SCHEMA_MAX),
    zeroThreshold: scan.zeroThreshold > 0 ? scan.zeroThreshold : ZERO_THRESHOLD,
    zeroCount: scan.zeroCount,
    count: scan.count,
    sum: scan.sum,
    isFloat: false,
    resetHint: isReset ? 'reset' : 'unknown',
    positiveSpans: positive.spans,
    positiveCounts: positive.counts,
    negativeSpans: negative.spans,
    negativeCounts: negative.counts,
    customValues: [],
    extremes: readExtremes(scan),
  };
}

export function makeCustom(scan: PointScan, isReset: boolean): NativeHistogram {
  const { spans, counts } = collect(scan.counts, (index) => index);
  return {
    schema: CUSTOM,
    zeroThreshold: 0,
    zeroCount: 0,
    count: scan.count,
    sum: scan.sum,
    isFloat: false,
    resetHint: isReset ? 'reset' : 'unknown',
    positiveSpans: spans,
    positiveCounts: counts,
    negativeSpans: [],
    negativeCounts: [],
    customValues: [...scan.bounds.copy()],
    extremes: readExtremes(scan),
  };
}

/** Undefined where one of both is not told, or they contradict each other. */
export function readExtremes({ min, max }: PointScan): Extremes | undefined {
  return min <= max ? { min, max } : undefined;
}

function makeSide({ offset, counts }: ScannedBuckets, joined: number): Sparse {
  const width = 2 ** joined;
  return collect(counts, (index) => Math.floor((index + offset) / width) + 1);
}

/** @param indexOf  the bucket into which the one at this place goes; it never falls */
function collect(given: DoubleList, indexOf: (place: number) => number): Sparse {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let end = 0;
  for (let place = 0; place < given.length; place++) {
    const count = given.at(place);
    if (count === 0) continue;
    const index = indexOf(place);
    const span = spans.at(-1);
    if (span === undefined) spans.push({ offset: index, length: 1 });
    else if (index === end - 1) {
      counts[counts.length - 1] = (counts.at(-1) ?? 0) + count;
      continue;
    } else if (index - end > GAP_MAX) spans.push({ offset: index - end, length: 1 });
    else {
      for (; end < index; end++) {
        counts.push(0);
        span.length += 1;
      }
      span.length += 1;
    }
    counts.push(count);
    end = index + 1;
  }
  return { spans, counts };
}
