/**
 * Appends the samples of text bodies to the series table, and remembers the series of one target by
 * their offsets in the body.
 *
 * A target nearly always serves the same series in the same order. So the last body that differed
 * is kept as reference, with the offsets of its series; a new body is compared with it in order:
 *
 *     reference   # TYPE a counter\na{b="c"} 1\na{b="d"} 7\n
 *                 └──── stanza 0 ─────────┘   └ stanza ┘    a stanza ends with its series
 *     new body    # TYPE a counter\na{b="c"} 2\na{b="d"} 7\n
 *                 equal bytes: the series is known, only the value is read
 *
 * Where bytes differ, the line is scanned and its series looked up by hash in the reference. Only
 * an unknown series is decoded, relabelled and given a ref. Memory: one body and about 40 bytes a
 * series. Prometheus' own cache is a map by the text of the series (scrape/scrape.go).
 */
import { type Borrowed, ownCopy, takeOver } from '../model/borrowed.ts';
import { makeLabelSet } from '../model/labels.ts';
import { SERIES_TYPES } from '../model/sample.ts';
import { type ExpositionFormat, ExpositionReader } from '../wire/exposition/reader.ts';
import { areEqual } from '../kernel/equal-bytes.ts';
import { hashBytes } from './hash-index.ts';
import { copyOffsets, newOffsets, type SeriesOffsets, trimOffsets } from './series-offsets.ts';
import { RANGE_SERIES, ReferenceBody } from './reference-body.ts';
import { buildSeriesLabels } from './series-labels.ts';
import type { SeriesTable } from './series-table.ts';
import { runInRanges, type Steps } from './steps.ts';
import { AHEAD_MAX_MS, type TargetSeries, setFamilyMetadata } from './target-series.ts';

/** Slot of a series that relabelling dropped. */
const DROPPED = -1;
const SPACE = 32;
/** Bytes of a large body that are read between two yields. */
const SLICE_BYTES = 16 * 1024;

/**
 * What all caches share, since only one works at a time: a reader, and columns to note offsets in.
 */
export class ScrapeScratch {
  readonly reader = new ExpositionReader();
  offsets: SeriesOffsets;

  /** @param room how many series it has space for at first */
  constructor(room = 0) {
    this.offsets = newOffsets(Math.max(1_024, room));
  }
}

export class SeriesCache {
  /** The shared scratch, except while a large body is read. */
  #scratch: ScrapeScratch;
  readonly #series: TargetSeries;
  readonly #table: SeriesTable;
  readonly #reference = new ReferenceBody();
  #format: ExpositionFormat = 'text';
  /**
   * State of `#walkRest`: the next position expected in the reference, and whether all series so
   * far were the expected ones.
   */
  #expected = 0;
  #isSame = true;
  /** Where the stanza of the current sample begins, and whether the walk paused within it. */
  #stanzaStart = 0;
  #isInStanza = false;

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
      // The walk also says "same" for an empty body where no reference is kept yet.
      const isSame = this.#walk(tMs) && this.#reference.isKept;
      if (!isSame) {
        const { offsets } = this.#scratch;
        this.#reference.keep(ownCopy(reader.bytes), copyOffsets(offsets, offsets.count));
      }
      return isSame;
    } finally {
      reader.release();
    }
  }

  /**
   * The same as `ingest` in slices, for a body that the caller owns; it takes a scratch of its own.
   */
  *ingestInSlices(body: Uint8Array, format: ExpositionFormat, tMs: number): Steps<boolean> {
    const shared = this.#scratch;
    const scratch = new ScrapeScratch(Math.max(this.#reference.offsets.count, body.length >> 7));
    if (format !== this.#format) this.forget();
    this.#format = format;
    try {
      this.#scratch = scratch;
      scratch.reader.open(body, format);
      yield;
      const isSame = (yield* this.#walkInSlices(tMs)) && this.#reference.isKept;
      if (isSame) return true;
      const offsets = yield* trimOffsets(scratch.offsets);
      this.#reference.keep(takeOver(scratch.reader.bytes), offsets);
      return false;
    } finally {
      this.#scratch = shared;
    }
  }

  /**
   * Forgets the reference: all series of the next body are scanned and looked up by their labels.
   */
  forget(): void {
    this.#reference.forget();
  }

  /** Reads the body. @returns whether it holds exactly the series of the reference, in order */
  #walk(tMs: number): boolean {
    const scratch = this.#scratch;
    const { reader } = scratch;
    const { count } = this.#reference.offsets;
    if (scratch.offsets.slots.length < count) scratch.offsets = newOffsets(count);
    const same = this.#walkSame(tMs, 0, count);
    if (same === count && count > 0 && reader.isAtEnd) return true;
    this.#noteSame(0, same);
    this.#beginOther(same);
    this.#walkRest(tMs, Infinity);
    return this.#isSame && this.#expected === count;
  }

  *#walkInSlices(tMs: number): Steps<boolean> {
    const { reader, offsets: notes } = this.#scratch;
    const { count } = this.#reference.offsets;
    let same = 0;
    for (let to = 0; same === to && to < count;) {
      to = Math.min(count, to + RANGE_SERIES);
      same = this.#walkSame(tMs, same, to);
      yield;
    }
    if (same === count && count > 0 && reader.isAtEnd) return true;
    yield* runInRanges(same, RANGE_SERIES, (from, to) => this.#noteSame(from, to));
    notes.count = same;
    yield* this.#reference.indexInSlices();
    this.#beginOther(same);
    do {
      yield* this.#table.prepare(SLICE_BYTES >> 1);
      yield;
    } while (!this.#walkRest(tMs, reader.pos + SLICE_BYTES));
    return this.#isSame && this.#expected === count;
  }

  #beginOther(same: number): void {
    this.#expected = same;
    this.#isSame = true;
    this.#isInStanza = false;
  }

  /**
   * The hot loop: reads values as long as the body holds the series [first, to) of the reference in
   * order.
   * @returns the position of the first series that differs, or `to`
   */
  #walkSame(tMs: number, first: number, to: number): number {
    const { reader, offsets: notes } = this.#scratch;
    const { stanzaStarts, seriesEnds, slots } = this.#reference.offsets;
    const { bytes, view } = reader;
    const { view: oldView } = this.#reference;
    const newStarts = notes.stanzaStarts;
    let { pos } = reader;
    let i = first;
    for (; i < to; i++) {
      const from = stanzaStarts[i] as number;
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

  /**
   * Notes what the hot loop found: the offsets of the series [first, to), moved to the new body.
   */
  #noteSame(first: number, to: number): void {
    const old = this.#reference.offsets;
    const notes = this.#scratch.offsets;
    for (let i = first; i < to; i++) {
      const moved = (notes.stanzaStarts[i] as number) - (old.stanzaStarts[i] as number);
      notes.seriesStarts[i] = (old.seriesStarts[i] as number) + moved;
      notes.seriesEnds[i] = (old.seriesEnds[i] as number) + moved;
    }
    notes.slots.set(old.slots.subarray(first, to), first);
    notes.hashes.set(old.hashes.subarray(first, to), first);
    notes.types.set(old.types.subarray(first, to), first);
    notes.count = to;
  }

  /**
   * Reads the rest of a body after the hot loop has stopped: series may be new, missing or moved.
   *
   *     reference   a  b  c  d  e
   *     new body    a  x  c  d  e     x is looked up and not found; c is found: d is expected next
   *
   * @returns false when it stopped at `until`, or soon behind it
   */
  #walkRest(tMs: number, until: number): boolean {
    const { reader } = this.#scratch;
    for (;;) {
      if (!this.#isInStanza) {
        if (reader.pos >= until) return false;
        if (this.#takeExpected(tMs)) continue;
        this.#stanzaStart = reader.pos;
        this.#recallType();
      }
      const entry = this.#nextSample(until);
      this.#isInStanza = entry === 'pause';
      if (entry !== 'sample') return entry === 'end';
      this.#isSame = false;
      const position = this.#takeOther(tMs);
      if (position >= 0) this.#expected = position + 1;
    }
  }

  /**
   * Takes the series that is expected next; returns false and reads nothing if another one comes.
   */
  #takeExpected(tMs: number): boolean {
    const { reader } = this.#scratch;
    const { view, offsets: old } = this.#reference;
    const i = this.#expected;
    if (i >= old.count) return false;
    const { pos } = reader;
    const from = old.stanzaStarts[i] as number;
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

  /** Sets the reader's type, since it has not read the TYPE lines that were only compared. */
  #recallType(): void {
    const { reader, offsets } = this.#scratch;
    if (offsets.count === 0) return;
    reader.type = SERIES_TYPES[offsets.types[offsets.count - 1] as number] ?? 'unknown';
  }

  /**
   * Takes the sample just scanned, whose series is not the expected one. @returns its series'
   * position in the reference, or -1
   */
  #takeOther(tMs: number): number {
    const { reader } = this.#scratch;
    const { metadata } = this.#series;
    const position = this.#lookUp();
    const slot =
      position < 0 ? this.#newSlot() : (this.#reference.offsets.slots[position] as number);
    if (position >= 0 && slot !== DROPPED && metadata.hasChanges)
      setFamilyMetadata(this.#table, slot, metadata, reader.labels()[0]?.[1] ?? '');
    const type = SERIES_TYPES.indexOf(reader.type);
    this.#note(this.#stanzaStart, reader.seriesStart, reader.seriesEnd, slot, this.#hash, type);
    this.#take(slot, tMs);
    return position;
  }

  #hash = 0;

  /**
   * Scans to the next sample and notes the metadata of its family; it may pause between two lines
   * behind `until`.
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

  /** Appends one sample of a series, or counts why it is not appended. */
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
    const labels = buildSeriesLabels(exposed, targetLabels, config);
    if (labels === undefined) return DROPPED;
    const name = exposed[0]?.[1] ?? '';
    const slot = this.#table.slotOf(labels, metadata.originOf(name, labels));
    setFamilyMetadata(this.#table, slot, metadata, name);
    return slot;
  }

  /** The position in the reference of the series just scanned, -1 when it is not there. */
  #lookUp(): number {
    const { reader } = this.#scratch;
    this.#hash = hashBytes(reader.bytes, reader.seriesStart, reader.seriesEnd);
    return this.#reference.find(reader, this.#hash);
  }

  #note(
    stanzaStart: number,
    seriesStart: number,
    seriesEnd: number,
    slot: number,
    hash: number,
    type: number,
  ): void {
    const scratch = this.#scratch;
    if (scratch.offsets.count === scratch.offsets.slots.length)
      scratch.offsets = copyOffsets(scratch.offsets, scratch.offsets.count * 2);
    const { offsets } = scratch;
    const i = offsets.count++;
    offsets.stanzaStarts[i] = stanzaStart;
    offsets.seriesStarts[i] = seriesStart;
    offsets.seriesEnds[i] = seriesEnd;
    offsets.slots[i] = slot;
    offsets.hashes[i] = hash;
    offsets.types[i] = type;
  }
}
