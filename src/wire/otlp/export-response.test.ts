import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPartialSuccess, readRpcStatus } from './export-response.ts';
import { encodeStatus } from './rpc-status.ts';

test('a partial success is read of protobuf and of JSON', () => {
  // partial_success { rejected 3, error_message "old" }
  const proto = Buffer.from([0x0a, 7, 0x08, 3, 0x12, 3, 0x6f, 0x6c, 0x64]);
  assert.deepEqual(readPartialSuccess(proto, false), { rejected: 3, message: 'old' });
  const json = (body: object): Buffer => Buffer.from(JSON.stringify({ partialSuccess: body }));
  for (const key of ['rejectedDataPoints', 'rejectedSpans'])
    assert.deepEqual(readPartialSuccess(json({ [key]: '3', errorMessage: 'old' }), true), {
      rejected: 3,
      message: 'old',
    });
});

test('an answer with success that says nothing is a whole one, whatever it holds', () => {
  const whole = { rejected: 0, message: '' };
  for (const body of ['', '{}', 'null', '[]', '<html>', '{"partialSuccess":{"rejectedSpans":"x"}}'])
    assert.deepEqual(readPartialSuccess(Buffer.from(body), true), whole);
  for (const body of [[], [0x0a, 0], [0xff, 0xff], [0x0a, 0x7f]])
    assert.deepEqual(readPartialSuccess(Buffer.from(body), false), whole);
});

test('a status is read with its message and the wait of RetryInfo', () => {
  const proto = Buffer.from(encodeStatus(8, 'later', 1_500));
  assert.deepEqual(readRpcStatus(proto, false), { message: 'later', waitMs: 1_500 });
  const json = {
    code: 8,
    message: 'later',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }],
  };
  assert.deepEqual(readRpcStatus(Buffer.from(JSON.stringify(json)), true), {
    message: 'later',
    waitMs: 1_500,
  });
  assert.deepEqual(readRpcStatus(Buffer.from(encodeStatus(3, 'bad')), false), {
    message: 'bad',
    waitMs: undefined,
  });
  assert.equal(readRpcStatus(Buffer.from('<html>'), true), undefined);
});
