/**
 * Snappy block format, the compression of remote write. Pure; no framing, no streams. A block is
 * the length of the original as a varint, then elements: literals, and copies of earlier output. So
 * blocks can be joined: the lengths are added, the elements concatenated.
 * Limits: `uncompress` checks the promised length against `maxBytes` before it allocates; original
 * < 2^32 bytes.
 * Source: https://github.com/google/snappy/blob/main/format_description.txt
 */
import { WireError } from './errors.ts';
import { putVarint } from './varint.ts';

/** Copies reach back at most this far: an offset fits two bytes. */
const OFFSET_MAX = 65_535;
/** The longest literal whose length fits two bytes. */
const LITERAL_MAX = 65_536;
const HASH_BITS_MAX = 14;
/** The last bytes are always a literal, so that the matcher may read four bytes at any position. */
const INPUT_MARGIN = 15;

/** From this length on copyWithin is faster than a loop. */
const COPY_WITHIN_MIN = 32;

/**
 * The last position by the hash of four bytes. All calls share the table, since compression is
 * synchronous.
 */
const table = new Int32Array(1 << HASH_BITS_MAX);

/** The size of the largest block that `length` bytes can become. */
export function maxCompressedLength(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

/** Compresses bytes to one block in memory of its own. */
export function compress(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(maxCompressedLength(input.length));
  return output.slice(0, compressInto(input, output, 0));
}

/**
 * Compresses into `output` from `at`, which must have room for `maxCompressedLength(input.length)`
 * bytes. The reference implementation begins anew every 64 KiB; here the whole of what went before
 * can be copied, as far as an offset reaches.
 *
 * @returns the offset behind the block
 */
export function compressInto(input: Uint8Array, output: Uint8Array, at: number): number {
  const { length } = input;
  let op = putVarint(output, at, length);
  if (length < INPUT_MARGIN) return length === 0 ? op : putLiteral(input, 0, length, output, op);
  const view = new DataView(input.buffer, input.byteOffset, length);
  let bits = 8;
  while (1 << bits < length && bits < HASH_BITS_MAX) bits += 1;
  const shift = 32 - bits;
  table.fill(0, 0, 1 << bits);

  let literalStart = 0;
  let ip = 1;
  const limit = length - INPUT_MARGIN;
  // The step grows with the distance from the last match, so that incompressible bytes cost little.
  let skip = 32;
  while (ip <= limit) {
    const word = view.getInt32(ip, true);
    const hash = Math.imul(word, 0x1e35a7bd) >>> shift;
    const candidate = table[hash] as number;
    table[hash] = ip;
    if (ip - candidate > OFFSET_MAX || view.getInt32(candidate, true) !== word) {
      ip += skip >>> 5;
      skip += 1;
      continue;
    }
    if (ip > literalStart) op = putLiteral(input, literalStart, ip, output, op);
    const matched = measureMatch(view, candidate + 4, ip + 4, length) + 4;
    op = putCopy(output, op, ip - candidate, matched);
    ip += matched;
    literalStart = ip;
    skip = 32;
    if (ip > limit) break;
    table[Math.imul(view.getInt32(ip - 1, true), 0x1e35a7bd) >>> shift] = ip - 1;
  }
  return literalStart < length ? putLiteral(input, literalStart, length, output, op) : op;
}

/** Reads the length that a block promises for its original. @throws WireError */
export function uncompressedLength(block: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) throw makeCorruptError('the length is cut off');
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (length > 0xffffffff) throw makeCorruptError('the length is above 2^32');
      return length;
    }
  }
  throw makeCorruptError('the length has more than five bytes');
}

/**
 * Uncompresses a block.
 *
 * @throws WireError: `too_large` before allocating when more than `maxBytes` are promised, else
 * `corrupt`
 */
export function uncompress(block: Uint8Array, maxBytes: number): Uint8Array {
  const length = uncompressedLength(block);
  if (length > maxBytes) {
    throw new WireError('too_large', `snappy block holds ${length} bytes, above ${maxBytes}`);
  }
  // An element of three bytes makes at most 64: a block can't keep a longer promise, so nothing is
  // allocated for it.
  if (length > block.length * 22)
    throw makeCorruptError('the length is more than the elements can make');
  const output = new Uint8Array(length);
  if (expand(block, measurePreamble(block), output) !== length)
    throw makeCorruptError('elements are missing');
  return output;
}

/**
 * Uncompresses into `output` from `at`, which has room for `uncompressedLength(block)` bytes.
 *
 * @returns  the offset behind the original
 * @throws   WireError `corrupt`
 */
export function uncompressInto(block: Uint8Array, output: Uint8Array, at: number): number {
  const end = at + uncompressedLength(block);
  if (expand(block, measurePreamble(block), output.subarray(at, end)) !== end - at)
    throw makeCorruptError('elements are missing');
  return end;
}

/**
 * Uncompresses the beginning of a block: at most that many bytes, up to the last element that fits.
 * @throws WireError
 */
export function uncompressStart(block: Uint8Array, bytes: number): Uint8Array {
  const output = new Uint8Array(Math.min(bytes, uncompressedLength(block)));
  return output.subarray(0, expand(block, measurePreamble(block), output, true));
}

/**
 * Joins blocks to one block whose original is the originals joined. Nothing is compressed again.
 * @param allocate  gives memory of at least this length; one block needs none and is the result
 */
export function concatSnappy(
  blocks: readonly Uint8Array[],
  allocate: (length: number) => Uint8Array = (length) => new Uint8Array(length),
): Uint8Array {
  const first = blocks[0];
  if (blocks.length === 1 && first !== undefined) return first;
  let original = 0;
  let size = 0;
  for (const block of blocks) {
    original += uncompressedLength(block);
    size += block.length - measurePreamble(block);
  }
  const preamble = new Uint8Array(5);
  const head = putVarint(preamble, 0, original);
  const output = allocate(head + size).subarray(0, head + size);
  output.set(preamble.subarray(0, head));
  let at = head;
  for (const block of blocks) {
    const elements = block.subarray(measurePreamble(block));
    output.set(elements, at);
    at += elements.length;
  }
  return output;
}

function measureMatch(view: DataView, a: number, b: number, end: number): number {
  let i = b;
  let j = a;
  for (const last = end - 16; i <= last; i += 16, j += 16) {
    // Sixteen bytes an iteration; eight-byte reads would make BigInts.
    if (
      ((view.getInt32(i, true) ^ view.getInt32(j, true)) |
        (view.getInt32(i + 4, true) ^ view.getInt32(j + 4, true)) |
        (view.getInt32(i + 8, true) ^ view.getInt32(j + 8, true)) |
        (view.getInt32(i + 12, true) ^ view.getInt32(j + 12, true))) !==
      0
    )
      break;
  }
  for (const last = end - 4; i <= last; i += 4, j += 4) {
    const differing = view.getInt32(i, true) ^ view.getInt32(j, true);
    // The lowest set bit lies in the first byte that differs.
    if (differing !== 0) return i - b + ((31 - Math.clz32(differing & -differing)) >>> 3);
  }
  while (i < end && view.getUint8(i) === view.getUint8(j)) {
    i += 1;
    j += 1;
  }
  return i - b;
}

export function putLiteral(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
): number {
  let op = at;
  let from = start;
  for (; end - from > LITERAL_MAX; from += LITERAL_MAX)
    op = putLiteral(input, from, from + LITERAL_MAX, output, op);
  const length = end - from;
  const n = length - 1;
  if (n < 60) {
    output[op++] = n << 2;
  } else if (n < 256) {
    output[op++] = 60 << 2;
    output[op++] = n;
  } else {
    output[op++] = 61 << 2;
    output[op++] = n & 0xff;
    output[op++] = n >>> 8;
  }
  // A loop beats the call to `set` for the short literals that samples make.
  if (length <= 32) for (let i = from; i < end; i++) output[op++] = input[i] as number;
  else {
    output.set(input.subarray(from, end), op);
    op += length;
  }
  return op;
}

export function putCopy(output: Uint8Array, at: number, offset: number, length: number): number {
  let op = at;
  let rest = length;
  while (rest >= 68) {
    op = putCopy2(output, op, offset, 64);
    rest -= 64;
  }
  if (rest > 64) {
    op = putCopy2(output, op, offset, 60);
    rest -= 60;
  }
  if (rest >= 12 || offset >= 2048) return putCopy2(output, op, offset, rest);
  output[op] = 1 | ((rest - 4) << 2) | ((offset >>> 8) << 5);
  output[op + 1] = offset & 0xff;
  return op + 2;
}

function putCopy2(output: Uint8Array, at: number, offset: number, length: number): number {
  output[at] = 2 | ((length - 1) << 2);
  output[at + 1] = offset & 0xff;
  output[at + 2] = offset >>> 8;
  return at + 3;
}

/**
 * Calls `visit` for each element of a well-formed block: its offset in the original, its length,
 * and how far back it copies, 0 for a literal.
 */
export function forEachElement(
  block: Uint8Array,
  visit: (at: number, length: number, offset: number) => void,
): void {
  let at = 0;
  for (let ip = measurePreamble(block); ip < block.length;) {
    const tag = block[ip++] as number;
    const kind = tag & 3;
    let length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    let offset = 0;
    if (kind === 0) {
      const more = Math.max(0, length - 60);
      if (more > 0) length = readLittleEndian(block, ip, more) + 1;
      ip += more + length;
    } else {
      const bytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
      offset = readLittleEndian(block, ip, bytes) | (kind === 1 ? (tag >>> 5) << 8 : 0);
      ip += bytes;
    }
    visit(at, length, offset);
    at += length;
  }
}

/**
 * Expands the elements from `start` into `output`; returns how many bytes they made.
 *
 * @param isStart whether only the beginning is wanted: an element that does not fit ends the work
 */
function expand(block: Uint8Array, start: number, output: Uint8Array, isStart = false): number {
  let ip = start;
  let op = 0;
  while (ip < block.length) {
    const tag = block[ip++] as number;
    if ((tag & 3) === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        if (ip + bytes > block.length) throw makeCorruptError('a literal is cut off');
        length = readLittleEndian(block, ip, bytes) + 1;
        ip += bytes;
      }
      if (ip + length > block.length) throw makeCorruptError('a literal is cut off');
      if (op + length > output.length) {
        if (isStart) return op;
        throw makeCorruptError('more bytes than promised');
      }
      if (length <= 32) for (let i = 0; i < length; i++) output[op + i] = block[ip + i] as number;
      else output.set(block.subarray(ip, ip + length), op);
      ip += length;
      op += length;
      continue;
    }
    const kind = tag & 3;
    const bytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (ip + bytes > block.length) throw makeCorruptError('a copy is cut off');
    const low = readLittleEndian(block, ip, bytes);
    ip += bytes;
    const offset = kind === 1 ? low | ((tag >>> 5) << 8) : low;
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    if (offset === 0 || offset > op) throw makeCorruptError('a copy reaches before the beginning');
    if (op + length > output.length) {
      if (isStart) return op;
      throw makeCorruptError('more bytes than promised');
    }
    if (offset >= length && length >= COPY_WITHIN_MIN) {
      output.copyWithin(op, op - offset, op - offset + length);
      op += length;
      continue;
    }
    // Byte by byte, since a copy may overlap its own output, which repeats a pattern.
    for (let i = 0; i < length; i++, op++) output[op] = output[op - offset] as number;
  }
  return op;
}

function readLittleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
}

function measurePreamble(block: Uint8Array): number {
  let at = 0;
  while ((block[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

function makeCorruptError(what: string): WireError {
  return new WireError('corrupt', `malformed snappy block: ${what}`);
}
