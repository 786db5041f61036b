import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSegmentDocument } from '../../../test/kit/segment-fields.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { packDocument, type SegmentDocument } from './document.ts';
import { describeException } from './exception.ts';
import { OpenSegment } from './segment.ts';
import { formatTraceHeader, parseTraceHeader } from './trace-header.ts';

const TRACE_ID = '1-5759e988-bd862e3fe1be46a994272793';

function open(isSampled = true) {
  const clock = new VirtualClock();
  const sent: SegmentDocument[] = [];
  let ids = 0;
  const segment = new OpenSegment(
    {
      traceId: TRACE_ID,
      isSampled,
      clock,
      makeId: () => (++ids).toString(16).padStart(16, '0'),
      workingDirectory: '/app',
      send: (document) => void sent.push(document),
    },
    'shop',
    { service: { version: '1' } },
  );
  return { clock, sent, segment };
}

const idle = (): Promise<void> => Promise.resolve();

/** Ids of a document and of all subsegments inside it. */
function idsOf(document: SegmentDocument): string[] {
  return [document.id, ...(document.subsegments ?? []).flatMap(idsOf)];
}

function assertValid(sent: readonly SegmentDocument[]): void {
  for (const document of sent)
    assert.deepEqual(checkSegmentDocument(JSON.parse(JSON.stringify(document))), []);
}

test('a segment carries its subsegments, each with its own times', async () => {
  const { clock, sent, segment } = open();
  await segment.trace('outer', { namespace: 'remote' }, async (outer) => {
    await clock.advance(10);
    await outer.trace('inner', {}, () => clock.advance(5));
  });
  segment.addStatus(200);
  segment.finish();
  assertValid(sent);
  assert.equal(sent.length, 1);
  const start = 1_700_000_000;
  assert.deepEqual(sent[0], {
    name: 'shop',
    id: '0000000000000001',
    trace_id: TRACE_ID,
    service: { version: '1' },
    start_time: start,
    end_time: start + 0.015,
    subsegments: [
      {
        name: 'outer',
        id: '0000000000000002',
        start_time: start,
        end_time: start + 0.015,
        namespace: 'remote',
        subsegments: [
          {
            name: 'inner',
            id: '0000000000000003',
            start_time: start + 0.01,
            end_time: start + 0.015,
          },
        ],
      },
    ],
  });
});

test('a status makes an error, a throttle or a fault', () => {
  for (const [status, flags] of [
    [200, {}],
    [302, {}],
    [404, { error: true }],
    [429, { error: true, throttle: true }],
    [500, { fault: true }],
    [503, { fault: true }],
  ] as const) {
    const { segment } = open();
    segment.addStatus(status);
    assert.deepEqual(segment.details, flags, String(status));
  }
});

test('an error ends a subsegment as a fault with its stack, and is thrown on', async () => {
  const { sent, segment } = open();
  const work = segment.trace('pay', {}, () => Promise.reject(new RangeError('too much')));
  await assert.rejects(work, RangeError);
  segment.finish();
  assertValid(sent);
  const [pay] = sent[0]?.subsegments ?? [];
  assert.equal(pay?.fault, true);
  assert.ok(typeof pay.cause === 'object');
  const [exception] = pay.cause.exceptions;
  assert.equal(exception?.type, 'RangeError');
  assert.equal(exception.message, 'too much');
  assert.equal(exception.remote, false);
  assert.match(exception.stack[0]?.path ?? '', /segment\.test\.ts$/);
  assert.ok((exception.stack[0]?.line ?? 0) > 1);
});

test('up to 100 subsegments are in the document; above that, those that ended are sent apart', async () => {
  const few = open();
  for (let i = 0; i < 100; i++) await few.segment.trace(`step ${i}`, {}, idle);
  few.segment.finish();
  assert.deepEqual(
    few.sent.map(({ subsegments }) => subsegments?.length),
    [100],
  );

  const { sent, segment } = open();
  for (let i = 0; i < 150; i++) await segment.trace(`step ${i}`, {}, idle);
  assert.deepEqual(sent[0]?.in_progress, true);
  assert.equal(sent[0].end_time, undefined);
  segment.finish();
  assertValid(sent);
  const apart = sent.filter(({ type }) => type === 'subsegment');
  assert.equal(apart.length, 101);
  assert.ok(
    apart.every(({ parent_id, trace_id }) => parent_id === segment.id && trace_id === TRACE_ID),
  );
  const last = sent.at(-1);
  assert.equal(last?.id, segment.id);
  assert.equal(last.subsegments?.length, 49);
  const ids = sent.slice(1).flatMap(idsOf);
  assert.equal(new Set(ids).size, 151, 'each once, and the segment');
  assert.equal(ids.length, 151);
});

test('what is open, or has something open inside it, is not sent apart', async () => {
  const { sent, segment } = open();
  await segment.trace('outer', {}, async (outer) => {
    for (let i = 0; i < 120; i++)
      await outer.trace(`step ${i}`, {}, (step) => step.trace('inner', {}, idle));
    assert.ok(sent.length > 1);
    assert.ok(sent.every(({ name }) => name !== 'outer'));
    const apart = sent.filter(({ type }) => type === 'subsegment');
    // A step whose inner one ends above the limit is still open itself.
    assert.ok(apart.every(({ name, parent_id }) => name === 'inner' || parent_id === outer.id));
  });
  segment.finish();
  assertValid(sent);
  const ids = sent.slice(1).flatMap(idsOf);
  assert.equal(ids.length, 242);
  assert.equal(new Set(ids).size, 242);
});

test('nothing of a request that is not sampled is sent', async () => {
  const { sent, segment } = open(false);
  for (let i = 0; i < 150; i++) await segment.trace(`step ${i}`, {}, idle);
  segment.finish();
  assert.deepEqual(sent, []);
});

test('a document above the limit is sent in parts, and what is too large even alone is told', () => {
  const part = (
    id: string,
    bytes: number,
    subsegments: SegmentDocument[] = [],
  ): SegmentDocument => ({
    name: id,
    id: id.padStart(16, '0'),
    start_time: 1_700_000_000,
    end_time: 1_700_000_001,
    metadata: { filling: { text: 'x'.repeat(bytes) } },
    ...(subsegments.length === 0 ? {} : { subsegments }),
  });
  const whole = {
    ...part('a', 10, [
      part('b', 40_000),
      part('c', 100, [part('d', 40_000), part('e', 70_000), part('f', 30_000)]),
    ]),
    trace_id: TRACE_ID,
  };
  const { datagrams, lost } = packDocument(whole);
  assert.deepEqual(
    datagrams.map(({ document }) => document.name),
    ['a', 'b', 'c', 'd', 'f'],
  );
  assert.deepEqual(
    lost.map(({ name }) => name),
    ['e'],
  );
  assertValid(datagrams.map(({ document }) => document));
  assert.equal(datagrams[3]?.document.parent_id, 'c'.padStart(16, '0'));
  assert.ok(datagrams.every(({ bytes }) => bytes.length <= 65_507));
});

test('a datagram is the header line of the SDKs and the document', () => {
  const { datagrams } = packDocument({
    name: 'a',
    id: '0'.repeat(16),
    start_time: 1,
    trace_id: TRACE_ID,
  });
  const text = datagrams[0]?.bytes.toString() ?? '';
  const [header, ...rest] = text.split('\n');
  assert.equal(header, '{"format": "json", "version": 1}');
  assert.equal((JSON.parse(rest.join('\n')) as SegmentDocument).name, 'a');
});

test('the largest document that a datagram carries is sent whole, and one byte more is not', () => {
  const sized = (bytes: number): SegmentDocument => ({
    name: 'n',
    id: '0'.repeat(16),
    start_time: 1,
    metadata: { m: { t: 'x'.repeat(bytes) } },
  });
  const overhead = JSON.stringify(sized(0)).length + '{"format": "json", "version": 1}\n'.length;
  assert.equal(packDocument(sized(65_507 - overhead)).datagrams[0]?.bytes.length, 65_507);
  assert.equal(packDocument(sized(65_508 - overhead)).lost.length, 1);
});

test('frames of a stack are read with and without a name', () => {
  const error = new TypeError('no');
  error.stack = [
    'TypeError: no',
    '    at settle (/app/pay.js:12:5)',
    '    at async Object.run (file:///app/main.js:3:1)',
    '    at /app/loose.js:7:9',
    '    at <anonymous>',
  ].join('\n');
  assert.deepEqual(describeException(error, '1'.repeat(16)).stack, [
    { path: '/app/pay.js', line: 12, label: 'settle' },
    { path: 'file:///app/main.js', line: 3, label: 'async Object.run' },
    { path: '/app/loose.js', line: 7, label: 'anonymous' },
  ]);
  assert.equal(describeException('text', '1'.repeat(16)).message, 'text');
});

test('the header of a caller is read by its keys, in any case and order', () => {
  const parentId = '53995c3f42cd8ad8';
  for (const [header, context] of [
    [undefined, {}],
    ['', {}],
    [`Root=${TRACE_ID}`, { traceId: TRACE_ID }],
    [
      `Root=${TRACE_ID};Parent=${parentId};Sampled=1`,
      { traceId: TRACE_ID, parentId, isSampled: true },
    ],
    [
      `sampled=0; parent=${parentId} ;ROOT=${TRACE_ID}`,
      { traceId: TRACE_ID, parentId, isSampled: false },
    ],
    [`Root=${TRACE_ID};Sampled=?`, { traceId: TRACE_ID }],
    [`Self=1-67891234-12456789abcdef012345678;Root=${TRACE_ID};Lineage=a:1`, { traceId: TRACE_ID }],
    [`Root=2-5759e988-bd862e3fe1be46a994272793;Parent=${parentId};Sampled=1`, { isSampled: true }],
    ['Root=1-5759e988-bd862e3fe1be46a99427279', {}],
    [`Root=${TRACE_ID};Parent=x`, { traceId: TRACE_ID }],
    [`Root=${TRACE_ID}${';a=b'.repeat(1_000)}`, {}],
    ['=;==;;Root', {}],
  ] as const)
    assert.deepEqual(parseTraceHeader(header), context, String(header));
  const context = { traceId: TRACE_ID, parentId, isSampled: true };
  assert.deepEqual(parseTraceHeader(formatTraceHeader(context)), context);
  assert.equal(
    formatTraceHeader({ traceId: TRACE_ID, isSampled: false }),
    `Root=${TRACE_ID};Sampled=0`,
  );
});
