/**
 * Event labels by label sets, so that they are made once for a series, and shared by the series of
 * several metrics that have equal labels. They go when none of their label sets is in use any more.
 *
 *     label set (object) ─ weak ─► event labels ◄─ weak ─ key of the labels
 *
 * Limits: those of the series; keys of what is gone are swept when there are twice as many as after
 * the last sweep.
 */
import { type LabelSet, labelSetKey } from '../../model/labels.ts';

const SWEEP_MIN = 1_000;

export class LabelCache<Value extends object> {
  readonly #bySet = new WeakMap<LabelSet, Value>();
  readonly #byKey = new Map<string, WeakRef<Value>>();
  #sweepAt = SWEEP_MIN;

  /** How many keys are kept. */
  get size(): number {
    return this.#byKey.size;
  }

  find(labels: LabelSet, make: () => Value): Value {
    const known = this.#bySet.get(labels);
    if (known !== undefined) return known;
    const key = labelSetKey(labels);
    const shared = this.#byKey.get(key)?.deref();
    const value = shared ?? make();
    this.#bySet.set(labels, value);
    if (shared === undefined) {
      this.#byKey.set(key, new WeakRef(value));
      if (this.#byKey.size >= this.#sweepAt) this.#sweep();
    }
    return value;
  }

  #sweep(): void {
    for (const [key, ref] of this.#byKey) if (ref.deref() === undefined) this.#byKey.delete(key);
    this.#sweepAt = Math.max(SWEEP_MIN, 2 * this.#byKey.size);
  }
}
