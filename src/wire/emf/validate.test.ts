/**
 * The validator against a schema that is written anew here from AWS's specification, and the faults
 * that it names.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as z from 'zod';
import { EMF_UNITS } from './limits.ts';
import { validateEmf } from './validate.ts';

type Json = Record<string, unknown>;

const name = z.string().min(1).max(255);

/** The JSON schema of the specification, with its limits of today: 30 dimensions, 1 MB. */
const schema = z.looseObject({
  _aws: z.looseObject({
    Timestamp: z.int(),
    CloudWatchMetrics: z.array(
      z.looseObject({
        Namespace: name,
        Dimensions: z.array(z.array(name).max(30)).min(1),
        Metrics: z
          .array(
            z.looseObject({
              Name: name,
              Unit: z.enum(EMF_UNITS).optional(),
              StorageResolution: z.union([z.literal(1), z.literal(60)]).optional(),
            }),
          )
          .max(100),
      }),
    ),
  }),
});

const T_MS = 1_764_000_000_000;

function directive(changes: Json = {}): Json {
  return {
    Namespace: 'shop',
    Dimensions: [['job']],
    Metrics: [{ Name: 'requests', Unit: 'Count' }],
    ...changes,
  };
}

function event(changes: Json = {}, own: Json = directive(), metadata: Json = {}): Json {
  const whole = { Timestamp: T_MS, CloudWatchMetrics: [own], ...metadata };
  return { _aws: whole, job: 'web', requests: 1, ...changes };
}

function faultsOf(document: unknown, nowMs?: number): readonly string[] {
  const { faults } = validateEmf(JSON.stringify(document), { nowMs });
  return faults.map(({ path, message }) => `${path} ${message}`);
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
const members = (count: number, value: unknown): Json =>
  Object.fromEntries(names(count).map((one) => [one, value]));

/** What the schema of the specification decides, without targets. */
const structures: Readonly<Record<string, Json>> = {
  'an event': event(),
  'no metadata': { job: 'web' },
  'metadata that is text': { _aws: 'x' },
  'no timestamp': event({}, directive(), { Timestamp: undefined }),
  'a timestamp that is text': event({}, directive(), { Timestamp: String(T_MS) }),
  'a timestamp with a fraction': event({}, directive(), { Timestamp: T_MS + 0.5 }),
  'no directives': event({}, directive(), { CloudWatchMetrics: undefined }),
  'a directive that is text': event({}, directive(), { CloudWatchMetrics: ['x'] }),
  'no namespace': event({}, directive({ Namespace: undefined })),
  'an empty namespace': event({}, directive({ Namespace: '' })),
  'a namespace of 255 characters': event({}, directive({ Namespace: 'n'.repeat(255) })),
  'a namespace of 256 characters': event({}, directive({ Namespace: 'n'.repeat(256) })),
  'no dimensions': event({}, directive({ Dimensions: undefined })),
  'an empty array of sets': event({}, directive({ Dimensions: [] })),
  'an empty set': event({}, directive({ Dimensions: [[]] })),
  'a flat array of dimensions': event({}, directive({ Dimensions: ['job'] })),
  '30 dimensions': event(members(30, 'v'), directive({ Dimensions: [names(30)] })),
  '31 dimensions': event(members(31, 'v'), directive({ Dimensions: [names(31)] })),
  'a dimension of 256 characters': event(
    { ['d'.repeat(256)]: 'v' },
    directive({ Dimensions: [['d'.repeat(256)]] }),
  ),
  'no metrics': event({}, directive({ Metrics: undefined })),
  '100 metrics': event(
    members(100, 1),
    directive({ Metrics: names(100).map((Name) => ({ Name })) }),
  ),
  '101 metrics': event(
    members(101, 1),
    directive({ Metrics: names(101).map((Name) => ({ Name })) }),
  ),
  'a metric without name': event({}, directive({ Metrics: [{ Unit: 'Count' }] })),
  'a metric of 256 characters': event(
    { ['m'.repeat(256)]: 1 },
    directive({ Metrics: [{ Name: 'm'.repeat(256) }] }),
  ),
  'a unit that CloudWatch does not have': event(
    {},
    directive({ Metrics: [{ Name: 'requests', Unit: 'requests' }] }),
  ),
  'a resolution of a second': event(
    {},
    directive({ Metrics: [{ Name: 'requests', StorageResolution: 1 }] }),
  ),
  'a resolution of ten seconds': event(
    {},
    directive({ Metrics: [{ Name: 'requests', StorageResolution: 10 }] }),
  ),
};

suite('the validator and the schema of the specification agree on', () => {
  for (const [what, document] of Object.entries(structures))
    test(what, () => {
      const written = JSON.parse(JSON.stringify(document)) as unknown;
      const isValid = schema.safeParse(written).success;
      assert.equal(faultsOf(written).length === 0, isValid, faultsOf(written).join('\n'));
    });
});

suite('targets', () => {
  const cases: readonly (readonly [what: string, value: unknown, fault: RegExp | undefined])[] = [
    ['a number', 1.5, undefined],
    ['an array', [1, 2], undefined],
    ['100 values', new Array(100).fill(1), undefined],
    ['101 values', new Array(101).fill(1), /101 values: a metric has at most 100/],
    ['an empty array', [], /no values/],
    ['a text', '1', /no number, array of numbers or statistic set/],
    ['null', null, /no number, array of numbers or statistic set/],
    ['a text in an array', [1, '2'], /a value that is no number/],
    ['2^360', 2 ** 360, undefined],
    ['more than 2^360', 2 ** 361, /beyond 2\^360/],
    ['less than -2^360', -(2 ** 361), /beyond 2\^360/],
    ['a statistic set', { Max: 2, Min: 1, Sum: 3, Count: 2 }, undefined],
    ['a statistic set without Max', { Min: 1, Sum: 3, Count: 2 }, /lacks Max/],
    ['a Max below Min', { Max: 1, Min: 2, Sum: 3, Count: 2 }, /Max below its Min/],
    ['values with counts', { Values: [1, 2], Counts: [3, 4] }, undefined],
    ['fewer counts than values', { Values: [1, 2], Counts: [3] }, /1 Counts for 2 Values/],
    ['counts alone', { Counts: [3], Max: 1, Min: 1, Sum: 1, Count: 1 }, /Counts without Values/],
  ];
  for (const [what, value, fault] of cases)
    test(`of a metric: ${what}`, () => {
      const faults = faultsOf(event({ requests: value })).join('\n');
      if (fault === undefined) assert.equal(faults, '');
      else assert.match(faults, fault);
    });

  const dimensions: readonly (readonly [
    what: string,
    value: unknown,
    fault: RegExp | undefined,
  ])[] = [
    ['a text', 'web', undefined],
    ['1,024 characters', 'v'.repeat(1_024), undefined],
    ['1,025 characters', 'v'.repeat(1_025), /1025 characters: one has at most 1024/],
    ['an empty text', '', /blank/],
    ['blanks', '  ', /blank/],
    ['a number', 1, /no text/],
    ['characters beyond ASCII', 'Zürich', /ASCII/],
    ['nothing', undefined, /no member/],
  ];
  for (const [what, value, fault] of dimensions)
    test(`of a dimension: ${what}`, () => {
      const faults = faultsOf(event({ job: value })).join('\n');
      if (fault === undefined) assert.equal(faults, '');
      else assert.match(faults, fault);
    });

  test('a member of a nested object is no target', () => {
    const own = directive({ Metrics: [{ Name: 'a.b' }] });
    assert.match(faultsOf(event({ a: { b: 1 } }, own)).join(), /"a.b" is no member/);
    const inherited = directive({ Metrics: [{ Name: 'constructor' }] });
    assert.match(faultsOf(event({}, inherited)).join(), /"constructor" is no member/);
  });
});

test('a text that is no JSON object is a fault of parsing', () => {
  for (const text of ['', 'x', '{"_aws":', '[]', 'null', '1']) {
    const { faults, root } = validateEmf(text);
    assert.deepEqual(
      faults.map(({ kind }) => kind),
      ['parsing'],
      text,
    );
    assert.equal(root, undefined);
  }
});

test('an event has at most 1 MB, with the 26 bytes that CloudWatch Logs counts', () => {
  const size = (text: string): string => JSON.stringify(event({ text }));
  const room = 1_048_576 - 26 - size('').length;
  assert.deepEqual(validateEmf(size('x'.repeat(room))).faults, []);
  assert.match(validateEmf(size('x'.repeat(room + 1))).faults[0]?.message ?? '', /at most 1048576/);
  assert.match(validateEmf(size('ü'.repeat(room / 2 + 1))).faults[0]?.message ?? '', /at most/);
});

test('the age is looked at where the time of arrival is given', () => {
  assert.deepEqual(faultsOf(event(), T_MS + 14 * 86_400_000), []);
  assert.match(faultsOf(event(), T_MS + 14 * 86_400_000 + 1).join(), /more than 14 days ago/);
  assert.deepEqual(faultsOf(event(), T_MS - 7_200_000), []);
  assert.match(faultsOf(event(), T_MS - 7_200_001).join(), /more than 2 hours ahead/);
});

test('the older form has its members in the root, and a timestamp that is text', () => {
  const older = {
    Version: '0',
    Timestamp: String(T_MS),
    CloudWatchMetrics: [directive()],
    job: 'web',
    requests: 1,
  };
  assert.deepEqual(validateEmf(JSON.stringify(older)).faults, []);
  assert.match(faultsOf({ ...older, Timestamp: 'now' }).join(), /^Timestamp is "now"/);
  assert.match(faultsOf({ ...older, Version: '1' }).join(), /^_aws is missing/);
});

test('faults of one event are bounded', () => {
  const Metrics = Array.from({ length: 5_000 }, () => ({}));
  assert.equal(faultsOf(event({}, directive({ Metrics }))).length, 100);
});
