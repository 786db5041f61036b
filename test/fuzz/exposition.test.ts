/**
 * Mutated and generated expositions against every reader. A reader may refuse them, but only with
 * an ExpositionError; it must not hang, and must not read a byte outside the exposition. 10,000
 * expositions; a million with AMPERAGE_LONG=1.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpositionError } from '../../src/wire/exposition/error.ts';
import { type ExpositionFormat, ExpositionReader } from '../../src/wire/exposition/reader.ts';
import { readProtobufExposition } from '../../src/wire/exposition/protobuf/families.ts';
import { writeExposition } from '../../src/wire/exposition/writer.ts';
import { checkExposition } from '../../src/wire/exposition/check.ts';
import { checkOpenMetrics } from '../../src/wire/exposition/openmetrics-check.ts';
import type { MetricFamily } from '../../src/model/metric-family.ts';
import {
  body,
  double,
  label,
  message,
  packedSints,
  sint,
  sub,
  text,
  uint,
} from './protobuf-page.ts';

const RUNS = process.env['AMPERAGE_LONG'] === undefined ? 10_000 : 1_000_000;
const SLOW_MS = 1_000;
const PIECES = [
  '{',
  '}',
  '"',
  '\\',
  '=',
  ',',
  ' ',
  '\n',
  '#',
  '# EOF\n',
  '1e',
  'NaN',
  '\t',
  'é',
  '\0',
  '# {',
  '_total',
];

const families: MetricFamily[] = [
  {
    name: 'requests_total',
    help: 'All "of" them,\nby \\ code.',
    type: 'counter',
    samples: [
      {
        labels: { code: '200', path: 'a"b\\c\nd' },
        value: 3.5e9,
        exemplar: { labels: { trace: 'x' }, value: 1, tMs: 5 },
      },
      { labels: {}, value: Infinity, tMs: 1_700_000_000_123 },
    ],
  },
  {
    name: 'my.histogram',
    help: '',
    type: 'histogram',
    samples: [
      { suffix: '_bucket', labels: { le: '+Inf', 'own.label': 'v' }, value: 2 },
      { suffix: '_sum', labels: {}, value: -0.25 },
      { suffix: '_count', labels: {}, value: 2 },
    ],
  },
];
const histogram = message(
  uint(1, 3),
  double(2, 1),
  sub(3, message(uint(1, 1), double(2, 1))),
  sint(5, 2),
  double(6, 1e-9),
  sub(12, message(sint(1, -1), uint(2, 2))),
  packedSints(13, [1, 1]),
);
const seeds: readonly [reader: Reader, page: Uint8Array][] = [
  ['text', Buffer.from(writeExposition(families))],
  ['openmetrics', Buffer.from(writeExposition(families, 'openmetrics'))],
  [
    'protobuf',
    body(
      message(
        text(1, 'rpc'),
        text(2, 'h'),
        uint(3, 4),
        sub(4, message(sub(1, label('a', 'b')), sub(7, histogram))),
      ),
      message(text(1, 'up'), uint(3, 1), sub(4, message(sub(2, message(double(1, 1)))))),
    ),
  ],
];
type Reader = ExpositionFormat | 'protobuf';

function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function mutate(page: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes: Uint8Array = page;
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length + 1);
    const head = bytes.subarray(0, at);
    switch (random(5)) {
      case 0:
        bytes = head;
        break;
      case 1:
        bytes = Buffer.concat([
          head,
          Buffer.from(PIECES[random(PIECES.length)] ?? ''),
          bytes.subarray(at),
        ]);
        break;
      case 2:
        bytes = Buffer.concat([head, bytes.subarray(Math.min(bytes.length, at + 1 + random(20)))]);
        break;
      case 3:
        bytes = Uint8Array.from(bytes);
        if (at < bytes.length) bytes[at] = random(256);
        break;
      default:
        bytes = Buffer.concat([bytes, bytes.subarray(at)]);
    }
  }
  return bytes;
}

/** Everything that a reader returns for an exposition, or its refusal, as text. */
function describeReading(reader: Reader, page: Uint8Array): string {
  try {
    if (reader === 'protobuf')
      return JSON.stringify([
        ...readProtobufExposition(page, { nativeHistograms: true, alwaysClassic: true }),
      ]);
    const cursor = new ExpositionReader();
    cursor.open(page, reader);
    let told = '';
    for (let entry = cursor.next(); entry !== 'end'; entry = cursor.next()) {
      told += `${entry} ${cursor.metricName} ${cursor.text}`;
      if (entry !== 'sample') continue;
      told += JSON.stringify([cursor.labels(), cursor.value, cursor.hasTime ? cursor.tMs : '']);
      if (cursor.hasExemplar) told += JSON.stringify(cursor.exemplar());
    }
    return told;
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    return error.message;
  }
}

/** The same bytes inside a larger buffer, whose other bytes a reader must not see. */
function embed(page: Uint8Array): Uint8Array {
  const around = new Uint8Array(page.length + 64).fill(0x31);
  around.set(page, 32);
  return around.subarray(32, 32 + page.length);
}

function checkReaders(page: Uint8Array): void {
  for (const check of [checkExposition, checkOpenMetrics]) {
    try {
      check(page);
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
    }
  }
}

test(
  'no exposition makes a reader hang, throw another error, or read beyond its end',
  { timeout: 600_000 },
  (t) => {
    const random = makeRandom(20_261_121);
    let refused = 0;
    for (let run = 0; run < RUNS; run++) {
      const [reader, page] = seeds[run % seeds.length] as (typeof seeds)[number];
      const bytes = mutate(page, random);
      const startMs = performance.now();
      const told = describeReading(reader, bytes);
      assert.equal(describeReading(reader, embed(bytes)), told, Buffer.from(bytes).toString('hex'));
      if (reader !== 'protobuf') checkReaders(bytes);
      assert.ok(performance.now() - startMs < SLOW_MS, Buffer.from(bytes).toString('hex'));
      if (told.startsWith('line ')) refused += 1;
    }
    t.diagnostic(`${RUNS} pages, ${refused} refused`);
    assert.ok(refused > RUNS / 10 && refused < RUNS);
  },
);
