/**
 * Keeps answers by key, so that they can be given while the service gives none. The answer that was
 * renewed longest ago is forgotten first.
 * Limits: number, bytes and age.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Counter, Gauge } from '../kernel/metrics.ts';

export interface KeptLimits {
  readonly count: number;
  readonly bytes: number;
  readonly ageMs: number;
}

export interface KeptMetrics {
  readonly kept: Gauge;
  readonly keptBytes: Gauge;
  readonly evicted: Counter;
}

export interface Kept<Answer> {
  readonly answer: Answer;
  /** Epoch ms. */
  readonly sinceMs: number;
  readonly sizeBytes: number;
}

export class KeptAnswers<Answer> {
  readonly #limits: KeptLimits;
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  readonly #metrics: KeptMetrics;
  /** In the order of renewal. */
  readonly #byKey = new Map<string, Kept<Answer>>();
  #bytes = 0;

  constructor(limits: KeptLimits, clock: Pick<Clock, 'elapsedMs'>, metrics: KeptMetrics) {
    this.#limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Undefined where there is none, or it is too old. */
  find(key: string): Kept<Answer> | undefined {
    const kept = this.#byKey.get(key);
    if (kept === undefined || this.ageMs(kept) <= this.#limits.ageMs) return kept;
    this.#remove(key, kept);
    this.#show();
    return undefined;
  }

  ageMs({ sinceMs }: Kept<Answer>): number {
    return this.#clock.elapsedMs() - sinceMs;
  }

  /** Whether an answer came less than so long ago. */
  isWithin(kept: Kept<Answer>, ms: number): boolean {
    return this.ageMs(kept) < ms;
  }

  /** @param sinceMs  when the answer came; now by default */
  keep(key: string, answer: Answer, sizeBytes: number, sinceMs = this.#clock.elapsedMs()): void {
    const before = this.#byKey.get(key);
    if (before !== undefined) this.#remove(key, before);
    const { count, bytes } = this.#limits;
    const size = sizeBytes + Buffer.byteLength(key);
    if (size > bytes) this.#metrics.evicted.inc();
    else {
      for (const [oldest, kept] of this.#byKey) {
        if (this.#byKey.size < count && this.#bytes + size <= bytes) break;
        this.#remove(oldest, kept);
        // What is too old to be given is no loss.
        if (this.ageMs(kept) <= this.#limits.ageMs) this.#metrics.evicted.inc();
      }
      this.#byKey.set(key, { answer, sinceMs, sizeBytes: size });
      this.#bytes += size;
    }
    this.#show();
  }

  entries(): IterableIterator<[string, Kept<Answer>]> {
    return this.#byKey.entries();
  }

  #remove(key: string, { sizeBytes }: Kept<Answer>): void {
    this.#byKey.delete(key);
    this.#bytes -= sizeBytes;
  }

  #show(): void {
    this.#metrics.kept.set(this.#byKey.size);
    this.#metrics.keptBytes.set(this.#bytes);
  }
}
