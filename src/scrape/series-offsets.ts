/**
 * Where the series of a page lie, as columns: what cache.ts remembers of the page before. Values
 * only.
 */

import type { Steps } from './steps.ts';

/** Where the series of a body lie, in order. */
export interface SeriesOffsets {
  count: number;
  segmentStarts: Int32Array;
  seriesStarts: Int32Array;
  seriesEnds: Int32Array;
  slots: Int32Array;
  /** Of the series' bytes. */
  hashes: Int32Array;
  /** The TYPE in force there, as index in SERIES_TYPES. */
  types: Uint8Array;
}

/** Room for that many. */
export function newOffsets(size: number): SeriesOffsets {
  return {
    count: 0,
    segmentStarts: new Int32Array(size),
    seriesStarts: new Int32Array(size),
    seriesEnds: new Int32Array(size),
    slots: new Int32Array(size),
    hashes: new Int32Array(size),
    types: new Uint8Array(size),
  };
}

/** The same places in columns of that size. */
export function copyOffsets(from: SeriesOffsets, size: number): SeriesOffsets {
  const to = newOffsets(size);
  to.count = from.count;
  for (const column of COLUMNS) to[column].set(from[column].subarray(0, from.count));
  return to;
}

/** The places in columns that are no longer than they must be, one column a slice. */
export function* trimOffsets(places: SeriesOffsets): Steps<SeriesOffsets> {
  const { count } = places;
  if (places.slots.length - count <= count >> 2) return places;
  const to = { ...newOffsets(0), count };
  for (const column of INT_COLUMNS) {
    to[column] = places[column].slice(0, count);
    yield;
  }
  to.types = places.types.slice(0, count);
  return to;
}

const INT_COLUMNS = ['segmentStarts', 'seriesStarts', 'seriesEnds', 'slots', 'hashes'] as const;
const COLUMNS = [...INT_COLUMNS, 'types'] as const;
