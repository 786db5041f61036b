/**
 * Finds the members of a JSON object without parsing it: where the key and the value of each
 * stands. For documents of which a few members are needed and the rest passes unread. It does not
 * check what it skips: a document that is not JSON may be read as if it were. Pure.
 */

export interface JsonMember {
  readonly key: string;
  /** Offsets of the value, the end exclusive. */
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** A key that is longer is none of those that are looked for. */
const KEY_MAX = 64;

/** The members of an object, in order; undefined when the bytes are no object. */
export function listMembers(json: Buffer): JsonMember[] | undefined {
  const members: JsonMember[] = [];
  let at = skipBlanks(json, 0);
  if (json[at] !== OPEN_BRACE) return undefined;
  at = skipBlanks(json, at + 1);
  if (json[at] === CLOSE_BRACE) return members;
  for (;;) {
    if (json[at] !== QUOTE) return undefined;
    const keyEnd = skipString(json, at);
    const key = keyEnd - at > KEY_MAX ? '' : json.toString('utf8', at + 1, keyEnd - 1);
    at = skipBlanks(json, keyEnd);
    if (json[at] !== COLON) return undefined;
    const start = skipBlanks(json, at + 1);
    const end = skipValue(json, start);
    if (end === start || end > json.length) return undefined;
    members.push({ key, start, end });
    at = skipBlanks(json, end);
    if (json[at] === CLOSE_BRACE) return members;
    if (json[at] !== COMMA) return undefined;
    at = skipBlanks(json, at + 1);
  }
}

/** The text of a value that is a string; undefined for another value. */
export function readTextMember(json: Buffer, { start, end }: JsonMember): string | undefined {
  if (json[start] !== QUOTE) return undefined;
  try {
    return JSON.parse(json.toString('utf8', start, end)) as string;
  } catch {
    return undefined;
  }
}

function skipBlanks(json: Buffer, from: number): number {
  let at = from;
  while (isBlank(json[at])) at += 1;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Behind the string that begins here; beyond the end of the bytes when it does not end. */
function skipString(json: Buffer, from: number): number {
  let at = from + 1;
  for (; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  return json.length + 1;
}

function skipValue(json: Buffer, from: number): number {
  const first = json[from];
  if (first === QUOTE) return skipString(json, from);
  let at = from;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    while (at < json.length && !isEnd(json[at])) at += 1;
    return at;
  }
  let depth = 0;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = skipString(json, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return json.length + 1;
}

function isEnd(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isBlank(byte);
}
