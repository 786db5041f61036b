/**
 * From a text body to samples in the series table, remembering the series of one target by place.
 *
 * A target serves the same series in the same order nearly always. So the last body that differed
 * is kept as reference, with where its series lie; a new body is compared with it in place:
 *
 *     reference   # TYPE a counter\na{b="c"} 1\na{b="d"} 7\n
 *                 └──── segment 0 ────────┘   └ seg. 1 ┘        a segment ends with its series
 *     new body    # TYPE a counter\na{b="c"} 2\na{b="d"} 7\n    equal bytes → the series is known, read the value
 *
 * Only where bytes differ the line is scanned and looked up by hash among the reference's series;
 * only an unknown series is decoded, relabelled and given a ref. Memory: one body and about 40
 * bytes a series.
 * Technique and figures: docs, performance; Prometheus' own cache is a map by series text
 * (scrape/scrape.go).
 */
import { type Borrowed, ownCopy, takeOver } from '../model/borrowed.ts';
import { makeLabelSet } from '../model/labels.ts';
import { SERIES_TYPES } from '../model/sample.ts';
import { type ExpositionFormat, ExpositionReader } from '../wire/exposition/reader.ts';
import { areEqual } from './equal-bytes.ts';
import { hashBytes } from './hash-index.ts';
import { copyOffsets, newOffsets, type SeriesOffsets, trimOffsets } from './series-offsets.ts';
import { RANGE_SERIES, ReferenceBody } from './reference-body.ts';
import { seriesLabels } from './series-labels.ts';
import type { SeriesTable } from './series-table.ts';
import { inRanges, type Steps } from './steps.ts';
import { AHEAD_MAX_MS, type TargetSeries, tellFamily } from './target-series.ts';

/** Slot of a series that relabelling dropped. */
const DROPPED = -1;
const SPACE = 32;
/** Bytes of a large page that are read between two yields. */
const SLICE_BYTES = 16 * 1024;

/**
 * What all caches share while they work, one at a time in a turn: a reader, and room to note
 * places.
 */
export class ScrapeScratch {
  readonly reader = new ExpositionReader();
  places: SeriesOffsets;

  /** @param room  for so many places at first */
  constructor(room = 0) {
    this.places = newOffsets(Math.max(1_024, room));
  }
}

export class SeriesCache {
  /** The shared one, but for a large page. */
  #scratch: ScrapeScratch;
  readonly #series: TargetSeries;
  readonly #table: SeriesTable;
  readonly #reference = new ReferenceBody();
  #format: ExpositionFormat = 'text';
  /**
   * Of the walk that `#walkOn` goes on with: the next position expected, and whether all was so.
   */
  #expected = 0;
  #isSame = true;
  /** Where the lines before the sample at hand begin; the walk stopped among them. */
  #segmentStart = 0;
  #isInSegment = false;

  constructor(series: TargetSeries, scratch: ScrapeScratch) {
    this.#series = series;
    this.#scratch = scratch;
    this.#table = series.table;
  }

  /**
   * Appends the samples of a body.
   *
   * @returns whether it holds exactly the series of the body before
   * @throws ExpositionError, PermanentError
   */
  ingest(body: Borrowed<Uint8Array>, format: ExpositionFormat, tMs: number): boolean {
    const { reader } = this.#scratch;
    if (format !== this.#format) this.forget();
    this.#format = format;
    try {
      reader.open(body, format);
      // Without a page before there is nothing to be the same as, though both may be empty.
      const isSame = this.#walk(tMs) && this.#reference.isKept;
      if (!isSame) {
        const { places } = this.#scratch;
        this.#reference.keep(ownCopy(reader.bytes), copyOffsets(places, places.count));
      }
      return isSame;
    } finally {
      reader.release();
    }
  }

  /** As `ingest`, of a body that is the caller's own, with a scratch of its own. */
  *ingestInSlices(body: Uint8Array, format: ExpositionFormat, tMs: number): Steps<boolean> {
    const shared = this.#scratch;
    const scratch = new ScrapeScratch(Math.max(this.#reference.places.count, body.length >> 7));
    if (format !== this.#format) this.forget();
    this.#format = format;
    try {
      this.#scratch = scratch;
      scratch.reader.open(body, format);
      yield;
      const isSame = (yield* this.#walkInSlices(tMs)) && this.#reference.isKept;
      if (isSame) return true;
      const places = yield* trimOffsets(scratch.places);
      this.#reference.keep(takeOver(scratch.reader.bytes), places);
      return false;
    } finally {
      this.#scratch = shared;
    }
  }

  /** Lets go of the body before: the next one is read from scratch. */
  forget(): void {
    this.#reference.forget();
  }

  /**
   * Goes through the body. @returns whether it holds exactly the series of the reference, in order
   */
  #walk(tMs: number): boolean {
    const scratch = this.#scratch;
    const { reader } = scratch;
    const { count } = this.#reference.places;
    if (scratch.places.slots.length < count) scratch.places = newOffsets(count);
    const same = this.#walkSame(tMs, 0, count);
    if (same === count && count > 0 && reader.isAtEnd) return true;
    this.#noteSame(0, same);
    this.#beginOther(same);
    this.#walkOn(tMs, Infinity);
    return this.#isSame && this.#expected === count;
  }

  *#walkInSlices(tMs: number): Steps<boolean> {
    const { reader, places: notes } = this.#scratch;
    const { count } = this.#reference.places;
    let same = 0;
    for (let to = 0; same === to && to < count;) {
      to = Math.min(count, to + RANGE_SERIES);
      same = this.#walkSame(tMs, same, to);
      yield;
    }
    if (same === count && count > 0 && reader.isAtEnd) return true;
    yield* inRanges(same, RANGE_SERIES, (from, to) => this.#noteSame(from, to));
    notes.count = same;
    yield* this.#reference.indexInSlices();
    this.#beginOther(same);
    do {
      yield* this.#table.prepare(SLICE_BYTES >> 1);
      yield;
    } while (!this.#walkOn(tMs, reader.pos + SLICE_BYTES));
    return this.#isSame && this.#expected === count;
  }

  #beginOther(same: number): void {
    this.#expected = same;
    this.#isSame = true;
    this.#isInSegment = false;
  }

  /**
   * The hot loop: as far as the body holds the series [from, to) of the reference in order.
   * @returns where that ends
   */
  #walkSame(tMs: number, first: number, to: number): number {
    const { reader, places: notes } = this.#scratch;
    const { segmentStarts, seriesEnds, slots } = this.#reference.places;
    const { bytes, view } = reader;
    const { view: oldView } = this.#reference;
    const newStarts = notes.segmentStarts;
    let { pos } = reader;
    let i = first;
    for (; i < to; i++) {
      const from = segmentStarts[i] as number;
      const length = (seriesEnds[i] as number) - from;
      const end = pos + length;
      if (bytes[end] !== SPACE || !areEqual(view, pos, oldView, from, length)) break;
      const after = reader.readValue(end);
      if (after < 0) break;
      newStarts[i] = pos;
      pos = after;
      this.#take(slots[i] as number, tMs);
    }
    reader.pos = pos;
    return i;
  }

  /** Notes what the hot loop found: the reference's places [first, to), moved. */
  #noteSame(first: number, to: number): void {
    const old = this.#reference.places;
    const notes = this.#scratch.places;
    for (let i = first; i < to; i++) {
      const moved = (notes.segmentStarts[i] as number) - (old.segmentStarts[i] as number);
      notes.seriesStarts[i] = (old.seriesStarts[i] as number) + moved;
      notes.seriesEnds[i] = (old.seriesEnds[i] as number) + moved;
    }
    notes.slots.set(old.slots.subarray(first, to), first);
    notes.hashes.set(old.hashes.subarray(first, to), first);
    notes.types.set(old.types.subarray(first, to), first);
    notes.count = to;
  }

  /**
   * The rest of a body whose first series are those of the reference: others come, some are
   * missing.
   *
   *     reference   a  b  c  d  e
   *     new body    a  x  c  d  e     x is looked up and not found, c is: d is expected again
   *
   * @returns false when it stopped at `until`, or soon behind it
   */
  #walkOn(tMs: number, until: number): boolean {
    const { reader } = this.#scratch;
    for (;;) {
      if (!this.#isInSegment) {
        if (reader.pos >= until) return false;
        if (this.#takeExpected(tMs)) continue;
        this.#segmentStart = reader.pos;
        this.#recallType();
      }
      const entry = this.#nextSample(until);
      this.#isInSegment = entry === 'pause';
      if (entry !== 'sample') return entry === 'end';
      this.#isSame = false;
      const position = this.#takeOther(tMs);
      if (position >= 0) this.#expected = position + 1;
    }
  }

  /**
   * Takes the series that comes next in the reference; false, and nothing is read, if another
   * comes.
   */
  #takeExpected(tMs: number): boolean {
    const { reader } = this.#scratch;
    const { view, places: old } = this.#reference;
    const i = this.#expected;
    if (i >= old.count) return false;
    const { pos } = reader;
    const from = old.segmentStarts[i] as number;
    const length = (old.seriesEnds[i] as number) - from;
    const end = pos + length;
    if (reader.bytes[end] !== SPACE || !areEqual(reader.view, pos, view, from, length))
      return false;
    const after = reader.readValue(end);
    if (after < 0) return false;
    const start = pos + ((old.seriesStarts[i] as number) - from);
    const slot = old.slots[i] as number;
    this.#note(pos, start, end, slot, old.hashes[i] as number, old.types[i] as number);
    reader.pos = after;
    this.#expected = i + 1;
    this.#take(slot, tMs);
    return true;
  }

  /** The reader has not seen the TYPE lines that were compared and not read. */
  #recallType(): void {
    const { reader, places } = this.#scratch;
    if (places.count === 0) return;
    reader.type = SERIES_TYPES[places.types[places.count - 1] as number] ?? 'unknown';
  }

  /**
   * The sample just scanned, which is not what was expected. @returns its series' position in the
   * reference, or -1
   */
  #takeOther(tMs: number): number {
    const { reader } = this.#scratch;
    const { metadata } = this.#series;
    const position = this.#lookUp();
    const slot =
      position < 0 ? this.#newSlot() : (this.#reference.places.slots[position] as number);
    if (position >= 0 && slot !== DROPPED && metadata.hasChanges)
      tellFamily(this.#table, slot, metadata, reader.labels()[0]?.[1] ?? '');
    const type = SERIES_TYPES.indexOf(reader.type);
    this.#note(this.#segmentStart, reader.seriesStart, reader.seriesEnd, slot, this.#hash, type);
    this.#take(slot, tMs);
    return position;
  }

  #hash = 0;

  /**
   * Scans to the next sample, noting what is said of its family; it may stop between lines behind
   * `until`.
   */
  #nextSample(until: number): 'sample' | 'end' | 'pause' {
    const { reader } = this.#scratch;
    for (;;) {
      const entry = reader.nextBefore(until);
      if (entry === 'sample' || entry === 'end' || entry === 'pause') return entry;
      this.#series.metadata.take(reader.metricName, entry, reader.text, reader.type);
      if (reader.pos >= until) return 'pause';
    }
  }

  /** One sample of a series goes to the appender, or is counted as why it does not. */
  #take(slot: number, tMs: number): void {
    const { reader } = this.#scratch;
    const { counts } = this.#series;
    counts.scraped += 1;
    if (slot === DROPPED) return;
    counts.kept += 1;
    if (reader.hasExemplar) this.#takeExemplar(slot, tMs);
    if (reader.hasTime && this.#series.config.honorTimestamps) {
      this.#takeAt(slot, tMs);
      return;
    }
    if (!this.#table.append(slot, tMs, reader.value)) counts.duplicates += 1;
  }

  #takeAt(slot: number, nowMs: number): void {
    const { config, counts } = this.#series;
    const { reader } = this.#scratch;
    if (reader.tMs > nowMs + AHEAD_MAX_MS) {
      this.#table.touch(slot);
      counts.outOfBounds += 1;
      return;
    }
    const outcome = this.#table.appendAt(slot, reader, config.trackTimestampsStaleness);
    if (outcome === 'out_of_order') counts.outOfOrder += 1;
  }

  #takeExemplar(slot: number, nowMs: number): void {
    const { value, tMs, ...given } = this.#scratch.reader.exemplar();
    const labels = makeLabelSet(given.labels);
    if (this.#series.exemplars.isNew(slot, labels, value, tMs))
      this.#table.appendExemplar(slot, { labels, value, tMs: tMs ?? nowMs });
  }

  /** The slot of a series seen for the first time. */
  #newSlot(): number {
    const { targetLabels, config, metadata } = this.#series;
    const exposed = this.#scratch.reader.labels();
    const labels = seriesLabels(exposed, targetLabels, config);
    if (labels === undefined) return DROPPED;
    const slot = this.#table.slotOf(labels);
    tellFamily(this.#table, slot, metadata, exposed[0]?.[1] ?? '');
    return slot;
  }

  /** The position in the reference of the series just scanned, -1 when it is not there. */
  #lookUp(): number {
    const { reader } = this.#scratch;
    this.#hash = hashBytes(reader.bytes, reader.seriesStart, reader.seriesEnd);
    return this.#reference.find(reader, this.#hash);
  }

  #note(
    segmentStart: number,
    seriesStart: number,
    seriesEnd: number,
    slot: number,
    hash: number,
    type: number,
  ): void {
    const scratch = this.#scratch;
    if (scratch.places.count === scratch.places.slots.length)
      scratch.places = copyOffsets(scratch.places, scratch.places.count * 2);
    const { places } = scratch;
    const i = places.count++;
    places.segmentStarts[i] = segmentStart;
    places.seriesStarts[i] = seriesStart;
    places.seriesEnds[i] = seriesEnd;
    places.slots[i] = slot;
    places.hashes[i] = hash;
    places.types[i] = type;
  }
}
