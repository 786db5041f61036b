/**
 * Where packing plans are made, one at a time for all targets of a sink: what a plan is made on is
 * seven times as large as its run, and after a start every target wants one. Each commit, of
 * whatever target, does some steps of the one in the making, so that the next begins soon.
 */
import type { Borrowed } from '../../../model/borrowed.ts';
import { type PackingPlan, planPacking } from './packing-plan.ts';

/** Who gets the plan. */
export interface PlanOwner {
  /** @param plan  undefined where the run is one that can't be planned */
  onPlan(plan: PackingPlan | undefined): void;
}

export class PlanWorkshop {
  #owner: PlanOwner | undefined;
  #steps: ReturnType<typeof planPacking> | undefined;

  /** Whether no plan is in the making. */
  get isFree(): boolean {
    return this.#owner === undefined;
  }

  /** Begins a plan, of which nothing is done yet. The run is copied with the first step. */
  begin(run: Borrowed<Uint8Array>, owner: PlanOwner): void {
    this.#owner = owner;
    this.#steps = planPacking(run);
  }

  /** Goes on with what is in the making. @returns how many steps are left; 0 behind a plan's end */
  work(steps: number): number {
    for (let left = steps; left > 0; left--) {
      const step = this.#steps?.next();
      if (step === undefined) return left;
      if (step.done !== true) continue;
      const owner = this.#owner;
      this.#owner = this.#steps = undefined;
      owner?.onPlan(step.value);
      return 0;
    }
    return 0;
  }

  /** Gives up what is in the making for this owner. */
  giveUp(owner: PlanOwner | undefined): void {
    if (owner === undefined || owner !== this.#owner) return;
    this.#steps?.return(undefined);
    this.#owner = this.#steps = undefined;
  }
}
