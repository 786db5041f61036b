/**
 * Where the series of a page lie, as columns: what cache.ts remembers of the page before. Values only.
 */

/** Where the series of a body lie, in order. */
export interface Places {
  count: number;
  segmentStarts: Int32Array;
  seriesStarts: Int32Array;
  seriesEnds: Int32Array;
  slots: Int32Array;
  /** Of the series' bytes; may be missing in a reference that was never looked up by hash. */
  hashes: Int32Array;
  /** The TYPE in force there, as index in SERIES_TYPES. */
  types: Uint8Array;
}

/** Room for that many. */
export function newPlaces(size: number): Places {
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
export function copyOf(from: Places, size: number): Places {
  const to = newPlaces(size);
  to.count = from.count;
  to.segmentStarts.set(from.segmentStarts.subarray(0, from.count));
  to.seriesStarts.set(from.seriesStarts.subarray(0, from.count));
  to.seriesEnds.set(from.seriesEnds.subarray(0, from.count));
  to.slots.set(from.slots.subarray(0, from.count));
  to.hashes.set(from.hashes.subarray(0, from.count));
  to.types.set(from.types.subarray(0, from.count));
  return to;
}
