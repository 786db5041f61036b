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
import { type Borrowed, takeOver } from '../model/borrowed.ts';
import { makeLabelSet } from '../model/labels.ts';
import { SERIES_TYPES } from '../model/sample.ts';
import type { ExpositionFormat } from '../wire/exposition/reader.ts';
import { areEqual } from '../kernel/equal-bytes.ts';
import { giveLargeBody } from '../kernel/large-bodies.ts';
import { hashBytes } from './hash-index.ts';
import {
  copyOffsets,
  makeRoomInSlices,
  moveOffsets,
  newOffsets,
  newOffsetsInSlices,
  trimOffsets,
} from './series-offsets.ts';
import { RANGE_SERIES, ReferenceBody } from './reference-body.ts';
import { ScrapeScratch } from './scratch.ts';
import { buildSeriesLabels } from './series-labels.ts';
import type { SeriesTable } from './series-table.ts';
import { runInRanges, type Steps } from './steps.ts';
import { appendAtOwnTime, type TargetSeries, setFamilyMetadata } from './target-series.ts';

/** Slot of a series that relabelling dropped. */
const DROPPED = -1;
const SPACE = 32;
/** Bytes of a large body that are read between two yields. */
const SLICE_BYTES = 4 * 1024;
/** More series than a slice may have. */
const SLICE_SERIES = SLICE_BYTES >> 1;

/** Whether a body holds exactly the series of the one before; 'more': more is left to be read. */
type WalkedBody = 'same' | 'other' | 'more';

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
  /** The series before is a new one, perhaps in the place of the expected one. */
  #isBehindNew = false;
  /** Where the stanza of the current sample begins, and whether the walk paused within it. */
  #stanzaStart = 0;
  #isInStanza = false;
  /** How many bytes with series that are not the expected ones may still be read at once. */
  #left = Infinity;
  /** Where a body goes on of which more is left. */
  #restPos = 0;

  constructor(series: TargetSeries, scratch: ScrapeScratch) {
    this.#series = series;
    this.#scratch = scratch;
    this.#table = series.table;
  }

  /**
   * Appends the samples of a body, but stops behind `restMax` bytes with series that are not where
   * they are expected: the caller goes on with `ingestInSlices`.
   *
   * @throws ExpositionError, PermanentError
   */
  ingest(
    body: Borrowed<Uint8Array>,
    format: ExpositionFormat,
    tMs: number,
    restMax: number,
  ): WalkedBody {
    const { reader } = this.#scratch;
    if (format !== this.#format) this.forget();
    this.#format = format;
    try {
      reader.open(body, format);
      const walked = this.#walk(tMs, restMax);
      if (walked !== 'other') return walked;
      this.#reference.keepCopy(reader.bytes, this.#scratch.offsets);
      return 'other';
    } finally {
      reader.release();
    }
  }

  /**
   * The same as `ingest` in slices, for a body that the caller owns; it takes a scratch of its own.
   * With `isRest` it goes on where `ingest` has stopped, and begins in the same turn.
   *
   * @returns whether it holds exactly the series of the body before
   */
  *ingestInSlices(
    body: Uint8Array,
    format: ExpositionFormat,
    tMs: number,
    isRest = false,
  ): Steps<boolean> {
    if (format !== this.#format) this.forget();
    this.#format = format;
    const shared = this.#scratch;
    const scratch = new ScrapeScratch(0, shared.turns);
    // What the shared columns hold is copied before the turn ends, in which they are this body's.
    if (isRest) scratch.offsets = copyOffsets(shared.offsets, shared.offsets.count + SLICE_SERIES);
    try {
      this.#scratch = scratch;
      yield* scratch.reader.openInSlices(body, this.#format);
      if (isRest) scratch.reader.pos = this.#restPos;
      yield;
      if (!isRest) {
        const room = Math.max(this.#reference.offsets.count, body.length >> 6) + SLICE_SERIES;
        scratch.offsets = yield* newOffsetsInSlices(room);
        if (yield* this.#walkSameInSlices(tMs)) return true;
      }
      if (yield* this.#walkRestInSlices(tMs)) return true;
      const offsets = yield* trimOffsets(scratch.offsets);
      giveLargeBody(this.#reference.keep(takeOver(scratch.reader.bytes), offsets));
      return false;
    } finally {
      this.#scratch = shared;
    }
  }

  /** Whether the body of this memory is kept. */
  keeps(memory: ArrayBufferLike): boolean {
    return this.#reference.isIn(memory);
  }

  /**
   * Forgets the reference: all series of the next body are scanned and looked up by their labels.
   */
  forget(): void {
    this.#reference.forget();
  }

  #walk(tMs: number, restMax: number): WalkedBody {
    const scratch = this.#scratch;
    const { reader } = scratch;
    const { count } = this.#reference.offsets;
    if (scratch.offsets.slots.length < count) scratch.offsets = newOffsets(count);
    const same = this.#walkSame(tMs, 0, count);
    if (same === count && count > 0 && reader.isAtEnd) return 'same';
    moveOffsets(this.#reference.offsets, this.#scratch.offsets, 0, same);
    this.#beginOther(same);
    this.#left = restMax;
    if (this.#walkRest(tMs, Infinity)) return this.#isSameBody ? 'same' : 'other';
    this.#restPos = reader.pos;
    return 'more';
  }

  /** Reads the series that stand where they stood. @returns whether that is the whole body */
  *#walkSameInSlices(tMs: number): Steps<boolean> {
    const { reader, offsets: notes } = this.#scratch;
    const old = this.#reference.offsets;
    const { count } = old;
    let same = 0;
    for (let to = 0; same === to && to < count;) {
      to = Math.min(count, to + RANGE_SERIES);
      same = this.#walkSame(tMs, same, to);
      yield;
    }
    if (same === count && count > 0 && reader.isAtEnd) return true;
    yield* runInRanges(same, RANGE_SERIES, (from, to) => moveOffsets(old, notes, from, to));
    notes.count = same;
    this.#beginOther(same);
    return false;
  }

  /** Reads the rest. @returns whether the body holds exactly the series of the reference */
  *#walkRestInSlices(tMs: number): Steps<boolean> {
    const scratch = this.#scratch;
    const { reader } = scratch;
    yield* this.#reference.indexInSlices();
    this.#left = Infinity;
    do {
      yield* this.#table.prepare(SLICE_SERIES);
      scratch.offsets = yield* makeRoomInSlices(scratch.offsets, SLICE_SERIES);
      yield;
    } while (!this.#walkRest(tMs, reader.pos + SLICE_BYTES));
    return this.#isSameBody;
  }

  /** An empty body has all series of the reference also where none is kept yet. */
  get #isSameBody(): boolean {
    const { isKept, offsets } = this.#reference;
    return this.#isSame && this.#expected === offsets.count && isKept;
  }

  #beginOther(same: number): void {
    this.#expected = same;
    this.#isSame = true;
    this.#isBehindNew = false;
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
   * Reads the rest of a body after the hot loop has stopped: series may be new, missing or moved.
   *
   *     reference   a  b  c  d  e
   *     new body    a  x  c  d  e     x is looked up and not found; c is found: d is expected next
   *
   * @returns false when it stopped at `until`, or soon behind it, or since nothing was left of
   * `#left`
   */
  #walkRest(tMs: number, until: number): boolean {
    const { reader } = this.#scratch;
    for (;;) {
      if (!this.#isInStanza) {
        if (reader.pos >= until || this.#left <= 0) return false;
        if (this.#takeAt(this.#expected, tMs)) continue;
        if (this.#isBehindNew && this.#takeAt(this.#expected + 1, tMs)) continue;
        this.#stanzaStart = reader.pos;
        this.#recallType();
      }
      const entry = this.#nextSample(until);
      this.#isInStanza = entry === 'pause';
      if (entry !== 'sample') return entry === 'end';
      this.#isSame = false;
      const position = this.#takeOther(tMs);
      this.#isBehindNew = position < 0;
      if (position >= 0) this.#expected = position + 1;
      this.#left -= reader.pos - this.#stanzaStart;
    }
  }

  /**
   * Takes the series at this position of the reference; false, and nothing is read, if another one
   * comes.
   */
  #takeAt(i: number, tMs: number): boolean {
    const { reader } = this.#scratch;
    const { view, offsets: old } = this.#reference;
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
    this.#isBehindNew = false;
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
    this.#hash = hashBytes(reader.bytes, reader.seriesStart, reader.seriesEnd);
    const position = this.#reference.find(reader, this.#hash);
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
      appendAtOwnTime(this.#series, slot, reader, tMs);
      return;
    }
    if (!this.#table.append(slot, tMs, reader.value)) counts.duplicates += 1;
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
