/**
 * From a text body to samples in the series table, remembering the series of one target by place.
 *
 * A target serves the same series in the same order nearly always. So the last body that differed is kept as
 * reference, with where its series lie; a new body is compared with it in place:
 *
 *     reference   # TYPE a counter\na{b="c"} 1\na{b="d"} 7\n
 *                 └──── segment 0 ────────┘   └ seg. 1 ┘        a segment ends with its series
 *     new body    # TYPE a counter\na{b="c"} 2\na{b="d"} 7\n    equal bytes → the series is known, read the value
 *
 * Only where bytes differ the line is scanned and looked up by hash among the reference's series; only an unknown
 * series is decoded, relabelled and given a ref. Memory: one body and about 40 bytes a series.
 * Technique and figures: docs, performance; Prometheus' own cache is a map by series text (scrape/scrape.go).
 */
import { type Borrowed, ownCopy } from '../model/borrowed.ts';
import { type LabelSet, labelSetOf } from '../model/labels.ts';
import { SERIES_TYPES } from '../model/sample.ts';
import { type ExpositionFormat, ExpositionReader } from '../wire/exposition-parser.ts';
import type { ScrapeConfig } from './config.ts';
import type { ExemplarMemory } from './exemplar-memory.ts';
import type { FamilyMetadata } from './family-metadata.ts';
import { HashIndex, hashBytes } from './hash-index.ts';
import { copyOf, newPlaces, type Places } from './places.ts';
import { seriesLabels } from './series-labels.ts';
import type { SeriesTable } from './series-table.ts';

/** What one scrape brought. */
export interface ScrapeCounts {
  /** Samples in the body. */
  scraped: number;
  /** Those left after metric relabelling, also when they are then not appended. */
  kept: number;
  /** Series not known before. */
  added: number;
  duplicates: number;
  outOfOrder: number;
  outOfBounds: number;
}

/** Samples of the future beyond this are dropped, as Prometheus drops them. */
const AHEAD_MAX_MS = 10 * 60_000;
/** Slot of a series that relabelling dropped. */
const DROPPED = -1;
const SPACE = 32;

/** What all caches share while they work, one at a time: a reader, and room to note places. */
export class ScrapeScratch {
  readonly reader = new ExpositionReader();
  places: Places = newPlaces(1_024);
}

/** What the readers of a target's pages share. */
export interface TargetSeries {
  readonly table: SeriesTable;
  readonly metadata: FamilyMetadata;
  readonly exemplars: ExemplarMemory;
  readonly targetLabels: LabelSet;
  /** Set only between scrapes, with all memory of pages forgotten. */
  config: ScrapeConfig;
  /** Of the scrape under way. */
  counts: ScrapeCounts;
}

export class SeriesCache {
  readonly #scratch: ScrapeScratch;
  readonly #series: TargetSeries;
  readonly #table: SeriesTable;
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #places: Places = newPlaces(0);
  readonly #bySeries = new HashIndex();
  #isIndexed = false;
  #hasHashes = false;
  #format: ExpositionFormat = 'text';
  #hasReference = false;

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
      const isSame = this.#walk(tMs) && this.#hasReference;
      if (!isSame) this.#keep(reader.bytes);
      return isSame;
    } finally {
      reader.release();
    }
  }

  /** Lets go of the body before: the next one is read from scratch. */
  forget(): void {
    this.#body = new Uint8Array(0);
    this.#view = new DataView(new ArrayBuffer(0));
    this.#places = newPlaces(0);
    this.#bySeries.clear();
    this.#isIndexed = false;
    this.#hasReference = false;
  }

  /** Goes through the body. @returns whether it holds exactly the series of the reference, in order */
  #walk(tMs: number): boolean {
    const scratch = this.#scratch;
    const { reader } = scratch;
    const { count } = this.#places;
    if (scratch.places.slots.length < count) scratch.places = newPlaces(count);
    const same = this.#walkSame(tMs);
    if (same === count && count > 0 && reader.isAtEnd) return true;
    this.#noteSame(same);
    return this.#walkOn(tMs, same);
  }

  /** The hot loop: as far as the body holds the series of the reference in order. @returns how many */
  #walkSame(tMs: number): number {
    const { reader, places: notes } = this.#scratch;
    const { segmentStarts, seriesEnds, slots, count } = this.#places;
    const { bytes, view } = reader;
    const oldView = this.#view;
    const newStarts = notes.segmentStarts;
    let { pos } = reader;
    let i = 0;
    for (; i < count; i++) {
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

  /** Notes what the hot loop found: the reference's places, moved. */
  #noteSame(same: number): void {
    const old = this.#places;
    const notes = this.#scratch.places;
    for (let i = 0; i < same; i++) {
      const moved = (notes.segmentStarts[i] as number) - (old.segmentStarts[i] as number);
      notes.seriesStarts[i] = (old.seriesStarts[i] as number) + moved;
      notes.seriesEnds[i] = (old.seriesEnds[i] as number) + moved;
    }
    notes.slots.set(old.slots.subarray(0, same));
    notes.hashes.set(old.hashes.subarray(0, same));
    notes.types.set(old.types.subarray(0, same));
    notes.count = same;
  }

  /** The rest of a body whose first series are those of the reference: others come, some are missing. */
  #walkOn(tMs: number, same: number): boolean {
    const { reader } = this.#scratch;
    const { metadata } = this.#series;
    const { bytes, view } = reader;
    const old = this.#places;
    let expected = same;
    let isSame = true;
    for (;;) {
      const pos = reader.pos;
      if (expected < old.count) {
        const from = old.segmentStarts[expected] as number;
        const length = (old.seriesEnds[expected] as number) - from;
        const end = pos + length;
        if (bytes[end] === SPACE && areEqual(view, pos, this.#view, from, length)) {
          const after = reader.readValue(end);
          if (after >= 0) {
            const start = pos + ((old.seriesStarts[expected] as number) - from);
            const slot = old.slots[expected] as number;
            const hash = old.hashes[expected] as number;
            this.#note(pos, start, end, slot, hash, old.types[expected] as number);
            reader.pos = after;
            expected += 1;
            this.#take(slot, tMs);
            continue;
          }
        }
      }
      // The reader has not seen the TYPE lines that were compared and not read.
      const { count } = this.#scratch.places;
      if (count > 0) {
        const type = this.#scratch.places.types[count - 1] as number;
        reader.type = SERIES_TYPES[type] ?? 'unknown';
      }
      if (!this.#nextSample()) break;
      isSame = false;
      if (!this.#hasHashes) this.#hashReference();
      const place = this.#lookUp();
      const slot = place < 0 ? this.#newSlot() : (old.slots[place] as number);
      if (place >= 0 && slot !== DROPPED && metadata.hasChanges)
        tellFamily(this.#table, slot, metadata, reader.labels()[0]?.[1] ?? '');
      if (place >= 0) expected = place + 1;
      const type = SERIES_TYPES.indexOf(reader.type);
      this.#note(pos, reader.seriesStart, reader.seriesEnd, slot, this.#hash, type);
      this.#take(slot, tMs);
    }
    return isSame && expected === old.count;
  }

  #hash = 0;

  /** Scans to the next sample, noting what is said of its family; false at the end. */
  #nextSample(): boolean {
    const { reader } = this.#scratch;
    for (;;) {
      const entry = reader.next();
      if (entry === 'sample') return true;
      if (entry === 'end') return false;
      this.#series.metadata.take(reader.metricName, entry, reader.text, reader.type);
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
    const labels = labelSetOf(given.labels);
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

  /** The place in the reference of the series just scanned, -1 when it is not there. */
  #lookUp(): number {
    const { bytes, view, seriesStart, seriesEnd } = this.#scratch.reader;
    const hash = hashBytes(bytes, seriesStart, seriesEnd);
    this.#hash = hash;
    if (this.#places.count === 0) return -1;
    if (!this.#isIndexed) this.#index();
    const { hashes, seriesStarts, seriesEnds } = this.#places;
    const length = seriesEnd - seriesStart;
    return this.#bySeries.find(hash, (place) => {
      const start = seriesStarts[place] as number;
      return (
        hashes[place] === hash &&
        (seriesEnds[place] as number) - start === length &&
        areEqual(view, seriesStart, this.#view, start, length)
      );
    });
  }

  #hashReference(): void {
    const { count, hashes, seriesStarts, seriesEnds } = this.#places;
    const notes = this.#scratch.places;
    for (let i = 0; i < count; i++)
      hashes[i] = hashBytes(this.#body, seriesStarts[i] as number, seriesEnds[i] as number);
    // Up to here the new body is the same as the reference.
    notes.hashes.set(hashes.subarray(0, notes.count));
    this.#hasHashes = true;
  }

  #index(): void {
    const { count, hashes } = this.#places;
    this.#bySeries.reset(count);
    for (let i = count - 1; i >= 0; i--) this.#bySeries.add(hashes[i] as number, i);
    this.#isIndexed = true;
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
      scratch.places = copyOf(scratch.places, scratch.places.count * 2);
    const { places } = scratch;
    const i = places.count++;
    places.segmentStarts[i] = segmentStart;
    places.seriesStarts[i] = seriesStart;
    places.seriesEnds[i] = seriesEnd;
    places.slots[i] = slot;
    places.hashes[i] = hash;
    places.types[i] = type;
  }

  /** The body becomes the reference. */
  #keep(bytes: Borrowed<Uint8Array>): void {
    this.#hasReference = true;
    const body = ownCopy(bytes);
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const { places } = this.#scratch;
    this.#places = copyOf(places, places.count);
    this.#isIndexed = false;
    this.#bySeries.clear();
  }
}

/** Tells the appender of a series what its family is, by the name that the target exposes. */
export function tellFamily(
  table: SeriesTable,
  slot: number,
  metadata: FamilyMetadata,
  name: string,
): void {
  const family = metadata.of(name);
  const told = family === undefined ? undefined : metadata.entries.get(family);
  if (family !== undefined && told !== undefined) table.setMetadata(slot, family, told);
}

/**
 * Compares sixteen bytes a turn, then four, then what is left; eight-byte reads would make BigInts. Both ranges lie within
 * their views but for the first, which is checked.
 */
function areEqual(
  a: Borrowed<DataView>,
  aStart: number,
  b: Borrowed<DataView>,
  bStart: number,
  length: number,
): boolean {
  if (aStart + length > a.byteLength) return false;
  const end = aStart + length;
  let i = aStart;
  let j = bStart;
  for (const last = end - 16; i <= last; i += 16, j += 16)
    if (
      ((a.getInt32(i, true) ^ b.getInt32(j, true)) |
        (a.getInt32(i + 4, true) ^ b.getInt32(j + 4, true)) |
        (a.getInt32(i + 8, true) ^ b.getInt32(j + 8, true)) |
        (a.getInt32(i + 12, true) ^ b.getInt32(j + 12, true))) !==
      0
    )
      return false;
  for (const last = end - 4; i <= last; i += 4, j += 4)
    if (a.getInt32(i, true) !== b.getInt32(j, true)) return false;
  for (; i < end; i++, j++) if (a.getUint8(i) !== b.getUint8(j)) return false;
  return true;
}
