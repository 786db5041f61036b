/**
 * HELP, TYPE and UNIT of the metric families that a sink's targets serve, for the sender of
 * metadata. Not kept on disk, since the next scrape tells it again.
 * Limits: 20,000 families; further ones are left out.
 */
import type { SeriesMetadata } from '../../model/sample.ts';

/** As many families as AMP keeps metadata of. */
const FAMILIES_MAX = 20_000;

/** The metadata of each family, as the last target that has it told. */
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
