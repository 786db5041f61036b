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
