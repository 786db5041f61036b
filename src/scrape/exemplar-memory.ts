/**
 * The last exemplar of each series: targets show the same one for many scrapes, and it is sent
 * once.
 * Bounded by the number of series.
 */
import { type LabelSet, labelSetKey } from '../model/labels.ts';

export class ExemplarMemory {
  readonly #last = new Map<number, string>();

  /** Whether the series in this slot showed another exemplar, or none, before. */
  isNew(slot: number, labels: LabelSet, value: number, tMs: number | undefined): boolean {
    // Without a time of its own it gets that of the scrape, which is another each time.
    const key = `${tMs ?? ''} ${value} ${labelSetKey(labels)}`;
    if (this.#last.get(slot) === key) return false;
    this.#last.set(slot, key);
    return true;
  }

  clear(): void {
    this.#last.clear();
  }
}
