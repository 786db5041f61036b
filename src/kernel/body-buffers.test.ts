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

test('what a start needed at once is let go when fewer bodies are under way', () => {
  const buffers = new BodyBuffers(limits);
  const start = Array.from({ length: 8 }, () => buffers.open());
  const many = new Set(start.map((loan) => loan.take(100_000).buffer));
  for (const loan of start) loan.release();
  /** Takes buffers for so many bodies at once. @returns how many are of the start */
  const use = (bodies: number): number => {
    const loans = Array.from({ length: bodies }, () => buffers.open());
    const taken = loans.map((loan) => loan.take(100_000).buffer);
    for (const loan of loans) loan.release();
    return taken.filter((one) => many.has(one)).length;
  };
  assert.equal(use(8), 8, 'they wait at first');
  for (let i = 0; i < 1_024; i++) assert.equal(use(2), 2, 'two are used again and again');
  assert.equal(use(8), 2, 'and the others are gone');
});
