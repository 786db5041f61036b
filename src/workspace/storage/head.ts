/**
 * The newest samples of one series, in memory until they are sealed into a chunk: two growing
 * columns in time order. Values are copied as bits. Of the sealed samples it knows the oldest and
 * the newest time only.
 */
import { countUpTo, type Samples } from './samples.ts';

export type Added = 'added' | 'duplicate' | 'new-value-for-timestamp' | 'sample-too-old';

const FIRST_CAPACITY = 8;
/** Shared by all heads without samples, so that an idle series holds no memory for samples. */
const NO_FLOATS = new Float64Array(0);
const NO_WORDS = new Uint32Array(0);

export class Head {
  #times = NO_FLOATS;
  #values = NO_FLOATS;
  #bits = NO_WORDS;
  #count = 0;
  /** The oldest and newest time of all samples, sealed ones included. */
  oldestMs: number;
  newestMs: number;
  /** The newest sealed time: a sample at or before it may be in a chunk. */
  sealedNewestMs: number;

  /** Takes the oldest and newest time of the samples already sealed; by default there are none. */
  constructor(oldestMs = Infinity, newestMs = -Infinity) {
    this.oldestMs = oldestMs;
    this.newestMs = newestMs;
    this.sealedNewestMs = newestMs;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Adds the sample whose value is number `index` in `bits` (two words per value). A sample older
   * than the newest is inserted in time order, if it is at most `windowMs` behind the newest.
   */
  add(tMs: number, bits: Uint32Array, index: number, windowMs: number): Added {
    const low = bits[index * 2] ?? 0;
    const high = bits[index * 2 + 1] ?? 0;
    if (tMs > this.newestMs) {
      this.#insert(this.#count, tMs, low, high);
      this.newestMs = tMs;
      return 'added';
    }
    if (tMs < this.newestMs - windowMs) return 'sample-too-old';
    const at = countUpTo(this.#times, this.#count, tMs);
    if (at > 0 && this.#times[at - 1] === tMs) {
      const isSame = this.#bits[(at - 1) * 2] === low && this.#bits[(at - 1) * 2 + 1] === high;
      return isSame ? 'duplicate' : 'new-value-for-timestamp';
    }
    this.#insert(at, tMs, low, high);
    return 'added';
  }

  /** Copies the samples fromMs < t <= toMs. */
  read(fromMs: number, toMs: number): Samples {
    const start = countUpTo(this.#times, this.#count, fromMs);
    const end = countUpTo(this.#times, this.#count, toMs);
    return { timesMs: this.#times.slice(start, end), values: this.#values.slice(start, end) };
  }

  /** Drops the samples, once they are in chunks. */
  clear(): void {
    if (this.#count > 0)
      this.sealedNewestMs = Math.max(this.sealedNewestMs, this.#times[this.#count - 1] ?? 0);
    this.#count = 0;
    this.#times = NO_FLOATS;
    this.#values = NO_FLOATS;
    this.#bits = NO_WORDS;
  }

  #insert(at: number, tMs: number, low: number, high: number): void {
    if (this.#count === this.#times.length) this.#grow();
    if (at < this.#count) {
      this.#times.copyWithin(at + 1, at, this.#count);
      this.#bits.copyWithin(at * 2 + 2, at * 2, this.#count * 2);
    }
    this.#times[at] = tMs;
    this.#bits[at * 2] = low;
    this.#bits[at * 2 + 1] = high;
    this.#count += 1;
    if (tMs < this.oldestMs) this.oldestMs = tMs;
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#times.length * 2);
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    const bits = new Uint32Array(values.buffer);
    times.set(this.#times);
    bits.set(this.#bits);
    this.#times = times;
    this.#values = values;
    this.#bits = bits;
  }
}
