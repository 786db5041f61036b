import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AwsChunkedDecoder, removeChunkHeaders } from './aws-chunked.ts';

function decode(text: string, cuts: readonly number[] = []): { body: string; trailers: unknown } {
  const decoder = new AwsChunkedDecoder();
  const bytes = Buffer.from(text, 'latin1');
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let at = 0;
  let body = '';
  for (const end of ends) {
    for (const piece of decoder.push(bytes.subarray(at, end))) body += piece.toString('latin1');
    at = end;
  }
  decoder.end();
  return { body, trailers: decoder.trailers };
}

test('a body is decoded completely, whatever its pieces are and wherever they are cut', () => {
  const bodies = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      bodies,
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.boolean(),
      (pieces, cuts, isSigned) => {
        const signature = isSigned ? `;chunk-signature=${'a'.repeat(64)}` : '';
        const text = [...pieces, '']
          .map(
            (piece) =>
              `${piece.length.toString(16)}${signature}\r\n${piece}${piece === '' ? '' : '\r\n'}`,
          )
          .join('');
        const end = 'x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:bb\r\n\r\n';
        const { body, trailers } = decode(text + end, cuts);
        assert.equal(body, pieces.join(''));
        assert.deepEqual(trailers, [['x-amz-checksum-crc32', 'AAAAAA==']]);
      },
    ),
  );
});

test('a body that is cut short or malformed is refused', () => {
  for (const bad of ['', '5\r\nab', '5\r\nabcde', 'zz\r\n', '2\r\nabc\r\n', '0\r\n\r\nmore', '0'])
    assert.throws(() => decode(bad), /aws-chunked body is malformed/, bad);
  assert.throws(() => decode('1'.repeat(10_000)), /too long/);
});

test('headers that are sent on describe the plain body', () => {
  assert.deepEqual(
    removeChunkHeaders([
      ['content-encoding', 'aws-chunked'],
      ['content-encoding', 'gzip, aws-chunked'],
      ['x-amz-decoded-content-length', '5'],
      ['x-amz-trailer', 'x-amz-checksum-crc32'],
      ['x-amz-meta-a', '1'],
    ]),
    [
      ['content-encoding', 'gzip'],
      ['x-amz-meta-a', '1'],
    ],
  );
});
