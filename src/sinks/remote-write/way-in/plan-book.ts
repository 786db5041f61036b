/**
 * Which runs of a target have a plan for packing: those that come again unchanged. Making a plan
 * costs as much as compressing the run some dozens of times. So a target whose series come and go
 * gets each plan later than the one before, in the end after 64 scrapes.
 */
import type { Borrowed } from '../../../model/borrowed.ts';
import { type PackingPlan, planPacking } from './packing-plan.ts';

/** Where a run lies in a slab, in bytes; `epoch` changes when the slab moves its series. */
export interface SlabRun {
  readonly start: number;
  readonly end: number;
  readonly epoch: number;
}

interface PlanEntry {
  readonly at: SlabRun;
  /** How often the run came: without a plan, or since it has one. */
  count: number;
  /** How often others came in its place since. */
  misses: number;
  plan: PackingPlan | undefined;
  /** The making of the plan, once it has begun. */
  making: ReturnType<typeof planPacking> | undefined;
  /** Whether the run has proved to be one that can't be planned. */
  isHopeless: boolean;
}

/**
 * So many other runs in a row may come in the place of one: where some series come and go, the run
 * of all the others comes back.
 */
const MISSES_MAX = 3;
/** How often a plan must be used to be worth its making. */
const WORTH = 32;
/** How often a run must come to get a plan: at first, and at most. */
const WAIT_MIN = 2;
const WAIT_MAX = 64;
/**
 * Steps of making a plan in one commit. Each is some 64 KiB of a run, which are gone over three
 * times: a whole piece of a megabyte would be long work for one turn.
 */
const STEPS = 12;

export class PlanBook {
  /** By the number of the piece. */
  readonly #entries: PlanEntry[] = [];
  #wait = WAIT_MIN;
  /** How many steps of making a plan this commit may yet do. */
  #steps = STEPS;

  /** To be called when a commit begins. */
  begin(): void {
    this.#steps = STEPS;
  }

  /** The plan of the run that is the piece of this number; undefined while it has none. */
  planFor(piece: number, at: SlabRun, run: Borrowed<Uint8Array>): PackingPlan | undefined {
    const entry = this.#entries[piece];
    if (entry === undefined || !isSame(entry.at, at)) {
      if (entry !== undefined && entry.at.epoch === at.epoch && entry.misses < MISSES_MAX) {
        entry.misses += 1;
        return undefined;
      }
      if (entry?.plan !== undefined)
        this.#wait = entry.count < WORTH ? Math.min(WAIT_MAX, this.#wait * 2) : WAIT_MIN;
      this.#entries[piece] = newEntry(at);
      return undefined;
    }
    entry.count += 1;
    entry.misses = 0;
    const { plan, isHopeless, count } = entry;
    if (plan !== undefined || isHopeless || count < this.#wait || this.#steps === 0) return plan;
    entry.making ??= planPacking(run);
    for (; this.#steps > 0; this.#steps--) {
      const step = entry.making.next();
      if (step.done !== true) continue;
      entry.making = undefined;
      entry.plan = step.value;
      entry.isHopeless = step.value === undefined;
      entry.count = 0;
      // The next piece begins with the next commit: at most one plan a commit is made.
      this.#steps = 0;
      break;
    }
    return entry.plan;
  }

  clear(): void {
    this.#entries.length = 0;
  }
}

function newEntry(at: SlabRun): PlanEntry {
  return { at, count: 1, misses: 0, plan: undefined, making: undefined, isHopeless: false };
}

function isSame(a: SlabRun, b: SlabRun): boolean {
  return a.start === b.start && a.end === b.end && a.epoch === b.epoch;
}
