/**
 * Texts with a checksum, for files that are read back: what a disk, a crash or a hand has changed
 * is told from what was written.
 *
 *     text…                  any lines
 *     #crc32 89abcdef        CRC32 of all bytes before this line
 */
import { crc32 } from 'node:zlib';

const MARK = '#crc32 ';
/** Of a seal: a line's end, the mark, eight digits, a line's end. */
const SEAL_LENGTH = MARK.length + 10;

/** The text with its checksum; in pieces, as it came. */
export function sealText(pieces: readonly string[]): string[] {
  const sum = pieces.reduce((before, piece) => crc32(piece, before), 0);
  return [...pieces, `\n${MARK}${formatSum(sum)}\n`];
}

/** The text without its checksum; undefined when that is missing or of another text. */
export function unsealText(sealed: string): string | undefined {
  const text = sealed.slice(0, -SEAL_LENGTH);
  if (sealed.length < SEAL_LENGTH) return undefined;
  return sealed.slice(-SEAL_LENGTH) === `\n${MARK}${formatSum(crc32(text))}\n` ? text : undefined;
}

/** A line with its checksum behind it, for files that are appended to. */
export function sealLine(line: string): string {
  return `${line} ${formatSum(crc32(line))}`;
}

/** The line without its checksum; undefined when that is missing or of another line. */
export function unsealLine(sealed: string): string | undefined {
  const line = sealed.slice(0, -9);
  return sealed.slice(-9) === ` ${formatSum(crc32(line))}` ? line : undefined;
}

function formatSum(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
