/**
 * The body that the next one is compared with: its bytes, the offsets of its series, and an index
 * of them by hash. The index is made only when a series does not come where it is expected.
 */
import { type Borrowed, peek } from '../model/borrowed.ts';
import { areEqual } from '../kernel/equal-bytes.ts';
import { HashIndex } from './hash-index.ts';
import { fillOffsets, newOffsets, type SeriesOffsets } from './series-offsets.ts';
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
const NO_BYTES = new Uint8Array(0);
const NO_VIEW: DataView = new DataView(NO_BYTES.buffer);
const NO_OFFSETS = newOffsets(0);

export class ReferenceBody {
  /** Whether a body is kept; it may hold no series. */
  isKept = false;
  /** Of the bytes, and of spare room behind them. */
  view = NO_VIEW;
  offsets: SeriesOffsets = NO_OFFSETS;
  #bytes: Uint8Array = NO_BYTES;
  readonly #bySeries = new HashIndex();
  #isIndexed = false;

  /** Keeps a body, and offsets that nobody else uses. @returns the body before, for its memory */
  keep(body: Uint8Array, offsets: SeriesOffsets): Uint8Array {
    const before = this.#bytes;
    this.#setBytes(body);
    this.offsets = offsets;
    this.isKept = true;
    this.#isIndexed = false;
    return before;
  }

  /** Whether the bytes that it keeps lie in that memory. */
  isIn(memory: ArrayBufferLike): boolean {
    return this.#bytes.buffer === memory;
  }

  /**
   * Keeps copies, in the memory of the body before where that is enough: a page that differs each
   * time would be that much memory to collect each time. The first copy is snug.
   */
  keepCopy(body: Borrowed<Uint8Array>, offsets: SeriesOffsets): void {
    const { length } = body;
    const room = this.#bytes.length;
    if (room < length || room > length * 2)
      this.#setBytes(new Uint8Array(this.isKept ? length + (length >> 4) : length));
    this.#bytes.set(peek(body));
    this.offsets = fillOffsets(this.offsets, offsets);
    this.isKept = true;
    this.#isIndexed = false;
  }

  forget(): void {
    this.#setBytes(NO_BYTES);
    this.offsets = NO_OFFSETS;
    this.isKept = false;
    this.#isIndexed = false;
    this.#bySeries.clear();
  }

  #setBytes(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    yield* this.#bySeries.resetInSlices(count);
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
