/**
 * Which documents X-Ray takes: the published examples, each with its reason, and each rule by one
 * document that breaks it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { DOCUMENT_MAX_BYTES } from '../../wire/xray/document.ts';
import { judgeDocument, refuseByCommand } from './judgement.ts';

const TAKEN = 'taken';

/** Of each file: what X-Ray answers for it near the time of its segment, and why. */
const EXAMPLES: Readonly<Record<string, readonly [answer: string, why: string]>> = {
  '01-minimal-complete-segment.json': [TAKEN, 'all required fields'],
  '02-segment-with-embedded-subsegment.json': [TAKEN, 'a subsegment within needs no trace id'],
  '03-in-progress-segment.json': [TAKEN, 'in_progress stands for end_time'],
  '04-independent-subsegment.txt': ['ParseError', 'a comma is missing after trace_id'],
  '05-segment-for-http-call-served-by-an-appli.txt': ['ParseError', 'a comma too many, no last }'],
  '06-subsegment-for-a-downstream-http-call.json': ['MissingTraceId', 'stands within a segment'],
  '07-inferred-segment-for-a-downstream-http-c.json': [TAKEN, 'parent_id is allowed in a segment'],
  '08-segment-for-http-call-with-annotations.txt': ['ParseError', 'a comma too many, no last }'],
  '09-custom-subsegment-with-metadata.json': ['MissingTraceId', 'stands within a segment'],
  '10-subsegment-for-a-call-to-dynamodb-to-sav.txt': ['ParseError', 'a comma too many'],
  '11-subsegment-with-an-sql-query.json': ['MissingTraceId', 'stands within a segment'],
  '12-minimal-complete-segment.json': [TAKEN, 'all required fields'],
  '13-in-progress-segment.txt': ['ParseError', 'in_progress is in typographic quotes'],
  '14-subsegment.txt': ['ParseError', 'typographic quotes, and a comma is missing'],
  '15-subsegment.json': ['MissingId', 'an answer of PutTraceSegments, and no document'],
  '16-subsegment.txt': ['ParseError', 'the header of a datagram and \\n stand before it'],
  '17-segment-txt.txt': ['ParseError', 'a datagram: its header is no part of the document'],
};

test('each published example has its documented outcome', { skip: skipWithoutConformance }, () => {
  const folder = conformancePath('xray', 'segments');
  assert.deepEqual(readdirSync(folder).sort(), Object.keys(EXAMPLES).sort());
  for (const [file, [answer, why]] of Object.entries(EXAMPLES)) {
    const text = readFileSync(`${folder}/${file}`, 'utf8').trim();
    const start = Number(/"start_time"\s*:\s*([\d.E]+)/.exec(text)?.[1] ?? 0);
    assert.equal(codeOf(text, start * 1_000), answer, `${file}: ${why}`);
  }
});

test('the old datagram is refused as the developer guide shows it', { skip: skipWithoutConformance }, () => {
  const folder = conformancePath('xray', 'segments');
  const [, document = ''] = readFileSync(`${folder}/17-segment-txt.txt`, 'utf8').split('\n');
  const shown = JSON.parse(readFileSync(`${folder}/15-subsegment.json`, 'utf8'));
  const judgement = judgeDocument(document, Date.now());
  assert.ok(judgement.is === 'refused');
  assert.deepEqual([judgement.refusal], shown.UnprocessedTraceSegments);
}); // prettier-ignore

const NOW = 1_800_000_000;
const SEGMENT = {
  name: 'shop',
  id: '70de5b6f19ff9a0a',
  trace_id: '1-581cf771-a006649127e371903a2de979',
  start_time: NOW - 1.5,
  end_time: NOW - 1,
};
const SUBSEGMENT = { ...SEGMENT, type: 'subsegment', parent_id: '53995c3f42cd8ad8' };
const inner = (change: object): object => ({
  ...SEGMENT,
  subsegments: [
    { id: 'a'.repeat(16), name: 'a', start_time: NOW, end_time: NOW, subsegments: [change] },
  ],
});
const LONG = 'ü'.repeat(200);

test('each rule refuses what breaks it, by its code', () => {
  const cases: readonly (readonly [code: string, document: unknown])[] = [
    ['ParseError', 'x'],
    ['ParseError', '"text"'],
    ['ParseError', ''],
    ['MissingId', '[]'],
    ['MissingId', {}],
    ['MissingId', { ...SEGMENT, id: undefined }],
    ['InvalidId', { ...SEGMENT, id: '70de5b6f19ff9a0' }],
    ['InvalidId', { ...SEGMENT, id: 70 }],
    ['MissingTraceId', { ...SEGMENT, trace_id: undefined }],
    ['InvalidTraceId', { ...SEGMENT, trace_id: '581cf771a006649127e371903a2de979' }],
    ['InvalidTraceId', { ...SEGMENT, trace_id: '1-581cf771-fd515828bs07678a3bb5a78c' }],
    ['InvalidTraceId', { ...SEGMENT, trace_id: '1-581CF771-A006649127E371903A2DE979' }],
    ['MissingName', { ...SEGMENT, name: undefined }],
    ['InvalidName', { ...SEGMENT, name: `${LONG}a` }],
    ['InvalidName', { ...SEGMENT, name: 'mysql at RouteBinding:?' }],
    ['MissingStartTime', { ...SEGMENT, start_time: undefined }],
    ['InvalidStartTime', { ...SEGMENT, start_time: '1' }],
    ['MissingEndTime', { ...SEGMENT, end_time: undefined }],
    ['MissingEndTime', { ...SEGMENT, end_time: undefined, in_progress: false }],
    ['InvalidEndTime', { ...SEGMENT, end_time: '1' }],
    ['MissingParentId', { ...SUBSEGMENT, parent_id: undefined }],
    ['InvalidParentId', { ...SUBSEGMENT, parent_id: '5' }],
    ['InvalidTraceId', { ...SEGMENT, start_time: NOW - 30 * 86_400 - 1 }],
    ['InvalidTraceId', { ...SEGMENT, start_time: NOW + 2 * 3_600 + 1 }],
    ['InvalidSegment', { ...SEGMENT, metadata: { m: 'x'.repeat(DOCUMENT_MAX_BYTES) } }],
    ['MissingEndTime', inner({ id: 'b'.repeat(16), name: 'b', start_time: NOW })],
    ['InvalidName', inner({ id: 'b'.repeat(16), name: '?', start_time: NOW, end_time: NOW })],
    ['MissingId', inner({ name: 'b', start_time: NOW, end_time: NOW })],
  ];
  for (const [code, document] of cases) assert.equal(codeOf(document), code, show(document));
});

test('what the rules allow is taken', () => {
  const cases: readonly unknown[] = [
    SEGMENT,
    SUBSEGMENT,
    { ...SEGMENT, name: LONG },
    { ...SEGMENT, name: 'Größe_1.a:b/c%d&e#f=g+h\\i-j@k 日本' },
    { ...SEGMENT, parent_id: '53995c3f42cd8ad8' },
    { ...SEGMENT, end_time: undefined, in_progress: true },
    { ...SEGMENT, start_time: NOW - 30 * 86_400 + 1 },
    { ...SEGMENT, trace_id: '1-ffffffff-a006649127e371903a2de979' },
    { ...SEGMENT, annotations: { 'no key': {}, list: [1] } },
    { ...SEGMENT, subsegments: [] },
    inner({ id: 'b'.repeat(16), name: 'b', start_time: NOW, in_progress: true }),
  ];
  for (const document of cases) assert.equal(codeOf(document), TAKEN, show(document));
});

test('a refusal names the document, and says whether a subsegment is at fault', () => {
  const refusalOf = (document: unknown): unknown => {
    const judgement = judgeDocument(show(document), NOW * 1_000);
    assert.ok(judgement.is === 'refused');
    return judgement.refusal;
  };
  const { id } = SEGMENT;
  assert.deepEqual(refusalOf('x'), {
    ErrorCode: 'ParseError',
    Message: 'Invalid segment. ErrorCode: ParseError',
  });
  assert.deepEqual(refusalOf({ ...SUBSEGMENT, parent_id: undefined }), {
    Id: id,
    ErrorCode: 'MissingParentId',
    Message: 'Invalid subsegment. ErrorCode: MissingParentId, Cause: null',
  });
  // The id is that of the document, not of the subsegment within.
  assert.deepEqual(refusalOf(inner({ id: 'b'.repeat(16), name: 'b', start_time: NOW })), {
    Id: id,
    ErrorCode: 'MissingEndTime',
    Message: 'Invalid subsegment. ErrorCode: MissingEndTime, Cause: null',
  });
  const large = { ...SEGMENT, metadata: { m: 'x'.repeat(DOCUMENT_MAX_BYTES) } };
  assert.equal((refusalOf(large) as { Id: string }).Id, id);
  assert.deepEqual(refuseByCommand(show(SEGMENT), 'InternalFailure'), {
    Id: id,
    ErrorCode: 'InternalFailure',
    Message: 'InternalFailure on command',
  });
});

function codeOf(document: unknown, nowMs = NOW * 1_000): string {
  const judgement = judgeDocument(show(document), nowMs);
  return judgement.is === 'refused' ? judgement.refusal.ErrorCode : TAKEN;
}

function show(document: unknown): string {
  return typeof document === 'string' ? document : JSON.stringify(document);
}
