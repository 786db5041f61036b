/**
 * Which runs of a target have a plan for packing: those that come again unchanged. Making a plan
 * costs as much as compressing the run some dozens of times. So a target whose series come and go
 * gets each plan later than the one before, in the end after 64 scrapes.
 */
import type { Borrowed } from '../../../model/borrowed.ts';
import type { PackingPlan } from './packing-plan.ts';
import type { PlanOwner, PlanWorkshop } from './plan-workshop.ts';

/** Where a run lies in a slab, in bytes; `epoch` changes when the slab moves its series. */
export interface SlabRun {
  readonly start: number;
  readonly end: number;
  readonly epoch: number;
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
  readonly #workshop: PlanWorkshop;
  /** By the number of the piece. */
  readonly #entries: PlanEntry[] = [];
  #wait = WAIT_MIN;
  /** How many steps of making a plan this commit may yet do. */
  #steps = STEPS;

  /** @param workshop  is shared with other targets */
  constructor(workshop: PlanWorkshop) {
    this.#workshop = workshop;
  }

  /** To be called when a commit begins. */
  begin(): void {
    this.#steps = STEPS;
  }

  /** The plan of the run that is the piece of this number; undefined while it has none. */
  planFor(piece: number, at: SlabRun, run: Borrowed<Uint8Array>): PackingPlan | undefined {
    const entry = this.#recall(piece, at);
    if (entry?.wantsPlan(this.#wait) === true && this.#workshop.isFree && this.#steps > 0)
      this.#workshop.begin(run, entry);
    this.#steps = this.#workshop.work(this.#steps);
    return entry?.plan;
  }

  clear(): void {
    for (const entry of this.#entries) this.#workshop.giveUp(entry);
    this.#entries.length = 0;
  }

  /** The entry of a run that has come before, counted; undefined for another run. */
  #recall(piece: number, at: SlabRun): PlanEntry | undefined {
    const entry = this.#entries[piece];
    if (entry !== undefined && isSame(entry.at, at)) {
      entry.count += 1;
      entry.misses = 0;
      return entry;
    }
    if (entry !== undefined && entry.at.epoch === at.epoch && entry.misses < MISSES_MAX) {
      entry.misses += 1;
      return undefined;
    }
    if (entry?.plan !== undefined)
      this.#wait = entry.count < WORTH ? Math.min(WAIT_MAX, this.#wait * 2) : WAIT_MIN;
    this.#workshop.giveUp(entry);
    this.#entries[piece] = new PlanEntry(at);
    return undefined;
  }
}

/** A run, and its plan once it has one. */
class PlanEntry implements PlanOwner {
  readonly at: SlabRun;
  /** How often the run came: without a plan, or since it has one. */
  count = 1;
  /** How often others came in its place since. */
  misses = 0;
  plan: PackingPlan | undefined;
  /** Whether the run has proved to be one that can't be planned. */
  #isHopeless = false;

  constructor(at: SlabRun) {
    this.at = at;
  }

  wantsPlan(wait: number): boolean {
    return this.plan === undefined && !this.#isHopeless && this.count >= wait;
  }

  onPlan(plan: PackingPlan | undefined): void {
    this.plan = plan;
    this.#isHopeless = plan === undefined;
    this.count = 0;
  }
}

function isSame(a: SlabRun, b: SlabRun): boolean {
  return a.start === b.start && a.end === b.end && a.epoch === b.epoch;
}
