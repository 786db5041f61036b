/** Columns of numbers that grow: typed arrays, of which a longer one is a copy. */

/** A column without rows, which all can share. */
export const NO_ROWS = new Int32Array(0);

/** A copy of this length; the given one where it is as long already. */
export function lengthen(old: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (old.length >= length) return old;
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}

/** Rows that are copied between two yields: 256 KiB of integers. */
const SLICE_ROWS = 65_536;

/** The same in slices: to write to much new memory is long work. The column must not change. */
export function* lengthenInSlices(
  old: Int32Array<ArrayBuffer>,
  length: number,
): Generator<undefined, Int32Array<ArrayBuffer>, undefined> {
  if (old.length >= length) return old;
  const larger = new Int32Array(length);
  yield* copyInSlices(larger, old, old.length);
  return larger;
}

/** Copies the first rows of a column to another one, in slices. */
export function* copyInSlices<Column extends Int32Array | Uint8Array | Float64Array>(
  to: Column,
  from: Column,
  rows: number,
): Generator<undefined, void, undefined> {
  for (let at = 0; at < rows; at += SLICE_ROWS) {
    to.set(from.subarray(at, Math.min(rows, at + SLICE_ROWS)), at);
    yield;
  }
}

/**
 * Copies of this length in one piece of memory: thousands of tables with few rows are as many
 * pieces, and the garbage collector looks at each.
 */
export function lengthenTogether<Columns extends readonly Int32Array<ArrayBuffer>[]>(
  old: Columns,
  length: number,
): { [Column in keyof Columns]: Int32Array<ArrayBuffer> } {
  const memory = new ArrayBuffer(old.length * length * Int32Array.BYTES_PER_ELEMENT);
  const larger = old.map((column, i) => {
    const copy = new Int32Array(memory, i * length * Int32Array.BYTES_PER_ELEMENT, length);
    copy.set(column);
    return copy;
  });
  return larger as { [Column in keyof Columns]: Int32Array<ArrayBuffer> };
}
