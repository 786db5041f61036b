/**
 * Where bytes are no UTF-8, and how bytes and characters that nobody sees are shown in messages.
 * Pure.
 */
import { isUtf8 } from 'node:buffer';

const SHOWN_BYTES = 4;
/** The most bytes of a character. */
const CHARACTER_BYTES = 4;
/** Controls, blanks other than the space, marks of order, byte order marks, lone surrogates. */
const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;

/**
 * The offset of the first byte that is no UTF-8. There must be one.
 *
 * @param start  all before it is UTF-8
 */
export function findBadByte(bytes: Uint8Array, start: number): number {
  let good = start;
  let end = bytes.length;
  // What is between `good` and `end` holds the byte; each iteration excludes about one half.
  while (end - good > CHARACTER_BYTES) {
    const half = beginOfCharacter(bytes, good + ((end - good) >> 1), good);
    if (half > good && isUtf8(bytes.subarray(good, half))) good = half;
    else if (half > good) end = half;
    else break;
  }
  for (let at = good; at < end;) {
    const length = [1, 2, 3, 4].find((one) => isUtf8(bytes.subarray(at, at + one)));
    if (length === undefined || at + length > bytes.length) return at;
    at += length;
  }
  return good;
}

/** The bytes at an offset, such as `\xff\xfe`. */
export function escapeBytes(bytes: Uint8Array, at: number): string {
  return [...bytes.subarray(at, at + SHOWN_BYTES)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
    .join('');
}

/** A text in quotes, in which what nobody sees is escaped. */
export function quoteText(text: string): string {
  return JSON.stringify(text).replaceAll(INVISIBLE, (one) =>
    [...Array(one.length).keys()]
      .map((i) => `\\u${one.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Where the character at an offset begins, or at most three bytes before it. */
function beginOfCharacter(bytes: Uint8Array, from: number, least: number): number {
  let at = from;
  while (at > least && from - at < CHARACTER_BYTES && ((bytes[at] as number) & 0xc0) === 0x80)
    at -= 1;
  return at;
}
