import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { BATCH_BYTES, readDocuments } from './document-batch.ts';
import { Handover, COMMIT_MS } from './handover.ts';
import type { ThreadMessage } from './thread-messages.ts';

type Batch = ThreadMessage & { kind: 'batch' };

const HEADER = '{"format":"json","version":1}\n';
const sender = (): string => '10.0.0.1:40000';

function datagram(document: string): Buffer {
  return Buffer.from(HEADER + document);
}

/** A handover on virtual timers, and the batches that it has posted. */
function open(bufferBytes: number, context: { after: (end: () => void) => void }) {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  const posted: Batch[] = [];
  const handover = new Handover(bufferBytes, (message) => posted.push(message as Batch));
  return { handover, posted, pass: (ms: number) => mock.timers.tick(ms) };
}

function listDocuments({ buffer = new ArrayBuffer(0), usedBytes }: Batch): string[] {
  const texts: string[] = [];
  for (const document of readDocuments(buffer, usedBytes))
    texts.push(Buffer.from(document as Uint8Array).toString());
  return texts;
}

test('documents of 20 ms are one batch, posted without waiting for more', (context) => {
  const { handover, posted, pass } = open(1e6, context);
  handover.take(datagram('a'), sender);
  pass(COMMIT_MS - 1);
  handover.take(datagram('T1Sb'), sender);
  assert.equal(posted.length, 0);
  pass(1);
  assert.deepEqual(posted.map(listDocuments), [['a', 'T1Sb']]);
  assert.deepEqual(posted[0]!.tally, {
    datagrams: 2,
    bytes: HEADER.length * 2 + 5,
    dropped: 0,
    rejected: {},
    sender: sender(),
  });
});

test('while a batch is not taken the next one grows, and leaves when it is taken', (context) => {
  const { handover, posted, pass } = open(1e6, context);
  handover.take(datagram('a'), sender);
  pass(COMMIT_MS);
  handover.take(datagram('b'), sender);
  pass(COMMIT_MS);
  handover.take(datagram('c'), sender);
  pass(COMMIT_MS * 10);
  assert.equal(posted.length, 1);
  handover.giveBack(posted[0]!.buffer);
  assert.deepEqual(listDocuments(posted[1]!), ['b', 'c']);
});

test('a document that comes when a batch is full leaves with the next one', (context) => {
  const { handover, posted, pass } = open(1e6, context);
  const document = 'x'.repeat(65_000);
  for (let i = 0; i < 5; i++) handover.take(datagram(document), sender);
  assert.deepEqual(
    posted.map((batch) => listDocuments(batch).length),
    [4],
  );
  assert.equal(posted[0]!.tally.datagrams, 4);
  handover.giveBack(posted[0]!.buffer);
  pass(COMMIT_MS);
  assert.deepEqual(
    posted.map((batch) => listDocuments(batch).length),
    [4, 1],
  );
  assert.equal(posted[1]!.tally.datagrams, 1);
});

test('what is above the limit is dropped and counted, until a buffer comes back', (context) => {
  const { handover, posted, pass } = open(3 * BATCH_BYTES, context);
  const big = datagram('x'.repeat(65_000));
  for (let i = 0; i < 20; i++) handover.take(big, sender);
  assert.equal(posted.length, 3);
  assert.ok(posted.every(({ heldBytes }) => heldBytes <= 3 * BATCH_BYTES));
  handover.giveBack(posted[0]!.buffer);
  handover.take(datagram('kept'), sender);
  handover.giveBack(posted[1]!.buffer);
  handover.giveBack(posted[2]!.buffer);
  pass(COMMIT_MS);
  assert.deepEqual(listDocuments(posted[3]!), ['kept']);
  assert.equal(posted[3]!.tally.dropped, 20 - 12);
  assert.equal(
    posted.reduce((sum, { tally }) => sum + tally.datagrams, 0),
    21,
  );
});

test('buffers that a burst needed are given up after it', (context) => {
  const { handover, posted, pass } = open(40 * BATCH_BYTES, context);
  const big = datagram('x'.repeat(65_000));
  for (let i = 0; i < 80; i++) handover.take(big, sender);
  assert.equal(posted.at(-1)!.heldBytes, 19 * BATCH_BYTES);
  for (const { buffer } of posted) handover.giveBack(buffer);
  handover.take(datagram('a'), sender);
  pass(COMMIT_MS);
  assert.ok(posted.at(-1)!.heldBytes <= 6 * BATCH_BYTES, `${posted.at(-1)!.heldBytes}`);
});

test('rubbish is counted by reason in a message without a buffer', (context) => {
  const { handover, posted, pass } = open(1e6, context);
  for (let i = 0; i < 1_000; i++) handover.take(Buffer.from('rubbish'), sender);
  handover.take(Buffer.alloc(0), sender);
  handover.take(Buffer.from('{}\nx'), sender);
  handover.take(datagram(''), sender);
  pass(COMMIT_MS * 100);
  assert.equal(posted.length, 1);
  const { tally, buffer } = posted[0]!;
  assert.equal(buffer, undefined);
  assert.deepEqual(tally, {
    datagrams: 1_003,
    bytes: 7_000 + 4 + HEADER.length,
    dropped: 0,
    rejected: { no_line_end: 1_000, empty: 1, header: 1, no_document: 1 },
    rejectedSender: sender(),
  });
});
