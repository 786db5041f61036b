import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyBuffers } from './body-buffers.ts';

const limits = { longest: 4_194_304, keptBytes: 4_194_304 };

test('a buffer is lent to one body at a time, and again when that has given it back', () => {
  const buffers = new BodyBuffers(limits);
  const [first, second] = [buffers.open(), buffers.open()];
  const [a, b] = [first.take(100_000), second.take(100_000)];
  assert.ok(a.length >= 100_000 && b.length >= 100_000);
  assert.notEqual(a.buffer, b.buffer);
  first.release();
  first.release();
  const third = buffers.open();
  assert.equal(third.take(131_072).buffer, a.buffer);
  assert.notEqual(third.take(131_072).buffer, a.buffer, 'it was given back once');
});

test('what waits is bounded, and its lengths follow those of the bodies', () => {
  const buffers = new BodyBuffers(limits);
  /** Takes eight buffers at once, twice. @returns how many are used again */
  const useTwice = (length: number): number => {
    const loan = buffers.open();
    const all = new Set(Array.from({ length: 8 }, () => loan.take(length).buffer));
    loan.release();
    const next = buffers.open();
    const again = Array.from({ length: 8 }, () => next.take(length).buffer);
    next.release();
    return again.filter((one) => all.has(one)).length;
  };
  assert.equal(useTwice(100), 8);
  assert.equal(useTwice(1_000_000), 4, 'no more than 4 MiB wait');
  assert.equal(useTwice(100), 8, 'smaller ones take the place of larger ones');
  assert.equal(buffers.open().take(5_000_000).length, 5_000_000);
  assert.equal(useTwice(5_000_000), 0, 'a longer one stays with its body');
});
