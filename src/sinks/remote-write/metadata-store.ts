/**
 * HELP, TYPE and UNIT of the families that the targets of a sink have told, for the sender of
 * metadata. Bounded; not kept on disk, since targets say it again.
 */
import type { SeriesMetadata } from '../../model/sample.ts';

/** As many families as AMP keeps metadata of. */
const FAMILIES_MAX = 20_000;

/** By family, the last word of any target. */
export class MetadataStore {
  readonly #families = new Map<string, SeriesMetadata>();

  set(family: string, metadata: SeriesMetadata): void {
    if (this.#families.size < FAMILIES_MAX || this.#families.has(family))
      this.#families.set(family, metadata);
  }

  /** All entries, in lists of at most `size`. */
  *batches(size: number): Generator<[string, SeriesMetadata][]> {
    const all = [...this.#families];
    for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
  }
}
