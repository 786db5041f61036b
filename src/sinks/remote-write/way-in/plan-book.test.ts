/** Which runs have a plan: those that come again, also where others come in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../../model/labels.ts';
import { encodeLabels } from '../../../wire/remote-write/labels.ts';
import { PlanBook } from './plan-book.ts';
import { PlanWorkshop } from './plan-workshop.ts';
import { SeriesSlab } from './series-slab.ts';

function setUp(workshop = new PlanWorkshop(), count = 20) {
  const slab = new SeriesSlab();
  const refs = Array.from({ length: count }, (_, i) =>
    slab.add(encodeLabels(makeLabelSet({ __name__: 'metric_of_a_target', i: String(i) }))),
  );
  const book = new PlanBook(workshop);
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
  return { scrape, end: () => book.clear() };
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

test('plans of several targets are made one after the other, with the steps of all', () => {
  const workshop = new PlanWorkshop();
  const [large, small] = [setUp(workshop, 10_000), setUp(workshop)];
  large.scrape();
  small.scrape();
  assert.deepEqual([large.scrape(), workshop.isFree], [false, false]);
  assert.ok(!small.scrape(), 'the bench is taken');
  let scrapes = 0;
  while (!workshop.isFree && scrapes < 20) {
    small.scrape();
    scrapes += 1;
  }
  assert.ok(scrapes < 5, `${scrapes} scrapes`);
  assert.deepEqual([large.scrape(), small.scrape()], [true, true]);
});

test('what is given up leaves the bench to others', () => {
  const workshop = new PlanWorkshop();
  const [large, small] = [setUp(workshop, 10_000), setUp(workshop)];
  for (const target of [large, large, small]) target.scrape();
  assert.equal(workshop.isFree, false);
  large.end();
  assert.equal(workshop.isFree, true);
  assert.equal(small.scrape(), true);
  const other = setUp(workshop, 10_000);
  for (let i = 0; i < 2; i++) other.scrape();
  // Another run comes too often in its place.
  for (let i = 1; i < 6 && !workshop.isFree; i++) other.scrape(1 + (i % 2));
  assert.equal(workshop.isFree, true);
});
