import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamReader } from './stream-server.ts';

/** Reads the bytes in pieces of a length. */
function read(bytes: Buffer, length: number) {
  const lines: string[] = [];
  let tooLong = 0;
  let https = 0;
  const reader = new StreamReader(
    {
      onLines: (part) => lines.push(...part.toString().split('\n').filter(Boolean)),
      onTooLong: () => (tooLong += 1),
      onHttp: () => (https += 1),
    },
    'a',
  );
  let goesOn = true;
  for (let at = 0; at < bytes.length && goesOn; at += length)
    goesOn = reader.read(bytes.subarray(at, at + length));
  reader.end();
  return { lines, tooLong, https, goesOn };
}

function frame(text: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(text.length);
  return Buffer.concat([head, Buffer.from(text)]);
}

const long = `${'l'.repeat(9_000)}\nb:2|c\nc`;
const packet = `${'p'.repeat(65_535)}\n`;

test('lines, packets and what is refused are the same in pieces of any length', () => {
  const rows: [name: string, bytes: Buffer, expected: ReturnType<typeof read>][] = [
    ['lines', Buffer.from('a:1|c\nb:2|c\n\nc'), { lines: ['a:1|c', 'b:2|c', 'c'], tooLong: 0, https: 0, goesOn: true }], // prettier-ignore
    ['a short line', Buffer.from('a\nb'), { lines: ['a', 'b'], tooLong: 0, https: 0, goesOn: true }], // prettier-ignore
    ['two bytes', Buffer.from('ab'), { lines: ['ab'], tooLong: 0, https: 0, goesOn: true }],
    ['packets', Buffer.concat([frame('a:1|c'), frame(''), frame(packet), frame('b:2|c\n')]), { lines: ['a:1|c', packet.slice(0, -1), 'b:2|c'], tooLong: 0, https: 0, goesOn: true }], // prettier-ignore
    ['half a packet', frame('a:1|c').subarray(0, 7), { lines: [], tooLong: 0, https: 0, goesOn: true }], // prettier-ignore
    ['a long packet', Buffer.from([1, 0, 1, 0, 7]), { lines: [], tooLong: 1, https: 0, goesOn: false }], // prettier-ignore
    ['a request', Buffer.from('POST / HTTP/1.1\r\nhost: a\r\n\r\na:1|c'), { lines: [], tooLong: 0, https: 1, goesOn: false }], // prettier-ignore
  ];
  for (const [name, bytes, expected] of rows)
    for (const length of [1, 2, 3, 5, 16, 1_000, 100_000])
      assert.deepEqual(read(bytes, length), expected, `${name} in pieces of ${length}`);
  // In one piece, whoever reads the line finds that it is too long.
  for (const length of [1, 7, 1_000])
    assert.deepEqual(read(Buffer.from(long), length), {
      lines: ['b:2|c', 'c'],
      tooLong: 1,
      https: 0,
      goesOn: true,
    });
});

test('a packet in pieces of one byte is copied a few times, not once for each', (context) => {
  let copied = 0;
  const concat = Buffer.concat.bind(Buffer);
  context.mock.method(Buffer, 'concat', (parts: readonly Uint8Array[]) => {
    for (const part of parts) copied += part.length;
    return concat(parts);
  });
  const { copy } = Buffer.prototype;
  context.mock.method(
    Buffer.prototype,
    'copy',
    function (this: Buffer, to: Buffer, at: number, start: number, end: number) {
      copied += end - start;
      return copy.call(this, to, at, start, end);
    },
  );
  const bytes = frame(packet.slice(-8_000));
  copied = 0;
  assert.equal(read(bytes, 1).lines.length, 1);
  assert.ok(copied < 4 * bytes.length, `${copied} bytes are copied`);
});
