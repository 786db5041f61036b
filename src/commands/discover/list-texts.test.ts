import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetGroup } from '../../model/target.ts';
import { isSameList, ListTexts } from './list-texts.ts';

function groupsOf(count: number): TargetGroup[] {
  return Array.from({ length: count }, (_, i) => ({
    source: String(i),
    labels: { job: 'a', pad: 'x'.repeat(100) },
    targets: [{ __address__: `10.0.0.1:${i}`, own: String(i) }],
  }));
}

test('a text is made once for a list, also for those that ask at the same time, and anew when the list has changed', async () => {
  const texts = new ListTexts();
  let made = 0;
  const list = (): TargetGroup[] => groupsOf(++made);
  const [one, two] = await Promise.all([texts.textOf('a', list), texts.textOf('a', list)]);
  assert.equal(one, two);
  assert.equal(await texts.textOf('a', list), one);
  texts.clear();
  assert.notEqual(await texts.textOf('a', list), one);
  assert.equal(made, 2);
});

test('the oldest texts go when all together are too large', async () => {
  const sizeBytes = (await new ListTexts().textOf('a', () => groupsOf(10))).length;
  const texts = new ListTexts(2 * sizeBytes);
  let made = 0;
  const list = (): TargetGroup[] => ((made += 1), groupsOf(10));
  for (const key of ['a', 'b', 'c', 'c', 'b']) await texts.textOf(key, list);
  assert.equal(made, 3);
  await texts.textOf('a', list);
  assert.equal(made, 4, 'the first one was gone');
  for (let i = 0; i < 1_001; i++) await texts.textOf(`small ${i}`, () => []);
  made = 0;
  await texts.textOf('small 1000', list);
  assert.equal(made, 0);
  await texts.textOf('small 0', list);
  assert.equal(made, 1, 'there are as many as there may be');
});

test('a list of the same groups is the same list, whatever the names of their sources', () => {
  const groups = groupsOf(3);
  assert.ok(
    isSameList(
      groups,
      groups.map((one) => ({ ...one, source: `x/${one.source}` })),
    ),
  );
  assert.ok(!isSameList(groups, groups.slice(1)));
  assert.ok(!isSameList(groups, groups.toReversed()));
  assert.ok(!isSameList(undefined, groups));
  assert.ok(isSameList([], []));
});
