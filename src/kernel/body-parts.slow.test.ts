/** What the parts of a body hold beside their bytes; slow, since garbage is collected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BodyParts } from './body-parts.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function measureHeld(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('parts of any sizes are joined in order', () => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  for (const sizes of [[1], [300_000], [8_192], [70_000, 1], [1, 9_000, 3, 0]]) {
    const parts = new BodyParts();
    for (let at = 0, turn = 0; at < body.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      parts.add(body.subarray(at, at + size));
      at += size;
    }
    assert.equal(parts.length, body.length);
    assert.ok(parts.join().equals(body), String(sizes));
  }
  assert.equal(new BodyParts().join().length, 0);
});

test('parts of one byte hold little more than their bytes', () => {
  const before = measureHeld();
  const parts = new BodyParts();
  for (let count = 0; count < 200_000; count++) parts.add(Buffer.from([count % 251]));
  assert.ok(measureHeld() - before < 1_000_000, String(measureHeld() - before));
  assert.equal(parts.join().length, 200_000);
});

test('a part does not hold the memory that it is a slice of', () => {
  const before = measureHeld();
  const parts = new BodyParts();
  for (let count = 0; count < 100; count++)
    parts.add(Buffer.allocUnsafeSlow(1024 * 1024).subarray(0, 10_000));
  assert.ok(measureHeld() - before < 3_000_000, String(measureHeld() - before));
  assert.equal(parts.length, 1_000_000);
});
