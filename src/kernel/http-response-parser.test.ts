import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTERIM_HEADS_MAX, ResponseParser } from './http-response-parser.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

function parse(text: string, readBytes = 65_536): ResponseParser {
  const parser = new ResponseParser(1_000_000, (bytes) => Buffer.alloc(bytes));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += readBytes) {
    const piece = bytes.subarray(at, at + readBytes);
    parser.feed(piece, piece.length);
  }
  return parser;
}

test('interim heads are passed over up to their limit', () => {
  const interim = 'HTTP/1.1 103 Early Hints\r\n\r\n';
  const answer = `${CHUNKED}1\r\na\r\n0\r\n\r\n`;
  assert.equal(parse(interim.repeat(INTERIM_HEADS_MAX) + answer).isComplete, true);
  assert.throws(() => parse(interim.repeat(INTERIM_HEADS_MAX + 1) + answer), /interim answers/);
  const long = `HTTP/1.1 103 Early Hints\r\nlink: ${'x'.repeat(20_000)}\r\n\r\n`;
  assert.throws(() => parse(long.repeat(4)), /head of the answer is too long/);
});

test('trailers count as a part of the head', () => {
  const trailers = 'x: y\r\n'.repeat(10_000);
  assert.equal(parse(`${CHUNKED}1\r\na\r\n0\r\n${trailers}\r\n`).isComplete, true);
  assert.throws(() => parse(`${CHUNKED}1\r\na\r\n0\r\n${trailers}${trailers}\r\n`), /trailers/);
});

test('what stands between chunks may not outgrow what is in them', () => {
  const chunks = `1;${'x'.repeat(4_000)}\r\na\r\n`.repeat(100);
  assert.throws(() => parse(CHUNKED + chunks), /lines between the chunks/);
  const usual = '40;a=b\r\n' + 'x'.repeat(64) + '\r\n';
  assert.equal(parse(`${CHUNKED}${usual.repeat(10_000)}0\r\n\r\n`).isComplete, true);
});

test('reads and chunks of one byte are refused when they are many', () => {
  assert.throws(() => parse(CHUNKED + '1\r\na\r\n'.repeat(30_000)), /in \d+ pieces/);
  const body = 'a'.repeat(30_000);
  const whole = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  assert.throws(() => parse(whole, 1), /in \d+ pieces/);
  assert.equal(parse(whole, 100).isComplete, true);
});
