/**
 * The offsets of the series of a body, as columns: what cache.ts remembers of the body before.
 * Values only.
 */
import { copyInSlices } from '../kernel/columns.ts';
import type { Steps } from './steps.ts';

/** The offsets of the series of a body, in the order of the body. */
export interface SeriesOffsets {
  count: number;
  stanzaStarts: Int32Array;
  seriesStarts: Int32Array;
  seriesEnds: Int32Array;
  slots: Int32Array;
  /** The hash of the series' bytes. */
  hashes: Int32Array;
  /** The TYPE that applies to the series, as an index into SERIES_TYPES. */
  types: Uint8Array;
}

/** Empty columns with room for that many series, in one piece of memory: most pages are small. */
export function newOffsets(size: number): SeriesOffsets {
  const memory = new ArrayBuffer(size * (INT_COLUMNS.length * 4 + 1));
  const column = (i: number): Int32Array => new Int32Array(memory, i * size * 4, size);
  return {
    count: 0,
    stanzaStarts: column(0),
    seriesStarts: column(1),
    seriesEnds: column(2),
    slots: column(3),
    hashes: column(4),
    types: new Uint8Array(memory, INT_COLUMNS.length * size * 4, size),
  };
}

/** The same as `newOffsets`, one column a slice: many zeros are long work. */
export function* newOffsetsInSlices(size: number): Steps<SeriesOffsets> {
  const to = newOffsets(0);
  for (const column of INT_COLUMNS) {
    to[column] = new Int32Array(size);
    yield;
  }
  to.types = new Uint8Array(size);
  return to;
}

/** The offsets with room for that many series more: the same columns, or longer copies. */
export function* makeRoomInSlices(from: SeriesOffsets, more: number): Steps<SeriesOffsets> {
  if (from.count + more <= from.slots.length) return from;
  const to = yield* newOffsetsInSlices(from.count + (from.count >> 1) + more);
  to.count = from.count;
  for (const column of COLUMNS) yield* copyInSlices(to[column], from[column], from.count);
  return to;
}

/** Copies the offsets to columns of that size. */
export function copyOffsets(from: SeriesOffsets, size: number): SeriesOffsets {
  const to = newOffsets(size);
  to.count = from.count;
  for (const column of COLUMNS) to[column].set(from[column].subarray(0, from.count));
  return to;
}

/** The same offsets in the given columns where they have room for them, else in longer ones. */
export function fillOffsets(to: SeriesOffsets, from: SeriesOffsets): SeriesOffsets {
  const { count } = from;
  const room = to.slots.length;
  if (room < count || room > count * 2) return copyOffsets(from, room === 0 ? count : pad(count));
  to.count = count;
  for (const column of COLUMNS) to[column].set(from[column].subarray(0, count));
  return to;
}

function pad(count: number): number {
  return count + (count >> 4) + 1;
}

/**
 * Notes the series [first, to) of the body before, which stand at `stanzaStarts` of the notes:
 * their other offsets are moved as far as their stanzas.
 */
export function moveOffsets(
  old: SeriesOffsets,
  notes: SeriesOffsets,
  first: number,
  to: number,
): void {
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
 * Copies the offsets to columns without spare room, in slices; returns them as they are where the
 * spare room is small.
 */
export function* trimOffsets(offsets: SeriesOffsets): Steps<SeriesOffsets> {
  const { count } = offsets;
  if (offsets.slots.length - count <= count >> 2) return offsets;
  const to = yield* newOffsetsInSlices(count);
  to.count = count;
  for (const column of COLUMNS) yield* copyInSlices(to[column], offsets[column], count);
  return to;
}

const INT_COLUMNS = ['stanzaStarts', 'seriesStarts', 'seriesEnds', 'slots', 'hashes'] as const;
const COLUMNS = [...INT_COLUMNS, 'types'] as const;
