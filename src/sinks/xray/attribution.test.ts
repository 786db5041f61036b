import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHead } from '../../wire/xray/document.ts';
import type { Unprocessed } from './answer.ts';
import { sendDocuments, type Sent } from './sending.ts';

interface Said {
  readonly Id?: string;
  readonly ErrorCode?: string;
}

/** Sends documents to a judge in place of X-Ray. */
function bench() {
  const receiver = {
    requests: [] as (readonly string[])[],
    kept: [] as string[],
    judge: (_text: string): Said | undefined => undefined,
    list: (texts: readonly string[]): readonly Said[] =>
      texts.flatMap((text) => receiver.judge(text) ?? []),
  };
  const nameless: Unprocessed[] = [];
  const send = async (texts: readonly string[]): Promise<Sent> => {
    const sent = await sendDocuments(
      texts.map((text) => ({ bytes: Buffer.from(text), receivedMs: 0, tries: 0 })),
      {
        put: (documents) => {
          const received = documents.map(String);
          receiver.requests.push(received);
          receiver.kept.push(...received.filter((text) => receiver.judge(text) === undefined));
          const unprocessed = receiver
            .list(received)
            .map(({ Id = '', ErrorCode = '' }) => ({ id: Id, code: ErrorCode, message: '' }));
          return Promise.resolve({ verdict: { kind: 'judged', unprocessed }, bytes: 0 });
        },
        onSlimmed: () => undefined,
        onNameless: (said) => void nameless.push(said),
        onPartLost: () => undefined,
      },
    );
    assert.equal(sent.kind, 'sent');
    return sent;
  };
  return { receiver, send, nameless };
}

const lossesOf = ({ lost }: Sent): string[] =>
  lost.map(({ document: { bytes }, reason }) => `${reason} ${readHead(bytes).name ?? ''} 1`);

const againOf = ({ again }: Sent): string[] => again.map(({ bytes }) => bytes.toString());

function document(id: string, name = 'shop', more: object = {}): string {
  return JSON.stringify({ trace_id: `1-00000000-${id}`, id, name, ...more });
}

/** Refuses documents with this id. */
const refuse =
  (wanted: string, code: string, named: string | null = wanted) =>
  (text: string): Said | undefined =>
    text.includes(`"id":"${wanted}"`)
      ? { ...(named === null ? {} : { Id: named }), ErrorCode: code }
      : undefined;

test('the id of a subsegment within a document means the document', async () => {
  const { receiver, send } = bench();
  receiver.judge = refuse('sub', 'InvalidName');
  const guilty = document('b', 'cart', { subsegments: [{ id: 'sub' }] });
  assert.deepEqual(lossesOf(await send([document('a'), guilty])), ['invalid_name cart 1']);
  assert.equal(receiver.requests.length, 1);
});

test('a refusal without an id is of the document without one', async () => {
  const { receiver, send } = bench();
  receiver.judge = (text) => (text === 'no json' ? { ErrorCode: 'ParseError' } : undefined);
  const answer = await send([document('a'), 'no json', document('c')]);
  assert.deepEqual(lossesOf(answer), ['parse_error  1']);
  assert.equal(receiver.requests.length, 3);
});

test('a document whose id X-Ray does not find is found beside one that has none', async () => {
  const { receiver, send } = bench();
  receiver.judge = (text) => (text.includes('tru}') ? { ErrorCode: 'ParseError' } : undefined);
  const answer = await send(['{"id":"a","name":"cart","x":tru}', 'T1SAAAA', document('c')]);
  assert.deepEqual(lossesOf(answer), ['parse_error cart 1']);
  assert.deepEqual(new Set(receiver.kept), new Set(['T1SAAAA', document('c')]));
});

test('an id in small letters means the document that has it in capitals', async () => {
  for (const code of ['ThrottledException', 'InvalidName']) {
    const { receiver, send } = bench();
    receiver.judge = refuse('ABCDEF0123456789', code, 'abcdef0123456789');
    const guilty = document('ABCDEF0123456789', 'cart');
    const answer = await send([guilty, 'T1SAAAA', document('b')]);
    const isLost = code === 'InvalidName';
    assert.deepEqual(lossesOf(answer), isLost ? ['invalid_name cart 1'] : []);
    assert.deepEqual(againOf(answer), isLost ? [] : [guilty]);
    assert.equal(receiver.requests.length, 1);
  }
});

test('an id that no document has is not blamed on one without an id', async () => {
  const { receiver, send } = bench();
  receiver.judge = refuse('b', 'InvalidName', 'unknown');
  const answer = await send([document('a'), 'T1SAAAA', document('b', 'cart')]);
  assert.deepEqual(lossesOf(answer), ['invalid_name cart 1']);
  assert.deepEqual(new Set(receiver.kept), new Set([document('a'), 'T1SAAAA']));
});

test('an id that is own in one document and inner in another is blamed on neither', async () => {
  const inner = document('outer', 'outer', { subsegments: [{ id: '4d' }] });
  const own = document('4d', 'apart');
  for (const guilty of [inner, own]) {
    const { receiver, send } = bench();
    receiver.judge = (text) =>
      text === guilty ? { Id: '4d', ErrorCode: 'ThrottledException' } : undefined;
    const answer = await send([own, inner]);
    assert.deepEqual([againOf(answer), lossesOf(answer)], [[guilty], []]);
    assert.deepEqual([...new Set(receiver.kept)], [guilty === own ? inner : own]);
  }
});

test('one id and two codes: each document has its own', async () => {
  const { receiver, send } = bench();
  const [open, done] = [document('a', 'open'), document('a', 'done')];
  receiver.judge = (text) => ({
    Id: 'a',
    ErrorCode: text === open ? 'InvalidName' : 'ThrottledException',
  });
  receiver.list = (sent) => sent.map((text) => receiver.judge(text) ?? {}).toReversed();
  const answer = await send([open, done]);
  assert.deepEqual([againOf(answer), lossesOf(answer)], [[done], ['invalid_name open 1']]);
});

test('an answer of ten thousand ids that no document has costs no more than one', async () => {
  const { receiver, send, nameless } = bench();
  const list = Array.from({ length: 10_000 }, (_, i) => ({
    Id: `foreign${i}`,
    ErrorCode: 'InvalidName',
  }));
  receiver.list = () => (receiver.requests.length > 1 ? [] : list);
  const documents = Array.from({ length: 16 }, (_, i) =>
    document(`${i}`, 'shop', { metadata: { a: 'y'.repeat(60_000) } }),
  );
  const before = process.threadCpuUsage();
  const answer = await send(documents);
  const { user } = process.threadCpuUsage(before);
  assert.deepEqual([lossesOf(answer), againOf(answer)], [[], []]);
  assert.equal(nameless.length, 16);
  // Looking for each id in each document takes 500 ms.
  assert.ok(user < 200_000, `${user} µs`);
});

test('where no id tells, halves are sent until it is clear which document is meant', async () => {
  for (const named of [null, 'unknown']) {
    const { receiver, send, nameless } = bench();
    receiver.judge = refuse('37', 'InvalidName', named);
    const documents = Array.from({ length: 50 }, (_, i) => document(String(i), `service ${i}`));
    assert.deepEqual(lossesOf(await send(documents)), ['invalid_name service 37 1']);
    assert.equal(new Set(receiver.kept).size, 49);
    assert.ok(receiver.requests.length <= 14, String(receiver.requests.length));
    assert.ok(nameless.length > 0);
  }
});

test('of documents with one id, the one that is meant is found', async () => {
  const { receiver, send } = bench();
  const open = document('a', 'open', { in_progress: true });
  const done = document('a', 'done');
  receiver.judge = (text) => (text === open ? { Id: 'a', ErrorCode: 'InvalidName' } : undefined);
  const answer = await send([open, done, document('c')]);
  assert.deepEqual(lossesOf(answer), ['invalid_name open 1']);
  assert.equal(receiver.requests.length, 3);
});
