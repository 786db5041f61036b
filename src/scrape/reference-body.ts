/**
 * The body that the next one is compared with: its bytes, the offsets of its series, and an index
 * of them by hash. The index is made only when a series does not come where it is expected.
 */
import type { Borrowed } from '../model/borrowed.ts';
import { areEqual } from '../kernel/equal-bytes.ts';
import { HashIndex } from './hash-index.ts';
import { newOffsets, type SeriesOffsets } from './series-offsets.ts';
import { runInRanges, type Steps } from './steps.ts';

/** Series of a large body that are handled between two yields. */
export const RANGE_SERIES = 2_048;

/** A series in a body that is being read. */
interface ScannedSeries {
  readonly view: Borrowed<DataView>;
  readonly seriesStart: number;
  readonly seriesEnd: number;
}

/** Of all that keep no body. */
const NO_BYTES: DataView = new DataView(new ArrayBuffer(0));
const NO_OFFSETS = newOffsets(0);

export class ReferenceBody {
  /** Whether a body is kept; it may hold no series. */
  isKept = false;
  view = NO_BYTES;
  offsets: SeriesOffsets = NO_OFFSETS;
  readonly #bySeries = new HashIndex();
  #isIndexed = false;

  keep(body: Uint8Array, offsets: SeriesOffsets): void {
    this.isKept = true;
    this.#set(new DataView(body.buffer, body.byteOffset, body.byteLength), offsets);
  }

  forget(): void {
    this.isKept = false;
    this.#set(NO_BYTES, NO_OFFSETS);
  }

  #set(view: DataView, offsets: SeriesOffsets): void {
    this.view = view;
    this.offsets = offsets;
    this.#isIndexed = false;
    this.#bySeries.clear();
  }

  /**
   * The index of a series in the body, by its bytes; -1 when it is not there. @param hash of them
   */
  find({ view, seriesStart, seriesEnd }: ScannedSeries, hash: number): number {
    if (this.offsets.count === 0) return -1;
    if (!this.#isIndexed) this.#buildIndex();
    const { hashes, seriesStarts, seriesEnds } = this.offsets;
    const length = seriesEnd - seriesStart;
    return this.#bySeries.find(hash, (position) => {
      const start = seriesStarts[position] as number;
      return (
        hashes[position] === hash &&
        (seriesEnds[position] as number) - start === length &&
        areEqual(view, seriesStart, this.view, start, length)
      );
    });
  }

  /** Makes the index in slices; without it `find` makes it at once. */
  *indexInSlices(): Steps {
    const { count } = this.offsets;
    if (count === 0 || this.#isIndexed) return;
    this.#bySeries.reset(count);
    yield* runInRanges(count, RANGE_SERIES, (from, to) => this.#indexRange(from, to));
    this.#isIndexed = true;
  }

  #buildIndex(): void {
    const { count } = this.offsets;
    this.#bySeries.reset(count);
    this.#indexRange(0, count);
    this.#isIndexed = true;
  }

  /** Adds the series in order, so that `find` finds the first of a series that occurs twice. */
  #indexRange(from: number, to: number): void {
    const { hashes } = this.offsets;
    for (let i = from; i < to; i++) this.#bySeries.add(hashes[i] as number, i);
  }
}
