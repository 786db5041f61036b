/** Packed runs are snappy blocks of what they were made of, whatever the values and times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeLabelSet } from '../../../model/labels.ts';
import { encodeLabels } from '../../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../../wire/remote-write/encoder.ts';
import { compress, maxCompressedLength, uncompress } from '../../../wire/snappy.ts';
import { pack } from './packing.ts';
import { PlanBook } from './plan-book.ts';
import { PlanWorkshop } from './plan-workshop.ts';
import { type PackingPlan, planPacking } from './packing-plan.ts';

const T0 = 1_700_000_000_000;
const LABELS = Array.from({ length: 300 }, (_, i) =>
  encodeLabels(
    makeLabelSet({
      __name__: ['http_request_duration_seconds_bucket', 'go_gc_seconds', 'up'][i % 3] ?? '',
      instance: '10.0.3.17:9090',
      le: String((i % 12) / 4),
      path: `/api/v1/orders/${i % 83}`,
      zone: 'z'.repeat(i % 90),
    }),
  ),
);

const series = fc.record({
  labels: fc.nat(LABELS.length - 1),
  value: fc.oneof(
    fc.constantFrom(0, 1, -0, 17, 1e9, 0.1, NaN, Infinity),
    fc.double(),
    fc.integer({ min: 0, max: 5_000 }),
  ),
  laterMs: fc.constantFrom(0, 0, 0, 0, 1, 60_000, 2 ** 40),
});

function messageOf(
  list: readonly { labels: number; value: number; laterMs: number }[],
  change: (value: number, index: number) => number,
): Uint8Array {
  const encoder = new WriteRequestEncoder();
  list.forEach(({ labels, value, laterMs }, i) => {
    if (Number.isNaN(value)) encoder.appendStale(LABELS[labels]!, T0 + laterMs);
    else encoder.append(LABELS[labels]!, T0 + laterMs, change(value, i));
  });
  return encoder.bytes().slice();
}

function planAtOnce(run: Uint8Array): PackingPlan | undefined {
  const steps = planPacking(run);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function packed(plan: PackingPlan, run: Uint8Array): Uint8Array {
  const output = new Uint8Array(maxCompressedLength(run.length) + 3);
  return output.slice(3, pack(plan, run, output, 3));
}

test('what is packed by a plan unpacks to the run, with the values of now', () => {
  fc.assert(
    fc.property(fc.array(series, { maxLength: 200 }), fc.nat(1_000), (list, seed) => {
      const plan = planAtOnce(messageOf(list, (value) => value))!;
      for (const change of [
        (value: number): number => value,
        (value: number): number => value + seed,
        (value: number, i: number): number => ((i * seed) % 7 < 3 ? value : value / 3 + i),
      ]) {
        const run = messageOf(list, change);
        assert.deepEqual(Buffer.from(uncompress(packed(plan, run), 1e7)), Buffer.from(run));
      }
    }),
    { numRuns: 300 },
  );
});

test('a plan is about as good as compressing anew, and has no room for other messages', () => {
  const list = Array.from({ length: 3_000 }, (_, i) => ({
    labels: i % LABELS.length,
    value: (i * i) % 1_000,
    laterMs: 0,
  }));
  const run = messageOf(list, (value) => value);
  const plan = planAtOnce(run)!;
  // A plan is made of slices, which know nothing of each other.
  let anew = 0;
  for (let from = 0; from < run.length; from += 65_536)
    anew += compress(run.subarray(from, from + 65_536)).length;
  const ratio = packed(plan, run).length / anew;
  assert.ok(ratio < 1.1, String(ratio));
  const other = new WriteRequestEncoder();
  other.append(LABELS[0]!, 1_000, 1);
  assert.equal(planAtOnce(other.bytes()), undefined, 'a time of other length');
  other.truncate(0);
  other.append(LABELS[0]!, T0, 1, T0 - 1);
  assert.equal(planAtOnce(other.bytes()), undefined, 'a counter with a beginning');
  assert.equal(planAtOnce(new Uint8Array([1, 2, 3])), undefined);
  assert.equal(planAtOnce(new Uint8Array(0))?.ends.length, 0);
});

/** Some hundred kilobytes, whose series all have this value. */
const longRun = (value: number): Uint8Array =>
  messageOf(
    Array.from({ length: 10_000 }, (_, i) => ({ labels: i % 300, value, laterMs: 0 })),
    (same) => same,
  );

test('a long run is planned in steps of a fragment each, while its values change', () => {
  const run = longRun(1);
  const steps = planPacking(run);
  let count = 0;
  let plan: PackingPlan | undefined;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      plan = step.value;
      break;
    }
    count += 1;
    // The slab patches in what the next scrape has.
    run.set(longRun(count));
  }
  const fragments = Math.floor(run.length / 65_536);
  assert.ok(fragments > 10 && count >= 3 * fragments, `${count} steps for ${fragments} fragments`);
  assert.ok(plan !== undefined);
  const whole = planAtOnce(longRun(1));
  assert.ok(whole !== undefined);
  // By `equals`, since a message about megabytes that differ would take gigabytes.
  const now = longRun(7);
  assert.ok(Buffer.from(packed(plan, now)).equals(packed(whole, now)), 'the same block');
  assert.ok(Buffer.from(uncompress(packed(plan, now), 1e7)).equals(now), 'it unpacks to the run');
});

test('a commit does a few steps of a plan: a short run has its own at once, a long one later', () => {
  const commitsUntilPlanned = (run: Uint8Array): number => {
    const book = new PlanBook(new PlanWorkshop());
    const at = { start: 0, end: run.length, epoch: 0 };
    for (let commits = 1; commits < 100; commits++) {
      book.begin();
      if (book.planFor(0, at, run) !== undefined) return commits;
    }
    return Infinity;
  };
  const long = longRun(1);
  assert.equal(commitsUntilPlanned(long.slice(0, 0)), 2);
  assert.equal(commitsUntilPlanned(messageOf([{ labels: 1, value: 1, laterMs: 0 }], (v) => v)), 2);
  const late = commitsUntilPlanned(long);
  assert.ok(late > 4 && late < 20, `${late}`);
});

test('plans that are made at one time do not disturb each other', () => {
  const runs = [40, 300, 9].map((count) =>
    messageOf(
      Array.from({ length: count }, (_, i) => ({ labels: (i * 7) % 300, value: i, laterMs: 0 })),
      (value) => value,
    ),
  );
  const makings = runs.map((run) => ({ run, steps: planPacking(run), plan: planAtOnce(run) }));
  for (let left = makings; left.length > 0;)
    left = left.filter(({ run, steps, plan }) => {
      const { done, value } = steps.next();
      if (done !== true) return true;
      assert.deepEqual(value, plan);
      assert.deepEqual(uncompress(packed(value!, run), run.length), run);
      return false;
    });
});
