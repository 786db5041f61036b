/**
 * The chunk codec of the store, after Facebook's Gorilla: a time is stored as the change of its
 * difference to the time before, a value as the XOR with the value before. Bit-exact: stale
 * markers and all other NaNs are decoded to the bits that were encoded. Pure.
 *
 *   first sample: time (float64) · value (64 bits)
 *   each other:   time  0                     the difference is the same as before
 *                       10 + 7 bits           a change of -64 to 63
 *                       110 + 12 bits         a change of -2,048 to 2,047
 *                       1110 + 20 bits        a change of -524,288 to 524,287
 *                       1111 + float64        any other change
 *                 value 0                     the same bits as before
 *                       10 + bits             the XOR fits in the window of the one before
 *                       11 + leading zeros (5) + length - 1 (6) + bits: a window of its own
 *
 * Source: https://www.vldb.org/pvldb/vol8/p1816-teller.pdf, section 4.1
 */

/** Encodes samples: arrays of equal length, times rising. Values are read as bits. */
export function encodeChunk(timesMs: Float64Array, values: Float64Array): Uint8Array {
  const writer = new BitWriter(timesMs.length * 4 + 32);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let time = timesMs[0] ?? 0;
  let delta = 0;
  let low = bits[0] ?? 0;
  let high = bits[1] ?? 0;
  let leading = 32;
  let trailing = 0;
  writer.float(time);
  writer.bits(high, 32);
  writer.bits(low, 32);
  for (let i = 1; i < timesMs.length; i++) {
    const nextTime = timesMs[i] ?? 0;
    const nextDelta = nextTime - time;
    writeTime(writer, nextDelta - delta);
    time = nextTime;
    delta = nextDelta;

    const nextLow = bits[i * 2] ?? 0;
    const nextHigh = bits[i * 2 + 1] ?? 0;
    const xorLow = (low ^ nextLow) >>> 0;
    const xorHigh = (high ^ nextHigh) >>> 0;
    low = nextLow;
    high = nextHigh;
    if (xorLow === 0 && xorHigh === 0) {
      writer.bits(0, 1);
      continue;
    }
    const ownLeading = Math.min(31, xorHigh === 0 ? 32 + Math.clz32(xorLow) : Math.clz32(xorHigh));
    const ownTrailing =
      xorLow === 0 ? 32 + countTrailingZeros(xorHigh) : countTrailingZeros(xorLow);
    if (leading <= 31 && ownLeading >= leading && ownTrailing >= trailing) {
      writer.bits(0b10, 2);
    } else {
      leading = ownLeading;
      trailing = ownTrailing;
      writer.bits(0b11, 2);
      writer.bits(leading, 5);
      writer.bits(64 - leading - trailing - 1, 6);
    }
    writeShifted(writer, xorHigh, xorLow, trailing, 64 - leading - trailing);
  }
  return writer.finish();
}

/** Decodes `count` samples of a chunk into new arrays. */
export function decodeChunk(
  bytes: Uint8Array,
  count: number,
): { timesMs: Float64Array; values: Float64Array } {
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  const bits = new Uint32Array(values.buffer);
  if (count === 0) return { timesMs, values };
  const reader = new BitReader(bytes);
  let time = reader.float();
  let delta = 0;
  let high = reader.bits(32);
  let low = reader.bits(32);
  let trailing = 0;
  let length = 64;
  timesMs[0] = time;
  bits[0] = low;
  bits[1] = high;
  for (let i = 1; i < count; i++) {
    delta += readTime(reader);
    time += delta;
    timesMs[i] = time;
    if (reader.bit() === 1) {
      if (reader.bit() === 1) {
        const leading = reader.bits(5);
        length = reader.bits(6) + 1;
        trailing = 64 - leading - length;
      }
      let xorHigh = length > 32 ? reader.bits(length - 32) : 0;
      let xorLow = reader.bits(Math.min(32, length));
      if (trailing >= 32) {
        xorHigh = trailing === 32 ? xorLow : xorLow << (trailing - 32);
        xorLow = 0;
      } else if (trailing > 0) {
        xorHigh = (xorHigh << trailing) | (xorLow >>> (32 - trailing));
        xorLow <<= trailing;
      }
      low ^= xorLow;
      high ^= xorHigh;
    }
    bits[i * 2] = low;
    bits[i * 2 + 1] = high;
  }
  return { timesMs, values };
}

function writeTime(writer: BitWriter, change: number): void {
  if (change === 0) writer.bits(0, 1);
  else if (Number.isInteger(change) && change >= -64 && change < 64) {
    writer.bits(0b10, 2);
    writer.bits(change + 64, 7);
  } else if (Number.isInteger(change) && change >= -2_048 && change < 2_048) {
    writer.bits(0b110, 3);
    writer.bits(change + 2_048, 12);
  } else if (Number.isInteger(change) && change >= -524_288 && change < 524_288) {
    writer.bits(0b1110, 4);
    writer.bits(change + 524_288, 20);
  } else {
    writer.bits(0b1111, 4);
    writer.float(change);
  }
}

function readTime(reader: BitReader): number {
  if (reader.bit() === 0) return 0;
  if (reader.bit() === 0) return reader.bits(7) - 64;
  if (reader.bit() === 0) return reader.bits(12) - 2_048;
  if (reader.bit() === 0) return reader.bits(20) - 524_288;
  return reader.float();
}

function countTrailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Writes `length` bits of a 64-bit word, after its lowest `trailing` bits are cut off. */
function writeShifted(
  writer: BitWriter,
  high: number,
  low: number,
  trailing: number,
  length: number,
): void {
  let top = high;
  let bottom = low;
  if (trailing >= 32) {
    bottom = trailing === 32 ? high : high >>> (trailing - 32);
    top = 0;
  } else if (trailing > 0) {
    bottom = (low >>> trailing) | (high << (32 - trailing));
    top = high >>> trailing;
  }
  if (length > 32) {
    writer.bits(top, length - 32);
    writer.bits(bottom, 32);
  } else {
    writer.bits(bottom, length);
  }
}

class BitWriter {
  #bytes: Uint8Array;
  #position = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  /** Appends the lowest `count` bits (1 to 32) of a number, most significant bit first. */
  bits(value: number, count: number): void {
    if (this.#position + count + 7 >= this.#bytes.length * 8) {
      const larger = new Uint8Array(this.#bytes.length * 2 + 16);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    let left = count;
    while (left > 0) {
      const room = 8 - (this.#position & 7);
      const taken = Math.min(room, left);
      const piece = (value >>> (left - taken)) & ((1 << taken) - 1);
      const at = this.#position >>> 3;
      this.#bytes[at] = (this.#bytes[at] ?? 0) | (piece << (room - taken));
      this.#position += taken;
      left -= taken;
    }
  }

  float(value: number): void {
    const words = new Uint32Array(Float64Array.of(value).buffer);
    this.bits(words[1] ?? 0, 32);
    this.bits(words[0] ?? 0, 32);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, (this.#position + 7) >>> 3);
  }
}

/**
 * The most bits that one 32-bit read at a byte offset always contains: the first of them may be the
 * last bit of its byte. The reader pads the bytes with zeros, so that a read at the end is valid.
 */
const PIECE_BITS = 25;

class BitReader {
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + 8);
    padded.set(bytes);
    this.#view = new DataView(padded.buffer);
  }

  bit(): number {
    const at = this.#position++;
    return (this.#view.getUint8(at >>> 3) >>> (7 - (at & 7))) & 1;
  }

  /** Reads `count` bits, 1 to 32. */
  bits(count: number): number {
    if (count <= PIECE_BITS) return this.#piece(count);
    return ((this.#piece(count - 16) << 16) | this.#piece(16)) >>> 0;
  }

  float(): number {
    const high = this.bits(32);
    return new Float64Array(Uint32Array.of(this.bits(32), high).buffer)[0] ?? 0;
  }

  #piece(count: number): number {
    const at = this.#position;
    this.#position = at + count;
    return (this.#view.getUint32(at >>> 3) << (at & 7)) >>> (32 - count);
  }
}
