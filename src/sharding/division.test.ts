import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TargetGroup } from '../model/target.ts';
import { balance, measureImbalance, divideParts } from './division.ts';
import { parseShard } from './fixed.ts';
import { addLoads, selectHeld, PARTS, withParts } from './parts.ts';

const groupOf = (targets: TargetGroup['targets']): TargetGroup[] => [
  { source: 's', labels: { env: 'a' }, targets },
];
const addresses = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ __address__: `10.0.${i >> 8}.${i & 255}:9100` }));
const members = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, i) => `arn:aws:ecs:eu-west-1:1:task/c/${(i * 7_919).toString(16)}`,
  );

async function loadsOf(targets: number): Promise<Uint32Array> {
  const loads = new Uint32Array(PARTS);
  addLoads(await withParts(groupOf(addresses(targets))), loads);
  return loads;
}

test('one that comes takes only its own share, one that goes leaves only its own', () => {
  const before = divideParts(members(5), new Map());
  const after = divideParts(members(6), new Map());
  const newest = members(6)[5];
  let moved = 0;
  for (const [part, owner] of after.entries()) {
    if (owner === before[part]) continue;
    assert.equal(owner, newest);
    moved += 1;
  }
  assert.ok(moved > PARTS / 8 && moved < PARTS / 5, `${moved} parts moved`);
});

test('owners follow from the members alone, in whatever order', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(members(8), { minLength: 1 }), (some) => {
      assert.deepEqual(divideParts(some, new Map()), divideParts(some.toSorted(), new Map()));
    }),
    { numRuns: 10 },
  );
});

test('no member has more than a tenth above the mean', async () => {
  for (const [targets, count] of [[60, 3], [60, 7], [1_000, 16], [10_000, 16], [10_000, 100]] as const) {
    const loads = await loadsOf(targets);
    const moves = balance(members(count), loads, new Map());
    const mean = targets / count;
    const allowed = Math.max(1.1, Math.ceil(mean) / mean);
    assert.ok(measureImbalance(members(count), loads, moves) <= allowed, `${targets} targets, ${count}`);
    assert.ok(moves.size < targets / 10 + 10, `${moves.size} moves of ${targets} targets`);
  }
}); // prettier-ignore

test('moves that serve stay, those to members that are gone do not', async () => {
  const loads = await loadsOf(1_000);
  const all = members(16);
  const moves = balance(all, loads, new Map());
  assert.ok(moves.size > 0);
  assert.deepEqual(balance(all, loads, moves), moves);
  const fewer = all.slice(1);
  for (const to of balance(fewer, loads, moves).values()) assert.ok(fewer.includes(to));
});

test('what is scraped makes the part; what is known besides does not', async () => {
  const base = { __address__: 'a:1', __metrics_path__: '/m' };
  const partOf = async (labels: Record<string, string>): Promise<number | undefined> =>
    (await withParts([{ source: 's', labels: {}, targets: [labels] }]))[0]?.parts?.[0];
  const part = await partOf(base);
  assert.equal(await partOf({ ...base, __meta_ecs_health_status: 'HEALTHY' }), part);
  for (const other of [{ __address__: 'a:2' }, { __param_target: 'x' }, { tenant: 't' }, { __scheme__: 'https' }])
    assert.notEqual(await partOf({ ...base, ...other }), part);
}); // prettier-ignore

test('targets that only their metadata tells apart are divided by it', async () => {
  const targets = Array.from({ length: 40 }, (_, i) => ({ __address__: 'probe:9115', __meta_url: `u${i}` }));
  const [group] = await withParts(groupOf(targets));
  assert.ok(new Set(group?.parts).size > 30);
}); // prettier-ignore

test('shares of n are all of the targets, each once', async () => {
  const groups = await withParts(groupOf(addresses(500)));
  const seen = new Set<string>();
  for (let share = 0; share < 7; share++)
    for (const { targets } of selectHeld(groups, parseShard(`${share}/7`) ?? (() => false)))
      for (const { __address__: address = '' } of targets) {
        assert.ok(!seen.has(address));
        seen.add(address);
      }
  assert.equal(seen.size, 500);
  for (const bad of ['7/7', '0/0', '1', 'a/b', '0/1001', '-1/2']) assert.equal(parseShard(bad), undefined);
}); // prettier-ignore
