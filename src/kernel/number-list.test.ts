import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumberList } from './number-list.ts';

test('a list of numbers is what an array is, over the edges of its blocks', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push'), count: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ kind: fc.constant('pop'), count: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ kind: fc.constant('shift'), count: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ kind: fc.constant('push'), count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('shift'), count: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ kind: fc.constant('clear'), count: fc.constant(1) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const list = new NumberList();
      let model: number[] = [];
      let next = 0;
      for (const { kind, count } of steps) {
        if (kind === 'push')
          for (let i = 0; i < count; i++) {
            list.push((next -= 7));
            model.push(next);
          }
        if (kind === 'pop') for (let i = 0; i < count; i++) assert.equal(list.pop(), model.pop());
        if (kind === 'shift') {
          for (let i = 0; i < count; i++) assert.equal(list.shift(), model[i]);
          model = model.slice(count);
        }
        if (kind === 'clear') {
          list.clear();
          model = [];
        }
        assert.equal(list.length, model.length);
        for (const index of [0, 1]) assert.equal(list.peek(index), model[index]);
      }
      for (const value of model) assert.equal(list.shift(), value);
      assert.equal(list.length, 0);
    }),
    { numRuns: 200 },
  );
});
