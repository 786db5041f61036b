import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectForwardedHeaders } from './headers.ts';

test('a header that is stripped is named, or begins as a name with a star', () => {
  const raw = ['X-A', '1', 'X-Amz-Meta', '2', 'X-Amz', '3', 'X-B*', '4'];
  const config = { strip: ['x-a', 'x-amz-*'], duplicate: [], customHeaders: [] };
  assert.deepEqual(selectForwardedHeaders(raw, config), [
    ['x-amz', '3'],
    ['x-b*', '4'],
  ]);
});
