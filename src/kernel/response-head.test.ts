import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readResponseHead } from './response-head.ts';

function sorted(headers: Iterable<readonly [string, string]>): string[] {
  return Array.from(headers, (header) => header.join(': ')).toSorted();
}

/** The same by texts and patterns: what the bytes are held against. */
function readText(head: string): string {
  const [first = '', ...lines] = head.split('\r\n');
  const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first);
  if (match === null) return 'the answer is no HTTP/1.1';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon <= 0 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return 'a header is malformed';
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return JSON.stringify([Number(match[1]), Number(match[2]), sorted(headers)]);
}

function readBytes(head: string): string {
  // What stands before and behind is not looked at.
  const bytes = Buffer.from(`xx${head}\r\n\r\n: y`, 'latin1');
  try {
    const { minor, status, headers } = readResponseHead(bytes, 2, 2 + head.length);
    return JSON.stringify([minor, status, sorted(Object.entries(headers))]);
  } catch (error) {
    return (error as Error).message;
  }
}

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('Content-Type', 'content-length', 'Date', 'X-a', ':') },
  { weight: 3, arbitrary: fc.constantFrom('\r\n', ': ', ' ', '\t', '\r', '\n', '\u00a0') },
  { weight: 2, arbitrary: fc.constantFrom('__proto__', 'constructor', 'to_string', '\u00c9') },
  { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: 'binary-ascii' }) },
);
const first = fc.constantFrom(
  'HTTP/1.1 200 OK',
  'HTTP/1.0 404',
  'HTTP/1.1 200',
  'HTTP/1.2 200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000',
  'http/1.1 200 OK',
  'HTTP/1.1  200',
  'HTTP/1.1\t200 OK',
  'HTTP/1.',
  '',
);
const line = fc
  .tuple(fc.constantFrom('Content-Type', 'x', 'X', '__proto__', 'Date'), fc.string())
  .map(([name, value]) => `${name}:${value.replaceAll(/[^\0-\u00ff]|\r\n/g, '')}`);

test('a head is read as its text says, or refused for the same reason', () => {
  const usual = fc.tuple(first, fc.array(line)).map(([start, lines]) => [start, ...lines]);
  const odd = fc.tuple(first, fc.array(piece)).map(([start, pieces]) => [start, pieces.join('')]);
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(usual, odd), (lines) => {
      const head = lines.join('\r\n');
      // An empty line ends a head, so that none is within one.
      fc.pre(!head.includes('\r\n\r\n') && !head.endsWith('\r\n'));
      const expected = readText(head);
      seen.add(expected.slice(0, 10));
      assert.equal(readBytes(head), expected, JSON.stringify(head));
    }),
    { numRuns: 5_000, seed: 11 },
  );
  assert.ok(seen.size >= 4, [...seen].join());
});
