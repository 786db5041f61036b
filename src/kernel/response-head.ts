/**
 * Reads the head of an HTTP/1.1 answer as bytes: every scrape has one, which says the same as the
 * one before but for a time and a length. It is strict where leniency would let one answer be read
 * as two. Pure.
 * Source: https://www.rfc-editor.org/rfc/rfc9112 (4, 5), RFC 9110 (5.6.2)
 */

export interface ResponseHead {
  /** Of HTTP/1: 0 or 1. */
  readonly minor: number;
  readonly status: number;
  /** Lower-case names; repeats joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
}

/** Names are found here without a text being made of them: those that targets send. */
const USUAL_NAMES = [
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'date',
  'server',
  'vary',
  'location',
].map((name) => ({ name, bytes: Buffer.from(name) }));

/** The characters of a name, in lower case; 0 for what is none. */
const LOWER = new Uint8Array(256);
for (const character of "!#$%&'*+.^_`|~-0123456789abcdefghijklmnopqrstuvwxyz") {
  LOWER[character.charCodeAt(0)] = character.charCodeAt(0);
  LOWER[character.toUpperCase().charCodeAt(0)] = character.charCodeAt(0);
}

const VERSION = Buffer.from('HTTP/1.');
const [CR, LF, BLANK, COLON, ZERO, NINE] = [13, 10, 32, 58, 48, 57];
/** Where the status begins in the first line, and where it ends. */
const [STATUS_AT, STATUS_END] = [9, 12];

/** Objects whose names are no one's but those that are set: not even `__proto__` is special. */
class Headers {
  [name: string]: string;
}
Object.setPrototypeOf(Headers.prototype, null);
delete (Headers.prototype as { constructor?: unknown }).constructor;

/**
 * Reads the lines from `from` up to `end`, where the empty line begins.
 *
 * @throws Error for what is no head
 */
export function readResponseHead(bytes: Buffer, from: number, end: number): ResponseHead {
  let lineEnd = findLineEnd(bytes, from, end);
  if (!beginsWith(bytes, from, VERSION)) throw noHttp();
  const minor = digit(bytes, from + VERSION.length);
  const isBare = lineEnd === from + STATUS_END;
  if (minor > 1 || bytes[from + STATUS_AT - 1] !== BLANK) throw noHttp();
  if (!isBare && (lineEnd < from + STATUS_END || bytes[from + STATUS_END] !== BLANK))
    throw noHttp();
  let status = 0;
  for (let at = from + STATUS_AT; at < from + STATUS_END; at++)
    status = 10 * status + digit(bytes, at);
  const headers = new Headers();
  while (lineEnd < end) {
    const start = lineEnd + 2;
    lineEnd = findLineEnd(bytes, start, end);
    const colon = findColon(bytes, start, lineEnd);
    const name = readName(bytes, start, colon);
    const value = readValue(bytes, colon + 1, lineEnd);
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { minor, status, headers };
}

function noHttp(): Error {
  return new Error('the answer is no HTTP/1.1');
}

function beginsWith(bytes: Buffer, from: number, word: Uint8Array): boolean {
  for (let at = 0; at < word.length; at++) if (bytes[from + at] !== word[at]) return false;
  return true;
}

function digit(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte < ZERO || byte > NINE) throw noHttp();
  return byte - ZERO;
}

function findLineEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] !== CR || bytes[at + 1] !== LF)) at += 1;
  return at;
}

/** A blank before the colon and a folded line are ways to smuggle answers. */
function findColon(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== COLON) {
    if (LOWER[bytes[at] as number] === 0) break;
    at += 1;
  }
  if (at === from || at === end || bytes[at] !== COLON) throw new Error('a header is malformed');
  return at;
}

function readName(bytes: Buffer, from: number, end: number): string {
  for (const usual of USUAL_NAMES) {
    if (usual.bytes.length !== end - from) continue;
    let at = 0;
    while (at < usual.bytes.length && LOWER[bytes[from + at] as number] === usual.bytes[at])
      at += 1;
    if (at === usual.bytes.length) return usual.name;
  }
  return bytes.toString('latin1', from, end).toLowerCase();
}

/** Without the blanks around it. */
function readValue(bytes: Buffer, from: number, end: number): string {
  let [start, stop] = [from, end];
  while (start < stop && isBlank(bytes[start] as number)) start += 1;
  while (stop > start && isBlank(bytes[stop - 1] as number)) stop -= 1;
  return bytes.toString('latin1', start, stop);
}

function isBlank(byte: number): boolean {
  return byte === BLANK || (byte >= 9 && byte <= CR) || byte === 0xa0;
}
