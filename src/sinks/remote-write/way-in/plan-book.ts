/**
 * Which runs of a target have a plan for packing: those that came again as they were. A plan costs
 * as much as compressing some dozens of times, so a target whose series come and go gets one later
 * each time, in the end after dozens of scrapes.
 */
import { type PackingPlan, planPacking } from './packing-plan.ts';

/** A run of a slab; `epoch` changes when series are moved there. */
export interface SlabRun {
  readonly start: number;
  readonly end: number;
  readonly epoch: number;
}

interface PlanEntry {
  readonly place: SlabRun;
  /** How often the run came in a row. */
  count: number;
  plan: PackingPlan | undefined;
  isHopeless: boolean;
}

/** So often a plan is used before it was worth it. */
const WORTH = 32;
const WAIT_MIN = 2;
const WAIT_MAX = 64;

export class PlanBook {
  readonly #pages: PlanEntry[] = [];
  #wait = WAIT_MIN;
  /** Of this commit: finding one takes milliseconds, and a large page has dozens of pieces. */
  #hasPlanned = false;

  /** A commit begins: it may find one plan, the others wait for later ones. */
  begin(): void {
    this.#hasPlanned = false;
  }

  /** The plan of the run that is a message's piece of this number; undefined while it has none. */
  planFor(piece: number, place: SlabRun, run: Uint8Array): PackingPlan | undefined {
    const page = this.#pages[piece];
    if (page === undefined || !isSame(page.place, place)) {
      if (page?.plan !== undefined)
        this.#wait = page.count < WORTH ? Math.min(WAIT_MAX, this.#wait * 2) : WAIT_MIN;
      this.#pages[piece] = { place, count: 1, plan: undefined, isHopeless: false };
      return undefined;
    }
    page.count += 1;
    if (page.plan !== undefined || page.isHopeless || page.count < this.#wait) return page.plan;
    if (this.#hasPlanned) return undefined;
    this.#hasPlanned = true;
    page.plan = planPacking(run);
    page.isHopeless = page.plan === undefined;
    page.count = 0;
    return page.plan;
  }

  clear(): void {
    this.#pages.length = 0;
  }
}

function isSame(a: SlabRun, b: SlabRun): boolean {
  return a.start === b.start && a.end === b.end && a.epoch === b.epoch;
}
