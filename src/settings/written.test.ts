/**
 * One table for values as files and flags write them: what is taken, as what, and the words of each
 * refusal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import {
  amountSchema,
  countSchema,
  optionalPortSchema,
  portSchema,
  positiveSchema,
} from './count.ts';
import { durationSchema, durationWithin, positiveDurationSchema } from './duration.ts';
import { goDurationSchema } from './go-duration.ts';
import { refreshIntervalSchema } from './refresh-interval.ts';
import { bytesSchema, sizeSchema } from './size.ts';
import { switchSchema } from './switch.ts';
import { labelsSchema, listOf, presentSchema, splitNames, splitPair, textSchema } from './text.ts';
import { tlsVersionSchema } from './tls.ts';

interface Case {
  readonly schema: z.ZodType;
  /** Written, and what it is read as. */
  readonly taken: readonly (readonly [written: unknown, read: unknown])[];
  readonly refused: readonly (readonly [written: unknown, sentence: string])[];
}

const EXPECTED_DURATION = 'expected a duration such as 15s, 1m30s or 1h';
const badDuration = (text: string): string =>
  `"${text}" is not a duration; write it as 15s, 1m30s or 1h`;
const badSize = (text: string): string => `"${text}" is not a size; write it as 512KB, 15MB or 1GB`;
const BAD_PORT = 'expected a port from 1 to 65535';

const CASES: Readonly<Record<string, Case>> = {
  duration: {
    schema: durationSchema,
    taken: [
      ['15s', 15_000],
      ['1m30s', 90_000],
      ['1h', 3_600_000],
      ['1m0s', 60_000],
      ['250ms', 250],
      ['1d', 86_400_000],
      ['0', 0],
      [0, 0],
    ],
    refused: [
      ['15', 'duration "15" has no unit; write 15s for seconds'],
      [15, 'duration "15" has no unit; write 15s for seconds'],
      ['', badDuration('')],
      ['1.5s', badDuration('1.5s')],
      [1.5, badDuration('1.5')],
      ['-1s', badDuration('-1s')],
      ['1s1m', badDuration('1s1m')],
      ['9999999999y', badDuration('9999999999y')],
      [true, EXPECTED_DURATION],
      [null, EXPECTED_DURATION],
      [['1s'], EXPECTED_DURATION],
      [{}, EXPECTED_DURATION],
    ],
  },
  'duration above 0': {
    schema: positiveDurationSchema,
    taken: [['1ms', 1]],
    refused: [
      ['0', 'must be more than 0'],
      ['0s', 'must be more than 0'],
      ['x', badDuration('x')],
    ],
  },
  'duration from 1s': {
    schema: durationWithin({ minMs: 1_000 }),
    taken: [['1s', 1_000]],
    refused: [['999ms', 'must be 1s or more']],
  },
  'duration from 1s to 1m': {
    schema: durationWithin({ minMs: 1_000, maxMs: 60_000 }),
    taken: [
      ['1s', 1_000],
      ['1m', 60_000],
    ],
    refused: [
      ['0', 'must be from 1s to 1m'],
      ['1m1ms', 'must be from 1s to 1m'],
    ],
  },
  "Go's duration": {
    schema: goDurationSchema,
    taken: [
      ['0', 0],
      ['0s', 0],
      ['5s', 5_000],
      ['1m30s', 90_000],
      ['1.5s', 1_500],
      ['.5s', 500],
      ['5m0s', 300_000],
      ['250us', 1],
      ['1h', 3_600_000],
    ],
    refused: [
      ['5', 'duration "5" has no unit and would be nanoseconds; write 5s for seconds'],
      [5, 'duration "5" has no unit and would be nanoseconds; write 5s for seconds'],
      ['', badDuration('')],
      ['s', badDuration('s')],
      ['1d', badDuration('1d')],
      ['5 s', badDuration('5 s')],
      ['-5s', badDuration('-5s')],
      ['9999999999999999999h', badDuration('9999999999999999999h')],
      [true, EXPECTED_DURATION],
    ],
  },
  refresh_interval: {
    schema: refreshIntervalSchema(30_000),
    taken: [
      [undefined, 30_000],
      ['1m', 60_000],
      [60, 60_000],
      ['60', 60_000],
    ],
    refused: [
      [0, 'must be more than 0'],
      ['0', 'must be more than 0'],
      [1.5, badDuration('1.5')],
      [-5, badDuration('-5')],
      ['5x', badDuration('5x')],
      [{}, EXPECTED_DURATION],
    ],
  },
  size: {
    schema: sizeSchema,
    taken: [
      ['0', 0],
      [0, 0],
      ['15MB', 15 * 2 ** 20],
      ['1.5KB', 1_536],
      ['1GiB', 2 ** 30],
      ['+1MB512KB', 1.5 * 2 ** 20],
      ['.5KB', 512],
      ['7B', 7],
    ],
    refused: [
      ['1 GiB', badSize('1 GiB')],
      ['1MB 1KB', badSize('1MB 1KB')],
      ['15', badSize('15')],
      [15, badSize('15')],
      ['', badSize('')],
      ['15mb', badSize('15mb')],
      ['-1MB', badSize('-1MB')],
      ['1.0001B', badSize('1.0001B')],
      ['9999EB', badSize('9999EB')],
      [true, 'expected a size such as 512KB, 15MB or 1GB'],
    ],
  },
  'number of bytes': {
    schema: bytesSchema,
    taken: [
      ['1073741824', 2 ** 30],
      ['1GB', 2 ** 30],
      ['0', 0],
    ],
    refused: [
      ['-1', badSize('-1')],
      ['1e9', badSize('1e9')],
      ['99999999999999999999', badSize('99999999999999999999B')],
    ],
  },
  switch: {
    schema: switchSchema,
    taken: [
      [true, true],
      ['yes', true],
      ['on', true],
      ['False', false],
      ['n', false],
    ],
    refused: [
      ['yEs', 'expected true or false'],
      ['', 'expected true or false'],
      [1, 'expected true or false'],
      [null, 'expected true or false'],
    ],
  },
  count: {
    schema: countSchema,
    taken: [
      [0, 0],
      ['1e3', 1_000],
      ['010', 8],
      ['0x10', 16],
      ['1_000', 1_000],
    ],
    refused: [
      [-1, 'must not be negative'],
      ['-1e3', 'must not be negative'],
      ['1.50', 'expected a whole number'],
      [1.5, 'expected a whole number'],
      ['1', 'expected a whole number'],
    ],
  },
  amount: {
    schema: amountSchema,
    taken: [
      [1.5, 1.5],
      ['1.10', 1.1],
      ['1e-3', 0.001],
    ],
    refused: [
      [-0.5, 'must not be negative'],
      ['-1.50', 'must not be negative'],
      ['0x10', 'expected a number'],
      ['', 'expected a number'],
    ],
  },
  'count above 0': {
    schema: positiveSchema,
    taken: [[1, 1]],
    refused: [[0, 'must be more than 0']],
  },
  port: {
    schema: portSchema,
    taken: [
      [1, 1],
      [65_535, 65_535],
    ],
    refused: [
      [0, BAD_PORT],
      [65_536, BAD_PORT],
      [80.5, BAD_PORT],
      ['80', BAD_PORT],
    ],
  },
  'port, or 0 for none': {
    schema: optionalPortSchema,
    taken: [[0, 0]],
    refused: [
      [-1, BAD_PORT],
      [65_536, BAD_PORT],
    ],
  },
  text: {
    schema: textSchema,
    taken: [
      ['', ''],
      [2, '2'],
      [true, 'true'],
    ],
    refused: [
      [null, 'expected text'],
      [[], 'expected text'],
      [{}, 'expected text'],
    ],
  },
  'text that is absent when empty': {
    schema: presentSchema,
    taken: [
      ['', undefined],
      ['a', 'a'],
      [undefined, undefined],
    ],
    refused: [[null, 'expected text']],
  },
  labels: {
    schema: labelsSchema,
    taken: [[{ a: 1 }, { a: '1' }]],
    refused: [[{ a: null }, 'expected text']],
  },
  list: {
    schema: listOf(textSchema),
    taken: [[[], []]],
    refused: [
      ['a', 'expected a list'],
      [null, 'expected a list'],
    ],
  },
  'version of TLS': {
    schema: tlsVersionSchema,
    taken: [['TLS13', 'TLS13']],
    refused: [['TLS9', 'Invalid option: expected one of "TLS10"|"TLS11"|"TLS12"|"TLS13"']],
  },
};

for (const [name, { schema, taken, refused }] of Object.entries(CASES))
  test(`${name}: what is taken, and the words for what is not`, () => {
    for (const [written, read] of taken)
      assert.deepEqual(schema.safeParse(written).data, read, JSON.stringify(written));
    for (const [written, sentence] of refused)
      assert.equal(
        schema.safeParse(written).error?.issues[0]?.message,
        sentence,
        JSON.stringify(written),
      );
  });

test('a label without a name is refused', () => {
  const [issue] = labelsSchema.safeParse({ '': 'a' }).error?.issues ?? [];
  assert.equal(issue?.code === 'invalid_key' && issue.issues[0]?.message, 'a label name is empty');
});

test('editors are told the type of every value', () => {
  const schemas = { durationSchema, goDurationSchema, sizeSchema, bytesSchema, portSchema };
  for (const [name, schema] of Object.entries(schemas)) {
    const made = z.toJSONSchema(schema, { io: 'input', reused: 'inline' });
    assert.ok(made.type !== undefined || made.anyOf !== undefined, name);
  }
});

test('the pattern for editors takes what the reader takes, and references', () => {
  for (const name of ['duration', "Go's duration", 'refresh_interval', 'size']) {
    const { schema, taken } = CASES[name] as Case;
    const [text] = z.toJSONSchema(schema, { io: 'input', reused: 'inline' }).anyOf ?? [];
    const pattern = new RegExp(text?.pattern ?? 'none');
    for (const [written] of taken)
      if (typeof written === 'string') assert.match(written, pattern, name);
    assert.match('${env:TIME}', pattern);
    assert.doesNotMatch('5x', pattern);
  }
});

test('names are split at commas, pairs at their first equals sign', () => {
  assert.deepEqual(splitNames(' a, b,,c ,'), ['a', 'b', 'c']);
  assert.deepEqual(splitNames(''), []);
  assert.deepEqual(splitPair('a=b=c'), ['a', 'b=c']);
  assert.deepEqual(splitPair('a='), ['a', '']);
  assert.equal(splitPair('=a'), undefined);
  assert.equal(splitPair('a'), undefined);
});

test('a number that is too small has one fault', () => {
  const { error } = positiveSchema.safeParse(-1);
  assert.deepEqual(
    error?.issues.map(({ message }) => message),
    ['must not be negative'],
  );
});
