/**
 * The newest samples of one series, in memory until they are sealed into a chunk: two growing
 * columns in time order. Values are copied by their bits. Knows the ends of what was sealed, not
 * the sealed samples.
 */
import { countUpTo, type Samples } from './samples.ts';

export type Added = 'added' | 'duplicate' | 'new-value-for-timestamp' | 'sample-too-old';

const FIRST_CAPACITY = 8;
/** A series at rest holds no memory for samples: all of them share these. */
const NO_FLOATS = new Float64Array(0);
const NO_WORDS = new Uint32Array(0);

export class Head {
  #times = NO_FLOATS;
  #values = NO_FLOATS;
  #bits = NO_WORDS;
  #count = 0;
  /** Of all samples, sealed ones too. */
  oldestMs: number;
  newestMs: number;
  /** A sample at or before this time may lie in a chunk. */
  sealedNewestMs: number;

  /** The ends of the samples that are sealed already; none by default. */
  constructor(oldestMs = Infinity, newestMs = -Infinity) {
    this.oldestMs = oldestMs;
    this.newestMs = newestMs;
    this.sealedNewestMs = newestMs;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Adds the sample whose value's bits stand at `index` of `bits` (two words a value). One that is
   * older than the newest is inserted in order, if it is not more than `windowMs` behind.
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

  /** The samples fromMs < t <= toMs, copies. */
  read(fromMs: number, toMs: number): Samples {
    const start = countUpTo(this.#times, this.#count, fromMs);
    const end = countUpTo(this.#times, this.#count, toMs);
    return { timesMs: this.#times.slice(start, end), values: this.#values.slice(start, end) };
  }

  /** Forgets the samples, which are in chunks now. */
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
