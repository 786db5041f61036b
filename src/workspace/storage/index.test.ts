import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareLabelSets, labelSetKey, makeLabelSet } from '../../model/labels.ts';
import { compileMatchers } from '../promql/matcher.ts';
import { SeriesIndex } from './index.ts';

const label = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('', '1', '2', 'x');
const labels = fc.dictionary(label, value, { maxKeys: 3 }).map(makeLabelSet);
const matcher = fc.oneof(
  fc.record({ name: label, op: fc.constantFrom('=' as const, '!=' as const), value }),
  fc.record({
    name: label,
    op: fc.constantFrom('=~' as const, '!~' as const),
    value: fc.constantFrom('.*', '.+', '', '1|2', '[12]?', 'x.*', '(1|)'),
  }),
);

test('the index selects what every matcher takes, sorted, also after removals', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(labels, { selector: labelSetKey, maxLength: 20 }),
      fc.array(matcher, { maxLength: 4 }),
      fc.func(fc.boolean()),
      (sets, matchers, isGone) => {
        const index = new SeriesIndex();
        sets.forEach((set, i) => index.add(i + 1, set));
        const gone = new Set(sets.flatMap((_, i) => (isGone(i) ? [i + 1] : [])));
        index.remove(gone);
        const matches = compileMatchers(matchers);
        const expected = sets
          .filter((set, i) => !gone.has(i + 1) && matches(set))
          .toSorted(compareLabelSets);
        assert.deepEqual(
          index.select(matchers).map((ref) => index.labelsOf(ref)),
          expected,
        );
        assert.equal(index.size, sets.length - gone.size);
      },
    ),
    { numRuns: 300 },
  );
});

test('a label set is found by equality, whatever its text looks like', () => {
  const index = new SeriesIndex();
  const added = makeLabelSet({ a: 'b1:c', d: 'e' });
  const other = makeLabelSet({ a: 'b', '1:c': 'e' });
  index.add(1, added);
  assert.equal(index.find(added), 1);
  assert.equal(index.find(other), undefined);
});
