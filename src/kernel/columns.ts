/** Columns of numbers that grow: typed arrays, of which a longer one is a copy. */

/** A copy of this length; the given one where it is as long already. */
export function lengthen(old: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (old.length >= length) return old;
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}
