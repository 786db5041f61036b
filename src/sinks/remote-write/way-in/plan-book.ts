/**
 * Which runs of a target have a plan for packing: those that came again unchanged. Making a plan
 * costs as much as compressing the run some dozens of times. So a target whose series come and go
 * gets each plan later than the one before, in the end after 64 scrapes.
 */
import { type Borrowed, peek } from '../../../model/borrowed.ts';
import { type PackingPlan, planPacking } from './packing-plan.ts';

/** Where a run lies in a slab, in bytes; `epoch` changes when the slab moves its series. */
export interface SlabRun {
  readonly start: number;
  readonly end: number;
  readonly epoch: number;
}

interface PlanEntry {
  readonly at: SlabRun;
  /** How often the run came in a row: without a plan, or since it has one. */
  count: number;
  plan: PackingPlan | undefined;
  /** Whether the run has proved to be one that can't be planned. */
  isHopeless: boolean;
}

/** How often a plan must be used to be worth its making. */
const WORTH = 32;
/** How often a run must come in a row to get a plan: at first, and at most. */
const WAIT_MIN = 2;
const WAIT_MAX = 64;

export class PlanBook {
  /** By the number of the piece. */
  readonly #entries: PlanEntry[] = [];
  #wait = WAIT_MIN;
  /** Whether this commit has made a plan: one takes milliseconds, and a commit has many pieces. */
  #hasPlanned = false;

  /** To be called when a commit begins: each may make one plan. */
  begin(): void {
    this.#hasPlanned = false;
  }

  /** The plan of the run that is the piece of this number; undefined while it has none. */
  planFor(piece: number, at: SlabRun, run: Borrowed<Uint8Array>): PackingPlan | undefined {
    const entry = this.#entries[piece];
    if (entry === undefined || !isSame(entry.at, at)) {
      if (entry?.plan !== undefined)
        this.#wait = entry.count < WORTH ? Math.min(WAIT_MAX, this.#wait * 2) : WAIT_MIN;
      this.#entries[piece] = { at, count: 1, plan: undefined, isHopeless: false };
      return undefined;
    }
    entry.count += 1;
    if (entry.plan !== undefined || entry.isHopeless || entry.count < this.#wait) return entry.plan;
    if (this.#hasPlanned) return undefined;
    this.#hasPlanned = true;
    entry.plan = planPacking(peek(run));
    entry.isHopeless = entry.plan === undefined;
    entry.count = 0;
    return entry.plan;
  }

  clear(): void {
    this.#entries.length = 0;
  }
}

function isSame(a: SlabRun, b: SlabRun): boolean {
  return a.start === b.start && a.end === b.end && a.epoch === b.epoch;
}
