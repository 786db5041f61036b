/** Pages of lists in the query protocol. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutMarkedPage } from './marked-page.ts';

const rule = { size: 'MaxRecords', token: 'Marker', sizeMax: 3 } as const;

test('the pages of a list are the list, in its order, and the last one names no next', () => {
  for (const count of [0, 1, 2, 3, 4, 7])
    for (const size of [undefined, '1', '2', 3]) {
      const items = Array.from({ length: count }, (_, at) => at);
      const read: number[] = [];
      let Marker: string | undefined;
      do {
        const { page, next } = cutMarkedPage(items, { MaxRecords: size, Marker }, rule);
        assert.ok(page.length <= Number(size ?? 3));
        read.push(...page);
        ({ Marker } = next);
      } while (Marker !== undefined);
      assert.deepEqual(read, items);
    }
});

test('a size that AWS does not take and a token that was not given out are refused', () => {
  for (const MaxRecords of ['0', '4', 'x', -1])
    assert.throws(() => cutMarkedPage([1], { MaxRecords }, rule), /MaxRecords is not valid/);
  for (const Marker of ['', 'no', 5])
    assert.throws(() => cutMarkedPage([1], { Marker }, rule), /Invalid Marker/);
});
