/**
 * Appends the samples of bodies that are read sample by sample to the series table: protobuf, and
 * texts whose classic histograms are converted. Each sample is an object, and its series is found
 * by the exposed labels. That is slower than comparing bytes, as cache.ts does for other texts; it
 * is the cost of native histograms.
 */
import { type Borrowed, peek } from '../model/borrowed.ts';
import type { NativeHistogram } from '../model/histogram.ts';
import { makeLabelSet } from '../model/labels.ts';
import { PermanentError } from '../kernel/errors.ts';
import { type ProtobufSample } from '../wire/exposition/protobuf/sample.ts';
import { convertClassic } from '../wire/exposition/custom-buckets.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { readProtobufInSteps } from '../wire/exposition/protobuf/families.ts';
import { readTextInSteps } from '../wire/exposition/text-samples.ts';
import { reduceBuckets } from './histogram-limits.ts';
import { buildSeriesLabels } from './series-labels.ts';
import type { Steps } from './steps.ts';
import { appendAtOwnTime, type TargetSeries, setFamilyMetadata } from './target-series.ts';

const DROPPED = -1;
/** Samples, and pauses of the reader, between two yields. */
const SLICE_SAMPLES = 64;

interface Known {
  readonly slot: number;
  createdMs: number | undefined;
}

export class SampleBodies {
  readonly #series: TargetSeries;
  #known = new Map<string, Known>();

  constructor(series: TargetSeries) {
    this.#series = series;
  }

  /** Appends the samples of a body. @throws ExpositionError, PermanentError */
  ingest(body: Borrowed<Uint8Array>, tMs: number, kind: ExpositionKind): void {
    const slices = this.ingestInSlices(peek(body), tMs, kind);
    while (slices.next().done !== true);
  }

  /** The same as `ingest`, in slices. */
  *ingestInSlices(body: Uint8Array, tMs: number, kind: ExpositionKind): Steps {
    const seen = new Map<string, Known>();
    let left = SLICE_SAMPLES;
    for (const sample of this.#read(body, kind)) {
      left -= 1;
      if (left === 0) {
        left = SLICE_SAMPLES;
        yield* this.#series.table.prepare(SLICE_SAMPLES);
        yield;
      }
      if (sample === 'pause') continue;
      const key = formatLabelsKey(sample);
      const known = this.#known.get(key) ?? seen.get(key) ?? this.#newSeries(sample);
      seen.set(key, known);
      this.#take(known, sample, tMs);
    }
    // Set only here, so that nothing is remembered of a body that fails.
    this.#known = seen;
  }

  forget(): void {
    this.#known.clear();
  }

  #read(body: Uint8Array, kind: ExpositionKind): Iterable<ProtobufSample | 'pause'> {
    const { isNative, alwaysClassic, convertsClassic } = this.#series.config.histograms;
    const samples =
      kind === 'protobuf'
        ? readProtobufInSteps(body, { nativeHistograms: isNative, alwaysClassic })
        : readTextInSteps(body, kind);
    return convertsClassic ? convertClassic(samples, alwaysClassic) : samples;
  }

  #newSeries(sample: ProtobufSample): Known {
    const { table, metadata, targetLabels, config } = this.#series;
    const { family, help, type, unit } = sample;
    if (family !== '') {
      metadata.take(family, 'type', '', type);
      metadata.take(family, 'help', help, type);
      metadata.take(family, 'unit', unit, type);
    }
    const labels = buildSeriesLabels(sample.labels, targetLabels, config);
    if (labels === undefined) return { slot: DROPPED, createdMs: undefined };
    const name = sample.labels[0]?.[1] ?? '';
    const slot = table.slotOf(labels, metadata.originOf(name, labels));
    setFamilyMetadata(table, slot, metadata, name);
    return { slot, createdMs: undefined };
  }

  #take(known: Known, sample: ProtobufSample, nowMs: number): void {
    const { table, counts, config, exemplars } = this.#series;
    const { slot } = known;
    counts.scraped += 1;
    if (slot === DROPPED) return;
    counts.kept += 1;
    if (sample.createdMs !== undefined && sample.createdMs !== known.createdMs) {
      known.createdMs = sample.createdMs;
      table.setCreated(slot, sample.createdMs);
    }
    for (const { labels: given, value, tMs } of sample.exemplars) {
      const labels = makeLabelSet(given);
      if (exemplars.isNew(slot, labels, value, tMs))
        table.appendExemplar(slot, { labels, value, tMs: tMs ?? nowMs });
    }
    if (typeof sample.value !== 'number') {
      this.#takeHistogram(slot, sample.value, nowMs);
      return;
    }
    const { tMs, value } = sample;
    if (tMs === undefined || !config.honorTimestamps) {
      if (!table.append(slot, nowMs, value)) counts.duplicates += 1;
      return;
    }
    appendAtOwnTime(this.#series, slot, { tMs, value }, nowMs);
  }

  /** Appends a histogram at the time of the scrape; a timestamp of its own is not read. */
  #takeHistogram(slot: number, histogram: NativeHistogram, nowMs: number): void {
    const { table, counts, config } = this.#series;
    const reduced = reduceBuckets(
      histogram,
      config.limits.histogramBuckets,
      config.histograms.minBucketFactor,
    );
    if (reduced === undefined)
      throw new PermanentError(
        'SCRAPE_BUCKET_LIMIT',
        `a native histogram has more than ${config.limits.histogramBuckets} buckets even at ` +
          'the lowest resolution; raise native_histogram_bucket_limit',
      );
    if (!table.appendHistogram(slot, nowMs, reduced)) counts.duplicates += 1;
  }
}

function formatLabelsKey({ labels }: ProtobufSample): string {
  let key = '';
  for (const [name, value] of labels) key += `${name.length}:${name}${value.length}:${value}`;
  return key;
}
