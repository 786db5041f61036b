/** What is told of series that a receiver refuses; how they are sent is in test/. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chunk } from '../model/queue.ts';
import { SuspectSeries } from './suspects.ts';
import { createWorld } from '../../test/kit/world.ts';

/** A chunk with one series, whose key and name are its number. */
function chunkOf(key: number): Chunk {
  const bytes = Buffer.from(String(key));
  return { bytes, items: 1, rawBytes: 1, oldestMs: 0, newestMs: 0, lane: 0 };
}

test('thousands of series that are refused alone are a line at once, and one a minute', async () => {
  const { log, clock, lines } = createWorld();
  const keyOf = ({ bytes }: Chunk): number => Number(Buffer.from(bytes).toString());
  const suspects = new SuspectSeries({
    log,
    clock,
    read: (chunk) => ({ keys: [keyOf(chunk)], cut: () => chunk }),
    nameOf: (chunk) => `m${keyOf(chunk)}`,
  });
  for (let key = 0; key < 2_000; key++) suspects.refused([chunkOf(key)], 'limit');
  const told = (): (string | undefined)[] =>
    lines.map((line) => /msg="the receiver refuses series; .*?" (.*)/.exec(line)?.[1]);
  assert.deepEqual(told(), ['series=1 metrics=m0 answer=limit']);
  await clock.advance(60_000);
  for (let key = 2_000; key < 2_003; key++) suspects.refused([chunkOf(key)], 'limit');
  assert.deepEqual(told().slice(1), ['series=1999 metrics="m1 m2 m3 m4 m5" answer=limit']);
  suspects.tellRest();
  assert.deepEqual(told().slice(2), ['series=3 metrics="m2000 m2001 m2002" answer=limit']);
  assert.equal(suspects.size, 2_003);
});
