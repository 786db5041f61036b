import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Permits } from './permits.ts';

test('at most as many pieces of work as permits run at once, in order, and one that fails gives its permit back', async () => {
  const permits = new Permits(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const results = Array.from({ length: 5 }, (_, index) =>
    permits.run(async () => {
      begun.push(index);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (index === 0) throw new Error('no');
      return index;
    }),
  );
  const settled = Promise.allSettled(results);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.deepEqual(begun, [0, 1]);
  ends.shift()?.();
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  while (ends.length > 0) {
    ends.shift()?.();
    await turn();
    assert.ok(ends.length <= 2);
  }
  const values = (await settled).map((one) => (one.status === 'fulfilled' ? one.value : 'failed'));
  assert.deepEqual(values, ['failed', 1, 2, 3, 4]);
  assert.equal(await permits.run(async () => 'free again'), 'free again');
});
