import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeStatus, readRetryDelayMs, RPC_STATUS } from './rpc-status.ts';

test('a status says code, message and when to try again', () => {
  const status = decodeMessage(RPC_STATUS, encodeStatus(14, 'later', 1_500));
  assert.equal(status.code, 14);
  assert.equal(status.message, 'later');
  assert.equal(readRetryDelayMs(status), 1_500);
  assert.equal(
    readRetryDelayMs(decodeMessage(RPC_STATUS, encodeStatus(3, 'malformed'))),
    undefined,
  );
});
