/**
 * What it costs when collectors of a service go, held to the table of docs/sharding.md: with a
 * shared storage that stays nothing that was committed is lost, and with a disk each no more than
 * what those that went said, or could not say. `npm run churn:scale-in` prints the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatScaleIn,
  runScaleIn,
  SAMPLES_PER_SCRAPE,
  scaleInHeadline,
  type ScaleInOptions,
  type ScaleInResult,
} from './churn/scale-in.ts';

/**
 * In intervals. The table has what was measured; a machine that does other work may double it, and
 * what goes wrong here takes longer: ten seconds for one that is silent, five minutes for a hold.
 */
const GAP_MAX = 5;
/** A collector that is begun on a busy machine takes that long, in intervals. */
const BEGIN_MAX = 20;
/** Targets of which a scrape that was cut off is made up for by the next collector. */
const OVERLAPS_MAX = 5;

const kept = { isKept: true, isReceiverDown: false } as const;

async function play(options: ScaleInOptions): Promise<ScaleInResult> {
  const result = await runScaleIn(options);
  process.stdout.write(`${scaleInHeadline()}\n${formatScaleIn(result)}\n`);
  return result;
}

function isWithin(result: ScaleInResult, bounds: { gap: number; overlaps: number }): void {
  const { gap, overlaps, logs } = result;
  assert.ok(gap <= bounds.gap, `a target was not scraped for ${gap} intervals\n${logs}`);
  assert.ok(overlaps <= bounds.overlaps, `${overlaps} scrapes by two collectors\n${logs}`);
}

function hasAll({ lost, refused, foldersLeft, logs }: ScaleInResult): void {
  assert.deepEqual({ lost, refused, foldersLeft }, { lost: 0, refused: 0, foldersLeft: 0 }, logs);
}

test('three collectors become one: each target keeps one, and all samples come in order', async () => {
  const result = await play({ ...kept, scenario: '3 to 1' });
  hasAll(result);
  isWithin(result, { gap: GAP_MAX, overlaps: 0 });
  assert.equal(result.twice, 0);
});

test('the same while the receiver is down, with two seconds until SIGKILL', async () => {
  const result = await play({ ...kept, scenario: '3 to 1, 2 s', isReceiverDown: true });
  hasAll(result);
  isWithin(result, { gap: GAP_MAX, overlaps: OVERLAPS_MAX });
  assert.match(result.logs, /sends what a collector left that is gone/);
});

test('a roll-out that begins the new collectors first loses nothing', async () => {
  const result = await play({ ...kept, scenario: 'roll 100/200' });
  hasAll(result);
  isWithin(result, { gap: GAP_MAX, overlaps: OVERLAPS_MAX });
});

test('a roll-out that ends the old collectors first loses nothing that was scraped', async () => {
  const result = await play({ ...kept, scenario: 'roll 0/100', isReceiverDown: true });
  hasAll(result);
  isWithin(result, { gap: BEGIN_MAX, overlaps: 0 });
  assert.match(result.logs, /sends what a collector left that is gone/);
});

test('a collector that leads is killed: what it had committed is sent by another', async () => {
  const result = await play({ ...kept, scenario: 'kill the leader', isReceiverDown: true });
  hasAll(result);
  isWithin(result, { gap: GAP_MAX, overlaps: 10 });
  assert.match(result.logs, /sends what a collector left that is gone/);
});

test('with a disk each, those that go while the receiver is down lose what they say', async () => {
  const own = { isKept: false, isReceiverDown: true } as const;
  const result = await play({ ...own, scenario: '3 to 1' });
  isWithin(result, { gap: GAP_MAX, overlaps: 0 });
  assert.ok(result.lost > 0, 'nothing was lost, so nothing is shown');
  const told = result.toldLost / SAMPLES_PER_SCRAPE;
  assert.ok(result.lost <= told, `${result.lost} scrapes lost, ${told} told of\n${result.logs}`);
});
