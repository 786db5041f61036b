/**
 * Writes varints, the numbers of protobuf and of snappy: seven bits a byte, the lowest first, with
 * the high bit set where more bytes follow. Numbers are exact to 2^53. Not here: reading, which
 * needs the end of the bytes and is in protobuf/reader.ts and snappy.ts.
 * Source: https://protobuf.dev/programming-guides/encoding/#varints
 */

/** How many bytes an unsigned varint takes. */
export function measureVarint(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest /= 128) length += 1;
  return length;
}

export function measureInt64(value: number): number {
  return value < 0 ? 10 : measureVarint(value);
}

/** Writes an unsigned varint; returns the offset behind it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let op = at;
  // Integer operations, which are faster, are exact only below 2^31.
  while (rest > 0x7fffffff) {
    bytes[op++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[op++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[op++] = rest;
  return op;
}

/** Writes an int64; returns the offset behind it. */
export function putInt64(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0) return putVarint(bytes, at, value);
  let rest = -(value + 1);
  for (let i = 0; i < 9; i++) {
    bytes[at + i] = (~(rest % 128) & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at + 9] = 1;
  return at + 10;
}

/**
 * Writes a sint64, 0 -1 1 -2 2 as 0 1 2 3 4, so that a small number is short whatever its sign;
 * returns the offset behind it.
 */
export function putSint64(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0) return putVarint(bytes, at, value * 2);
  const end = putVarint(bytes, at, -value * 2 - 1);
  // The lowest bit is the sign. A number above 2^53 is rounded and has lost it, so it is set here.
  bytes[at] = (bytes[at] as number) | 1;
  return end;
}
