import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  body,
  double,
  int,
  label,
  message,
  packedSints,
  sint,
  sub,
  text,
  time,
  uint,
} from '../../../../test/fuzz/protobuf-page.ts';
import { ExpositionError } from '../error.ts';
import { type ProtobufOptions } from './sample.ts';
import { readProtobufExposition } from './families.ts';

const CLASSIC: ProtobufOptions = { nativeHistograms: false, alwaysClassic: false };
const NATIVE: ProtobufOptions = { nativeHistograms: true, alwaysClassic: false };

function read(bytes: Uint8Array, options = CLASSIC): string[] {
  return [...readProtobufExposition(bytes, options)].map(
    ({ labels, value, tMs, createdMs, exemplars }) => {
      const [[, name] = [], ...rest] = labels;
      const inside = rest.map(([key, of]) => `${key}=${of}`).join();
      const shown = typeof value === 'number' ? value : JSON.stringify(value);
      const tail = [
        tMs === undefined ? '' : `@${tMs}`,
        createdMs === undefined ? '' : `since ${createdMs}`,
        ...exemplars.map((one) => `# ${JSON.stringify(one)}`),
      ].filter((part) => part !== '');
      return [`${name}{${inside}} ${shown}`, ...tail].join(' ');
    },
  );
}

const family = (name: string, type: number, ...metrics: Uint8Array[]): Uint8Array =>
  message(text(1, name), text(2, 'help'), uint(3, type), ...metrics.map((one) => sub(4, one)));

test('counters, gauges, untyped and summaries are read with time, creation and exemplar', () => {
  const exemplar = message(sub(1, label('trace', 'x')), double(2, 0.5), sub(3, time(7, 5e8)));
  const counter = message(double(1, 3), sub(2, exemplar), sub(3, time(1_700, 250_000_000)));
  const quantile = message(double(1, 0.5), double(2, 9));
  const page = body(
    family('requests_total', 0, message(sub(1, label('a', 'é')), sub(3, counter), int(6, -5))),
    family('heat', 1, message(sub(2, message(double(1, -1.5))))),
    family('odd', 3, message(sub(5, message(double(1, 2))))),
    family('took', 2, message(sub(4, message(uint(1, 4), double(2, 8), sub(3, quantile))))),
  );
  assert.deepEqual(read(page), [
    'requests_total{a=é} 3 @-5 since 1700250 # {"labels":[["trace","x"]],"value":0.5,"tMs":7500}',
    'heat{} -1.5',
    'odd{} 2',
    'took_count{} 4',
    'took_sum{} 8',
    'took{quantile=0.5} 9',
  ]);
});

test('the type may follow the metrics', () => {
  const metric = message(sub(2, message(double(1, 1))));
  const late = message(text(1, 'late'), sub(4, metric), uint(3, 1));
  const [sample] = [...readProtobufExposition(body(late), CLASSIC)];
  assert.equal(sample?.type, 'gauge');
});

const bucket = (count: number, bound: number): Uint8Array =>
  message(uint(1, count), double(2, bound));
const histogram = message(
  uint(1, 10),
  double(2, 25.5),
  sub(3, bucket(4, 1)),
  sub(3, bucket(9, 5)),
  sint(5, 3),
  double(6, 0.001),
  uint(7, 2),
  sub(12, message(sint(1, -2), uint(2, 2))),
  sub(12, message(sint(1, 1), uint(2, 1))),
  packedSints(13, [1, 2, -1]),
  sub(9, message(sint(1, 0), uint(2, 1))),
  packedSints(10, [2]),
  sub(16, message(sub(1, label('trace', 'n')), double(2, 3))),
  sub(16, message(sub(1, label('trace', 't')), double(2, 3), sub(3, time(9)))),
);

test('a histogram is classic, native, or both, as asked', () => {
  const page = body(family('rpc', 4, message(sub(7, histogram))));
  const classic = [
    'rpc_count{} 10',
    'rpc_sum{} 25.5',
    'rpc_bucket{le=1.0} 4',
    'rpc_bucket{le=5.0} 9',
    'rpc_bucket{le=+Inf} 10',
  ];
  const native = JSON.stringify({
    schema: 3,
    zeroThreshold: 0.001,
    zeroCount: 2,
    count: 10,
    sum: 25.5,
    isFloat: false,
    resetHint: 'unknown',
    positiveSpans: [
      { offset: -2, length: 2 },
      { offset: 1, length: 1 },
    ],
    positiveCounts: [1, 3, 2],
    negativeSpans: [{ offset: 0, length: 1 }],
    negativeCounts: [2],
    customValues: [],
  });
  // The exemplar without a time is left out.
  const whole = `rpc{} ${native} # {"labels":[["trace","t"]],"value":3,"tMs":9000}`;
  assert.deepEqual(read(page), classic);
  assert.deepEqual(read(page, NATIVE), [whole]);
  assert.deepEqual(read(page, { ...NATIVE, alwaysClassic: true }), [whole, ...classic]);
});

test('fields of another wire type are skipped, and the fields after them are read', () => {
  const odd = message(
    ...[9, 10, 11, 12, 13, 14].flatMap((number) => [double(number, 7), int(number, 3)]),
    uint(1, 5),
    double(2, 2.5),
    sint(5, 0),
    double(6, 0.5),
  );
  const [sample] = [...readProtobufExposition(body(family('x', 4, message(sub(7, odd)))), CLASSIC)];
  assert.equal(sample?.value, 5);
});

test('what is malformed is refused, and nothing else is thrown', () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array([200]), /a varint is cut off/],
    [new Uint8Array([9, 10]), /longer than its message/],
    [body(message(text(2, 'no name'))), /has no name/],
    [body(family('x', 17)), /type that does not exist/],
    [
      body(family('x', 1, message(sub(1, label('a', '1')), sub(1, label('a', '2'))))),
      /given twice/,
    ],
    [
      body(
        family(
          'x',
          4,
          message(sub(7, message(sub(12, message(uint(2, 3))), packedSints(13, [1])))),
        ),
      ),
      /do not fit/,
    ],
    [body(family('x', 4, message(sub(7, message(sint(5, 99), double(6, 1)))))), /schema 99/],
    ...(
      [
        [uint(1, 9), sub(12, message(uint(2, 1))), packedSints(13, [1])],
        [double(4, 1), sub(12, message(uint(2, 2))), double(14, 2), double(14, -1)],
      ] as const
    ).map((fields): [Uint8Array, RegExp] => [
      body(family('x', 4, message(sub(7, message(...fields))))),
      /counts of a native histogram are negative, or not as many/,
    ]),
  ];
  for (const [bytes, expected] of cases)
    assert.throws(
      () => read(bytes, NATIVE),
      (error) => error instanceof ExpositionError && expected.test(error.message),
      String(expected),
    );
});
