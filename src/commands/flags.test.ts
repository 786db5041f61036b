import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../kernel/errors.ts';
import { readBytesFlag, readCountFlag, readDurationFlag, gather, readNumberFlag } from './flags.ts';

test('flags are read as configurations are, and refused in the same words after their name', () => {
  assert.equal(readDurationFlag('--a', '1m30s'), 90_000);
  assert.equal(readDurationFlag('--a', '0'), 0);
  assert.equal(readBytesFlag('--a', '1073741824'), 2 ** 30);
  assert.equal(readBytesFlag('--a', '1GB'), 2 ** 30);
  assert.equal(readNumberFlag('--a', '0.5'), 0.5);
  assert.equal(readCountFlag('--a', '7'), 7);
  const refused: [() => number, code: string, message: string][] = [
    [
      () => readDurationFlag('--a', 'x'),
      'FLAG_DURATION',
      '--a: "x" is not a duration; write it as 15s, 1m30s or 1h',
    ],
    [
      () => readDurationFlag('--a', '20'),
      'FLAG_DURATION',
      '--a: duration "20" has no unit; write 20s for seconds',
    ],
    [
      () => readDurationFlag('--a', '2m', { maxMs: 60_000 }),
      'FLAG_DURATION',
      '--a: must be from 0s to 1m',
    ],
    [
      () => readBytesFlag('--a', 'x'),
      'FLAG_BYTES',
      '--a: "x" is not a size; write it as 512KB, 15MB or 1GB',
    ],
    [() => readNumberFlag('--a', '-1'), 'FLAG_NUMBER', '--a: "-1" is not a number from 0 up'],
    [() => readNumberFlag('--a', ' '), 'FLAG_NUMBER', '--a: " " is not a number from 0 up'],
    [
      () => readNumberFlag('--a', 'Infinity'),
      'FLAG_NUMBER',
      '--a: "Infinity" is not a number from 0 up',
    ],
    [() => readCountFlag('--a', '1.5'), 'FLAG_NUMBER', '--a: expected a whole number'],
  ];
  for (const [read, code, message] of refused)
    assert.throws(read, (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual([error.code, error.message], [code, message]);
      return true;
    });
});

test('a flag that is given several times keeps all of its values, in order', () => {
  assert.deepEqual(gather('b', ['a']), ['a', 'b']);
});
