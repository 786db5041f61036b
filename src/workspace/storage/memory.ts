/**
 * What the store holds in memory: the index, a head for each series, and metadata; and the checks
 * that a sample must pass. A batch is applied in the same way when it arrives and when it is
 * replayed from the wal at start. No I/O.
 * Limits: MemoryLimits, METADATA_MAX metrics with metadata.
 */
import { type LabelSet, labelValue, METRIC_NAME } from '../../model/labels.ts';
import type { MetricMetadata } from '../../wire/remote-write/metadata.ts';
import { encodeChunk } from './chunk.ts';
import type { SealedChunk, Sealing, SeriesRow } from './database.ts';
import { type Added, Head } from './head.ts';
import { SeriesIndex } from './index.ts';
import { type LimitFault, findFault, type SeriesLimits } from './series-limits.ts';
import type { SentSeries, WriteBatch } from './write-batch.ts';

export interface MemoryLimits extends SeriesLimits {
  readonly retentionMs: number;
  /**
   * How far a sample may be behind the newest of its series. AMP's default is one minute, its
   * maximum ten.
   */
  readonly outOfOrderWindowMs: number;
  readonly seriesMax: number;
  readonly seriesPerMetricMax: number;
  /** Samples older than this are refused, whatever the retention. */
  readonly sampleAgeMaxMs: number;
  /** Whether the label `__replica__` is removed, as AMP does where it deduplicates HA pairs. */
  readonly stripsReplica: boolean;
}

export interface WriteResult {
  readonly stored: number;
  /** The stored samples and the duplicates of samples stored before. */
  readonly accepted: number;
  /** Reason → number of samples; empty when none was refused. */
  readonly rejected: ReadonlyMap<string, number>;
  /** The message of the first rejection, with its series. */
  readonly firstRejection: string | undefined;
}

/**
 * Finds a sealed sample by series and time, and returns the bits of its value (two words);
 * undefined when no chunk has one.
 */
export type FindSealed = (ref: number, tMs: number) => Uint32Array | undefined;

/** Samples farther ahead of the clock than this are refused, as Prometheus does. */
const FUTURE_MAX_MS = 600_000;
const METADATA_MAX = 20_000;
/** A query for one minute decodes a whole chunk; 480 samples are two hours at 15 s scrapes. */
const CHUNK_SAMPLES_MAX = 480;

type Reject = (reason: string, count: number, words: () => string) => void;

export class Memory {
  readonly index = new SeriesIndex();
  readonly heads = new Map<number, Head>();
  readonly metadata = new Map<string, MetricMetadata>();
  readonly #limits: MemoryLimits;
  readonly #findSealed: FindSealed;
  #newSeries: SeriesRow[] = [];
  readonly #newMetadata = new Set<string>();
  #nextRef = 1;
  readonly #seriesByName = new Map<string, number>();

  constructor(limits: MemoryLimits, findSealed: FindSealed) {
    this.#limits = limits;
    this.#findSealed = findSealed;
  }

  /** Adds a series that the database has. */
  restore(ref: number, labels: LabelSet, head: Head): void {
    this.heads.set(ref, head);
    this.index.add(ref, labels);
    const name = labelValue(labels, METRIC_NAME);
    this.#seriesByName.set(name, (this.#seriesByName.get(name) ?? 0) + 1);
    this.#nextRef = Math.max(this.#nextRef, ref + 1);
  }

  /**
   * Checks a batch as of a time and stores it. Deterministic: the same batches at the same times in
   * the same order give the same samples, which the replay of the wal relies on.
   */
  apply(batch: WriteBatch, nowMs: number): WriteResult {
    const rejected = new Map<string, number>();
    let firstRejection: string | undefined;
    const reject: Reject = (reason, count, words) => {
      if (count === 0) return;
      rejected.set(reason, (rejected.get(reason) ?? 0) + count);
      firstRejection ??= words();
    };
    let stored = 0;
    for (const series of batch.series) stored += this.#applySeries(series, batch, nowMs, reject);
    const refused = [...rejected.values()].reduce((sum, count) => sum + count, 0);
    const accepted = (batch.series.at(-1)?.end ?? 0) - refused;
    reject(
      'native_histogram_unsupported',
      batch.histograms,
      () => 'native histograms are not kept here; send classic ones',
    );
    for (const entry of batch.metadata) this.#keepMetadata(entry);
    return { stored, accepted, rejected, firstRejection };
  }

  /** Everything that is not yet sealed into the database. */
  collectUnsealed(): Sealing {
    return {
      series: this.#newSeries,
      chunks: sealChunks(this.heads),
      metadata: [...this.#newMetadata].flatMap((name) => this.metadata.get(name) ?? []),
    };
  }

  /** To be called once the result of `collectUnsealed` is in the database. */
  markSealed(): void {
    this.#newSeries = [];
    this.#newMetadata.clear();
    for (const head of this.heads.values()) if (head.count > 0) head.clear();
  }

  /** The series whose samples are all before a time, and whether any sample at all is. */
  findOlder(ms: number): { gone: ReadonlySet<number>; isAny: boolean } {
    const gone = new Set<number>();
    let isAny = false;
    for (const [ref, { oldestMs, newestMs }] of this.heads) {
      if (newestMs < ms) gone.add(ref);
      isAny ||= newestMs < ms || oldestMs < ms;
    }
    return { gone, isAny };
  }

  /** Drops series; those that remain count as without samples before a time. */
  forget(gone: ReadonlySet<number>, beforeMs: number): void {
    this.index.remove(gone);
    for (const ref of gone) this.heads.delete(ref);
    this.#seriesByName.clear();
    for (const ref of this.heads.keys()) {
      const name = labelValue(this.index.labelsOf(ref), METRIC_NAME);
      this.#seriesByName.set(name, (this.#seriesByName.get(name) ?? 0) + 1);
    }
    for (const head of this.heads.values()) head.oldestMs = Math.max(head.oldestMs, beforeMs);
  }

  #applySeries(
    { labels: sent, start, end }: SentSeries,
    { timesMs, bits }: WriteBatch,
    nowMs: number,
    reject: Reject,
  ): number {
    const labels = this.#limits.stripsReplica
      ? sent.filter(({ name }) => name !== '__replica__')
      : sent;
    let ref = this.index.find(labels);
    if (ref === undefined) {
      const fault = findFault(labels, this.#limits) ?? this.#findSeriesLimitFault(labels);
      if (fault !== undefined) {
        reject(fault.reason, end - start, () => fault.message);
        return 0;
      }
    }
    let stored = 0;
    for (let i = start; i < end; i++) {
      const tMs = timesMs[i] ?? 0;
      let added: Added | 'too-far-in-future' | 'greater_than_max_sample_age';
      if (tMs > nowMs + FUTURE_MAX_MS) added = 'too-far-in-future';
      else if (tMs < nowMs - Math.min(this.#limits.retentionMs, this.#limits.sampleAgeMaxMs))
        added = 'greater_than_max_sample_age';
      else {
        // A series is made at its first accepted sample, so refused ones do not fill the index.
        ref ??= this.#addSeries(labels);
        added = this.#addSample(ref, tMs, bits, i);
      }
      if (added === 'added') stored += 1;
      else if (added !== 'duplicate')
        reject(
          added,
          1,
          () => `${added}: timestamp ${formatTime(tMs)}, series ${describeLabels(labels)}`,
        );
    }
    return stored;
  }

  #addSample(ref: number, tMs: number, bits: Uint32Array, index: number): Added {
    const head = this.heads.get(ref);
    if (head === undefined) throw new Error('BUG: a series has no head');
    const windowMs = this.#limits.outOfOrderWindowMs;
    if (tMs <= head.sealedNewestMs && tMs >= head.newestMs - windowMs) {
      const sealed = this.#findSealed(ref, tMs);
      if (sealed !== undefined) {
        const isRepeated = sealed[0] === bits[index * 2] && sealed[1] === bits[index * 2 + 1];
        return isRepeated ? 'duplicate' : 'new-value-for-timestamp';
      }
    }
    return head.add(tMs, bits, index, windowMs);
  }

  #addSeries(labels: LabelSet): number {
    const ref = this.#nextRef;
    this.restore(ref, labels, new Head());
    this.#newSeries.push({ ref, labels: JSON.stringify(labels) });
    return ref;
  }

  #findSeriesLimitFault(labels: LabelSet): LimitFault | undefined {
    const { seriesMax, seriesPerMetricMax } = this.#limits;
    const name = labelValue(labels, METRIC_NAME);
    if ((this.#seriesByName.get(name) ?? 0) >= seriesPerMetricMax)
      return {
        reason: 'per_metric_series_limit',
        message:
          `per-metric series limit of ${seriesPerMetricMax} exceeded for ` + name.slice(0, 200),
      };
    if (this.index.size < seriesMax) return undefined;
    return {
      reason: 'per_user_series_limit',
      message: `per-user series limit of ${seriesMax} exceeded`,
    };
  }

  #keepMetadata(entry: MetricMetadata): void {
    const known = this.metadata.get(entry.name);
    if (known === undefined ? this.metadata.size >= METADATA_MAX : isSame(known, entry)) return;
    this.metadata.set(entry.name, entry);
    this.#newMetadata.add(entry.name);
  }
}

function* sealChunks(heads: ReadonlyMap<number, Head>): Generator<SealedChunk> {
  for (const [ref, head] of heads) {
    if (head.count === 0) continue;
    const { timesMs, values } = head.read(-Infinity, Infinity);
    for (let start = 0; start < timesMs.length; start += CHUNK_SAMPLES_MAX) {
      const times = timesMs.slice(start, start + CHUNK_SAMPLES_MAX);
      yield {
        ref,
        oldestMs: times[0] ?? 0,
        newestMs: times.at(-1) ?? 0,
        count: times.length,
        bytes: encodeChunk(times, values.slice(start, start + CHUNK_SAMPLES_MAX)),
      };
    }
  }
}

function isSame(a: MetricMetadata, b: MetricMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}

/** ISO 8601, or plain ms for a time beyond what a Date can hold: senders can send any. */
function formatTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}

function describeLabels(labels: LabelSet): string {
  const text = labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(', ');
  return `{${text.length > 300 ? `${text.slice(0, 300)}…` : text}}`;
}
