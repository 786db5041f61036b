/**
 * Classic histograms as native ones whose bounds are the classic ones (schema -53), as Prometheus
 * makes them: of the series of one type, name and labels that follow each other. One histogram is
 * held at a time. Pure.
 *
 *     h_bucket{le="1"} 2, h_bucket{le="+Inf"} 3, h_sum 4, h_count 3
 *     → h: bounds [1], counts [2, 1], sum 4, count 3
 *
 * A histogram that is also there as an exponential one stays as it is. So does one whose numbers
 * contradict each other: Prometheus drops it.
 * Source: prometheus/model/textparse/nhcbparse.go, prometheus/util/convertnhcb
 */
import type { BucketSpan, NativeHistogram } from '../../model/histogram.ts';
import { parseSampleValue } from './float.ts';
import type { ProtobufSample } from './protobuf/sample.ts';

const CUSTOM = -53;
/** Shorter runs of empty buckets between others cost less than a span of their own. */
const EMPTY_MAX = 2;

/** @param keepsClassic  whether the classic series are handed on as well */
export function* convertClassic(
  samples: Iterable<ProtobufSample | 'pause'>,
  keepsClassic: boolean,
): Generator<ProtobufSample | 'pause'> {
  let open: Collected | undefined;
  /** The key of the exponential histogram that came last. */
  let exponential: string | undefined;
  for (const sample of samples) {
    const part = sample === 'pause' ? undefined : findPart(sample);
    if (sample === 'pause') {
      yield sample;
      continue;
    }
    if (open !== undefined && part?.key !== open.key) {
      yield* open.finish(keepsClassic);
      open = undefined;
    }
    if (typeof sample.value !== 'number') exponential = formatKey(sample, sample.labels[0]?.[1]);
    else if (part?.key !== exponential) exponential = undefined;
    if (part === undefined || exponential !== undefined) yield sample;
    else {
      open ??= new Collected(part);
      open.add(part, sample);
      if (keepsClassic) yield sample;
    }
  }
  if (open !== undefined) yield* open.finish(keepsClassic);
}

interface Part {
  /** Equal for the parts of one histogram. */
  readonly key: string;
  readonly name: string;
  readonly what: 'bucket' | 'count' | 'sum';
  /** The upper bound of a bucket. */
  readonly bound: number;
}

/** What a sample is of a classic histogram; undefined for any other sample. */
function findPart(sample: ProtobufSample): Part | undefined {
  if (sample.type !== 'histogram' || typeof sample.value !== 'number') return undefined;
  const [, name = '', what] = /^(.*)_(bucket|count|sum)$/s.exec(sample.labels[0]?.[1] ?? '') ?? [];
  if (what === undefined || name !== sample.family) return undefined;
  let bound = NaN;
  if (what === 'bucket') {
    bound = parseSampleValue(sample.labels.find(([label]) => label === 'le')?.[1] ?? '') ?? NaN;
    if (Number.isNaN(bound)) return undefined;
  }
  return { key: formatKey(sample, name), name, what: what as Part['what'], bound };
}

function formatKey({ labels }: ProtobufSample, name = ''): string {
  const others = labels.slice(1).filter(([label]) => label !== 'le');
  return JSON.stringify([name, ...others.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The series of one classic histogram. */
class Collected {
  readonly key: string;
  readonly #name: string;
  readonly #samples: ProtobufSample[] = [];
  /** In ascending order of their bounds; counts are cumulative. */
  readonly #buckets: { readonly bound: number; readonly count: number }[] = [];
  #count: number | undefined;
  #sum = 0;

  constructor({ key, name }: Part) {
    this.key = key;
    this.#name = name;
  }

  add({ what, bound }: Part, sample: ProtobufSample): void {
    const value = sample.value as number;
    this.#samples.push(sample);
    if (what === 'count') this.#count = value;
    else if (what === 'sum') this.#sum = value;
    else this.#addBucket(bound, value);
  }

  /** Of a bound that comes twice the first counts. */
  #addBucket(bound: number, count: number): void {
    const buckets = this.#buckets;
    let at = buckets.length;
    while (at > 0 && (buckets[at - 1]?.bound ?? 0) > bound) at -= 1;
    if (buckets[at - 1]?.bound !== bound) buckets.splice(at, 0, { bound, count });
  }

  /** The converted sample, or, where there is none, the series themselves. */
  *finish(keepsClassic: boolean): Generator<ProtobufSample> {
    const value = this.#convert();
    const last = this.#samples.at(-1);
    if (value === undefined || last === undefined) {
      if (!keepsClassic) yield* this.#samples;
      return;
    }
    const labels = last.labels.slice(1).filter(([label]) => label !== 'le');
    yield {
      ...last,
      labels: [['__name__', this.#name], ...labels],
      value,
      exemplars: this.#samples.flatMap(({ exemplars }) => exemplars),
    };
  }

  #convert(): NativeHistogram | undefined {
    const count = this.#count ?? this.#buckets.at(-1)?.count ?? 0;
    const buckets = [...this.#buckets];
    if (buckets.at(-1)?.bound !== Infinity) buckets.push({ bound: Infinity, count });
    const counts = buckets.map((one, index) => one.count - (buckets[index - 1]?.count ?? 0));
    // Also where one of them is NaN.
    if (!counts.every((one) => one >= 0) || buckets.at(-1)?.count !== count) return undefined;
    const isFloat = ![count, ...buckets.map((one) => one.count)].every(Number.isInteger);
    const { spans, kept } = compact(counts, isFloat ? 0 : EMPTY_MAX);
    return {
      schema: CUSTOM,
      zeroThreshold: 0,
      zeroCount: 0,
      count,
      sum: this.#sum,
      isFloat,
      resetHint: 'unknown',
      positiveSpans: spans,
      positiveCounts: kept,
      negativeSpans: [],
      negativeCounts: [],
      customValues: buckets.slice(0, -1).map(({ bound }) => bound),
    };
  }
}

/** Leaves out empty buckets, except for runs of at most `emptyMax` between others. */
function compact(
  counts: readonly number[],
  emptyMax: number,
): { readonly spans: BucketSpan[]; readonly kept: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const kept: number[] = [];
  let next = 0;
  for (const [index, count] of counts.entries()) {
    if (count === 0) continue;
    const gap = index - next;
    const span = spans.at(-1);
    if (span !== undefined && gap <= emptyMax) {
      span.length += gap + 1;
      kept.push(...counts.slice(next, index));
    } else spans.push({ offset: gap, length: 1 });
    kept.push(count);
    next = index + 1;
  }
  return { spans, kept };
}
