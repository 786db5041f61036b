/** Which runs have a plan: those that come again, also where others come in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../../model/labels.ts';
import { encodeLabels } from '../../../wire/remote-write/labels.ts';
import { PlanBook } from './plan-book.ts';
import { SeriesSlab } from './series-slab.ts';

function setUp() {
  const slab = new SeriesSlab();
  const refs = Array.from({ length: 20 }, (_, i) =>
    slab.add(encodeLabels(makeLabelSet({ __name__: 'metric_of_a_target', i: String(i) }))),
  );
  const book = new PlanBook();
  let tMs = 1_700_000_000_000;
  /** A scrape of the series in order without those that are left out; whether it had a plan. */
  const scrape = (leftOut = 0): boolean => {
    tMs += 1_000;
    for (const ref of refs.slice(0, refs.length - leftOut)) slab.patch(ref, tMs, tMs);
    slab.breakRun();
    const plan = book.planFor(0, slab.runAt(0), slab.run(0));
    slab.seal();
    book.begin();
    return plan !== undefined;
  };
  return { scrape };
}

test('a run that comes again gets a plan', () => {
  const { scrape } = setUp();
  assert.deepEqual([scrape(), scrape(), scrape()], [false, true, true]);
});

test('a plan outlives some runs that differ, and ends with many of them', () => {
  const { scrape } = setUp();
  for (let i = 0; i < 3; i++) scrape();
  assert.deepEqual(
    [scrape(1), scrape(), scrape(2), scrape(1), scrape()],
    [false, true, false, false, true],
  );
  for (let i = 0; i < 5; i++) assert.ok(i > 3 || !scrape(1));
  assert.ok(!scrape(), 'the run has none any more');
});
