import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

const chunk = (text: string, lane: number) => {
  const bytes = Buffer.from(text);
  return { bytes, items: 1, oldestMs: 1, newestMs: 1, lane, rawBytes: bytes.length };
};

test('the newest chunk that waits is found in any lane, also after a restart', async (context) => {
  const folder = temporaryFolder(context);
  const first = await openQueue(folder, { lanes: 2 });
  assert.equal(first.newest(), undefined);
  for (const [index, lane] of [1, 1, 0].entries()) first.append(chunk(`chunk ${index}`, lane));
  assert.equal(Buffer.from(first.newest() ?? []).toString(), 'chunk 2');
  await first.stop();
  const second = await openQueue(folder, { lanes: 2 });
  assert.equal(Buffer.from(second.newest() ?? []).toString(), 'chunk 2');
  await second.stop();
});
