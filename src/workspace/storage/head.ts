/**
 * The newest samples of one series, in memory until they are sealed into a chunk: two growing arrays in time order.
 * Values are copied by their bits.
 */

export type Added = 'added' | 'duplicate' | 'new-value-for-timestamp' | 'sample-too-old';

const FIRST_CAPACITY = 16;

export class Head {
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #bits = new Uint32Array(this.#values.buffer);
  #count = 0;
  /** Of all samples ever added, ms. */
  newestMs = -Infinity;

  get count(): number {
    return this.#count;
  }

  /**
   * Adds the sample whose value's bits stand at `index` of `bits` (two words a value). One that is older than the newest
   * is inserted in order, if it is not more than `windowMs` behind.
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
    let at = this.#count;
    while (at > 0 && (this.#times[at - 1] ?? 0) > tMs) at -= 1;
    if (at > 0 && this.#times[at - 1] === tMs) {
      const isSame = this.#bits[(at - 1) * 2] === low && this.#bits[(at - 1) * 2 + 1] === high;
      return isSame ? 'duplicate' : 'new-value-for-timestamp';
    }
    this.#insert(at, tMs, low, high);
    return 'added';
  }

  /** The samples fromMs < t <= toMs, copies. */
  read(fromMs: number, toMs: number): { timesMs: Float64Array; values: Float64Array } {
    let start = 0;
    while (start < this.#count && (this.#times[start] ?? 0) <= fromMs) start += 1;
    let end = this.#count;
    while (end > start && (this.#times[end - 1] ?? 0) > toMs) end -= 1;
    return { timesMs: this.#times.slice(start, end), values: this.#values.slice(start, end) };
  }

  /** Forgets the samples, which have been sealed; the newest time stays known. */
  clear(): void {
    this.#count = 0;
    this.#times = new Float64Array(FIRST_CAPACITY);
    this.#values = new Float64Array(FIRST_CAPACITY);
    this.#bits = new Uint32Array(this.#values.buffer);
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
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const values = new Float64Array(this.#times.length * 2);
    const bits = new Uint32Array(values.buffer);
    times.set(this.#times);
    bits.set(this.#bits);
    this.#times = times;
    this.#values = values;
    this.#bits = bits;
  }
}
