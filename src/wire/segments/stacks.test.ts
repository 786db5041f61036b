import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStack } from './stacks.ts';

const FRAMES = 20_000;

test('of a long trace the frames nearest to the fault are read, in whole lines', () => {
  const calls = Array.from({ length: FRAMES }, (_, i) => `  File "shop.py", line ${i}, in f${i}`);
  const python = ['Traceback (most recent call last):', ...calls, 'ValueError: no'].join('\n');
  const { frames } = parseStack(python, 'python');
  assert.deepEqual(frames[0], { path: 'shop.py', label: `f${FRAMES - 1}`, line: FRAMES - 1 });
  assert.ok(frames.length > 1_000 && frames.length * 30 < 70_000, `${frames.length} frames`);

  const own = Array.from({ length: FRAMES }, (_, i) => `    at f${i} (/app/shop.js:${i}:3)`);
  const script = parseStack(['Error: no', ...own].join('\n'), 'nodejs');
  assert.equal(script.frames[0]?.label, 'f0');
  assert.ok(script.frames.length > 1_000 && script.frames.length * 30 < 70_000);
  assert.ok(script.frames.every(({ path }) => path === '/app/shop.js'));
});
