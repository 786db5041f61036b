import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendDocuments } from './sending.ts';

test('documents that X-Ray always calls too large: few requests, and turns between them', async () => {
  const subsegments = Array.from({ length: 300 }, (_, i) => ({ id: `sub${i}`, name: 'x' }));
  const documents = ['a', 'b', 'c'].map((id) => ({
    bytes: Buffer.from(JSON.stringify({ id, trace_id: '1-2-3', name: 'shop', subsegments })),
    receivedMs: 0,
    tries: 0,
  }));
  let requests = 0;
  let turns = 0;
  let isOver = false;
  const watch = (): void => {
    turns += 1;
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);
  const sent = await sendDocuments(documents, {
    put: (list) => {
      requests += 1;
      const unprocessed = list.map((one) => ({
        id: /"id":"(\w+)"/.exec(one.toString())?.[1] ?? '',
        code: 'SegmentTooLarge',
        message: '',
      }));
      return Promise.resolve({ verdict: { kind: 'judged', unprocessed }, bytes: 0 });
    },
    onSlimmed: () => undefined,
    onNameless: () => undefined,
    onPartLost: () => undefined,
  });
  isOver = true;
  assert.equal(sent.kind, 'sent');
  assert.deepEqual(
    sent.lost.map(({ reason }) => reason),
    ['too_large', 'too_large', 'too_large'],
  );
  // One together, and five for each at most.
  assert.ok(requests > 4 && requests <= 16, String(requests));
  assert.ok(turns >= requests - 1, `${turns} turns, ${requests} requests`);
});
