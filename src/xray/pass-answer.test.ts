import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passAnswer } from './pass-answer.ts';

const body = Buffer.from('bytes');

test('an answer passes without the headers of its connection', () => {
  const headerLists = { connection: 'x-hop', 'x-hop': '1', te: 'a', 'x-list': ['a', 'b'] };
  assert.deepEqual(passAnswer({ status: 299, headers: {}, headerLists, body }), {
    status: 299,
    headers: { 'x-list': ['a', 'b'] },
    body,
    isForwarded: true,
  });
});

test('bytes in a coding of their connection are refused: the client could not decode them', () => {
  const headers = { 'transfer-encoding': 'gzip, chunked' };
  assert.throws(() => passAnswer({ status: 200, headers, body }), { status: 502 });
  const plain = { 'transfer-encoding': 'Chunked' };
  assert.equal(passAnswer({ status: 200, headers: plain, body }).status, 200);
});
