/** Tests the property "known means whole" on one mechanism; whole.test.ts explains it. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { MechanismKey } from '../../../src/discovery/mechanisms.ts';
import { describeFault, type Extent, EXTENTS, type Fault, type Kind } from './faults.ts';
import { cases } from './mechanisms.ts';
import {
  addressesOf,
  type Case,
  makeComparable,
  type Member,
  Run,
  SLOW_MS,
  type SourceWorld,
} from './world.ts';

const MOMENTS = ['first', 'running', 'turnover'] as const;
type Moment = (typeof MOMENTS)[number];

const isLong = process.env['AMPERAGE_LONG'] === '1';
const only = process.env['AMPERAGE_ONLY'] ?? '';
/** Refreshes during a fault, enough to read again everything that is ever read again. */
const UNDER = 2;
/** How long a throttled bucket takes to return to its full rate. */
const RECOVERY_MS = 60_000;

interface Recorded {
  /** Call → number of pages. */
  readonly calls: ReadonlyMap<string, number>;
  /** The list without a fault, before and after the turnover. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * Runs all scenarios of a mechanism; `report` receives the progress.
 *
 * @throws Error that names the scenario, with the AssertionError as its cause
 */
export async function tryMechanism(
  key: MechanismKey,
  report: (progress: string) => void,
): Promise<void> {
  const recorded = await record(key);
  const all = [...makeScenarios(cases[key], recorded)].filter((one) =>
    describeScenario(one).includes(only),
  );
  for (const [index, one] of all.entries()) {
    await tryOne(key, one, recorded).catch((error: unknown) => {
      throw new Error(describeScenario(one), { cause: error });
    });
    if (isLong && index % 200 === 199) report(`${index + 1} of ${all.length}`);
  }
  report(`${all.length} scenarios, calls: ${[...recorded.calls.keys()].join(' ')}`);
}

/**
 * Records the calls that readings make without a fault: at the start, while running and for new
 * members.
 */
async function record(key: MechanismKey): Promise<Recorded> {
  const source = await cases[key].open();
  const run = new Run(key, source);
  try {
    await run.forward(source.refreshMs);
    const before = makeComparable(run.lists.at(-1));
    assert.deepEqual(addressesOf(run.lists[0]), sortAddresses(source.members()));
    await source.turnOver();
    await run.forward(UNDER * source.refreshMs);
    assert.deepEqual(addressesOf(run.lists.at(-1)), sortAddresses(source.members()));
    const calls = new Map(source.takeCalls());
    return { calls, before, after: makeComparable(run.lists.at(-1)) };
  } finally {
    await run.stop();
    await source.close();
  }
}

interface Scenario {
  readonly moment: Moment;
  readonly faults: readonly Fault[];
}

function describeScenario({ moment, faults }: Scenario): string {
  return `${moment}: ${faults.map(describeFault).join(' and ')}`;
}

function* makeScenarios(one: Case, { calls }: Recorded): Generator<Scenario> {
  for (const [call, pages] of calls)
    for (const kind of one.kinds)
      for (const extent of EXTENTS)
        for (const moment of MOMENTS) {
          if (extent === 'page 2' && pages < 2) continue;
          if (isLong || isInShortRun(kind, extent, moment, one.isBrief === true))
            yield { moment, faults: [{ call, kind, extent }] };
        }
  if (isLong) yield* makePairs(one, calls);
}

/**
 * Chooses the scenarios of the short run: each kind with the extent `ever`, at a start and while
 * members change; other extents and moments only with the plainest kinds.
 */
function isInShortRun(kind: Kind, extent: Extent, moment: Moment, isBrief: boolean): boolean {
  const isPlain = kind === 'failed' || kind === 'denied';
  // A reader that starts handles a reset and half an answer like any other failure.
  const isOdd = !isPlain && kind !== 'reset' && kind !== 'half';
  if (extent === 'ever' && moment === 'first') return isPlain || (isOdd && !isBrief);
  if (extent === 'ever' && moment === 'turnover') return isPlain || !isBrief;
  if (isBrief || extent === 'thrice') return false;
  if (moment === 'first') return extent === 'once' && isPlain;
  return kind === 'failed' && (moment === 'turnover' || extent === 'ever');
}

/**
 * Two calls that fail at the same time in different ways: every pair of calls with every pair of
 * kinds, at a start and while members change.
 */
function* makePairs({ kinds }: Case, calls: ReadonlyMap<string, number>): Generator<Scenario> {
  const names = [...calls.keys()];
  for (const [index, first] of names.entries())
    for (const second of names.slice(index + 1))
      for (const one of kinds)
        for (const two of kinds)
          for (const moment of ['first', 'turnover'] as const)
            yield {
              moment,
              faults: [
                { call: first, kind: one, extent: 'ever' },
                { call: second, kind: two, extent: 'thrice' },
              ],
            };
}

async function tryOne(
  key: MechanismKey,
  { moment, faults }: Scenario,
  recorded: Recorded,
): Promise<void> {
  const source = await cases[key].open();
  const denied = faults
    .filter(({ call, kind }) => kind === 'denied' && cases[key].optional.includes(call))
    .map(({ call }) => call);
  if (moment === 'first') await source.strike(...faults);
  const run = new Run(key, source);
  try {
    if (moment === 'first') await checkAtStart(cases[key], run, source, faults, denied, recorded);
    else await checkWhileRunning(run, source, moment, faults, recorded);
    await source.repair();
    const whole = moment === 'turnover' ? recorded.after : recorded.before;
    const slowMs = denied.length > 0 ? SLOW_MS : 0;
    const throttledMs = faults.some(({ kind }) => kind === 'throttled') ? RECOVERY_MS : 0;
    await run.forward(source.refreshMs + slowMs);
    if (!isDeepStrictEqual([makeComparable(run.lists.at(-1)), run.lacks], [whole, []]))
      await run.forward(source.refreshMs + throttledMs);
    assert.deepEqual(makeComparable(run.lists.at(-1)), whole, 'whole after the fault');
    assert.deepEqual(run.lacks, [], 'nothing is lacking after the fault');
  } finally {
    await run.stop();
    await source.close();
  }
}

/**
 * Checks a process that starts during the fault: its lists are whole, except for what a denial
 * costs.
 */
async function checkAtStart(
  one: Case,
  run: Run,
  source: SourceWorld,
  faults: readonly Fault[],
  denied: readonly string[],
  { before }: Recorded,
): Promise<void> {
  await run.forward(UNDER * source.refreshMs);
  const least = sortAddresses(dropNeeding(source.members(), denied));
  for (const list of run.lists) {
    if (denied.length === 0)
      assert.deepEqual(makeComparable(list), before, 'the first list is whole');
    else assertContains(addressesOf(list), least, 'a denial costs only what the call brings');
  }
  if (denied.length === faults.length && !denied.some((call) => one.blocking?.includes(call)))
    assert.ok(run.lists.length > 0, 'a denied optional call does not block the list');
  else if (run.lists.length === 0) assert.ok(run.lacks.some(({ isBlocking }) => isBlocking));
}

async function checkWhileRunning(
  run: Run,
  source: SourceWorld,
  moment: Moment,
  faults: readonly Fault[],
  { before }: Recorded,
): Promise<void> {
  await run.forward(1_000);
  assert.deepEqual(makeComparable(run.lists.at(-1)), before, 'whole at the start');
  const old = source.members();
  if (moment === 'turnover') await source.turnOver();
  await source.strike(...faults);
  const begun = run.lists.length;
  await run.forward(UNDER * source.refreshMs);
  const now = source.members();
  const stay = old.filter(({ address }) => now.some((one) => one.address === address));
  for (const list of run.lists.slice(begun))
    assertContains(addressesOf(list), sortAddresses(stay), 'existing targets stay');
  const known = new Set(old.map(({ address }) => address));
  const reachable = dropNeeding(
    now.filter(({ address }) => !known.has(address)),
    faults.map(({ call }) => call),
  );
  assertContains(
    addressesOf(run.lists.at(-1)),
    sortAddresses(reachable),
    'reachable new targets are found',
  );
}

function dropNeeding(members: readonly Member[], calls: readonly string[]): Member[] {
  return members.filter(({ needs }) => !needs.some((call) => calls.includes(call)));
}

function sortAddresses(members: readonly Member[]): string[] {
  return members.map(({ address }) => address).toSorted();
}

function assertContains(found: readonly string[], wanted: readonly string[], words: string): void {
  const lacking = wanted.filter((address) => !found.includes(address));
  assert.deepEqual(lacking, [], words);
}
