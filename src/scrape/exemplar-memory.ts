/**
 * The last exemplar of each series. Targets show the same exemplar for many scrapes; it is sent
 * once. Bounded by the number of series.
 */
import { type LabelSet, labelSetKey } from '../model/labels.ts';

export class ExemplarMemory {
  readonly #last = new Map<number, string>();

  /** Whether this exemplar differs from the last one of the series in this slot; remembers it. */
  isNew(slot: number, labels: LabelSet, value: number, tMs: number | undefined): boolean {
    // An exemplar without a time gets that of the scrape, so the key takes the time as given.
    const key = `${tMs ?? ''} ${value} ${labelSetKey(labels)}`;
    if (this.#last.get(slot) === key) return false;
    this.#last.set(slot, key);
    return true;
  }

  clear(): void {
    this.#last.clear();
  }
}
