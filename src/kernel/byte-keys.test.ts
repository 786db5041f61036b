import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameKey, keepBytes, viewBytes } from './byte-keys.ts';

test('copies stay as they were, whatever comes after them and whatever becomes of the request', () => {
  const request = Buffer.alloc(9_000);
  const lengths = [0, 1, 15, 16, 17, 100, 1_023, 1_024, 1_025, 4_096, 9_000];
  const kept = Array.from({ length: 300 }, (_, i) => {
    const length = lengths[i % lengths.length] as number;
    request.fill(i % 251);
    return { copy: keepBytes(request, 0, length), length, byte: i % 251 };
  });
  request.fill(255);
  for (const { copy, length, byte } of kept) {
    const same = viewBytes(Buffer.alloc(length + 2, byte));
    assert.ok(isSameKey(copy, same, 1, length + 1));
    assert.equal(isSameKey(copy, same, 0, length + 1), false, 'another length');
    if (length > 0) assert.equal(isSameKey(copy, viewBytes(request), 0, length), false);
  }
});
