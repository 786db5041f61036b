import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTargetList } from './schema.ts';

const groupsOf = (count: number): { targets: string[]; labels: Record<string, string> }[] =>
  Array.from({ length: count }, (_, i) => ({ targets: [`h${i}:1`], labels: { i: String(i) } }));

test('a long list is parsed whole and in order, and a fault is told at its own place', async () => {
  for (const count of [0, 1, 199, 200, 201, 1_000]) {
    const groups = await parseTargetList(groupsOf(count), 's', { extra: 'x' });
    assert.equal(groups.length, count);
    for (const [i, group] of groups.entries())
      assert.deepEqual(group, {
        source: `s:${i}`,
        targets: [{ __address__: `h${i}:1` }],
        labels: { i: String(i), extra: 'x' },
      });
  }
  const broken: unknown[] = groupsOf(1_000);
  broken[733] = { targets: [{}] };
  await assert.rejects(parseTargetList(broken, 's', {}), /groups: \[733\]\["targets"\]\[0\] /);
  await assert.rejects(parseTargetList({}, 's', {}), /groups: expected a list/);
  const many = [{ targets: Array.from({ length: 100_001 }, (_, i) => `h${i}:1`) }];
  await assert.rejects(parseTargetList(many, 's', {}), /more than 100000 targets/);
});

test('a list of ten thousand groups gives way to other work', async () => {
  const list = groupsOf(10_000);
  let [lastAsked, asked, most] = [0, 0, 0];
  // Each group that is read counts; between two turns of the event loop there are not too many.
  const counted = list.map((group) => ({
    labels: group.labels,
    get targets() {
      asked += 1;
      const untilMs = performance.now() + 0.01;
      while (performance.now() < untilMs);
      return group.targets;
    },
  }));
  let isDone = false;
  const turn = (): void => {
    most = Math.max(most, asked - lastAsked);
    lastAsked = asked;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await parseTargetList(counted, 's', {});
  isDone = true;
  assert.ok(most < 5_000, `${most} reads in one turn`);
});
