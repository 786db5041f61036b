/**
 * Loops of one job whose series another loop may take over, found by the labels of their target:
 * loops that only wait for their end, and loops of a pool that is being replaced. Taking them over
 * keeps the rule that a series has one writer.
 * Limits: how many wait for their end is up to the pools, by `endOldest`.
 */
import { labelSetKey } from '../model/labels.ts';
import type { LoopHandover } from './loop-options.ts';
import type { ScrapeLoop } from './loop.ts';
import type { Steps } from './steps.ts';
import type { Target } from './target.ts';

export class EndingLoops {
  /**
   * By labels, then by the key of the target, since several targets may have the same labels. No
   * inner map is empty.
   */
  readonly #byLabels = new Map<string, Map<string, ScrapeLoop>>();

  /** Of these, the loops that wait for their end, in the order in which their targets went. */
  readonly #waiting = new Set<ScrapeLoop>();

  get isEmpty(): boolean {
    return this.#byLabels.size === 0;
  }

  add(loop: ScrapeLoop): void {
    const { key, labels } = loop.target;
    const labelsKey = labelSetKey(labels);
    const loops = this.#byLabels.get(labelsKey);
    if (loops === undefined) this.#byLabels.set(labelsKey, new Map([[key, loop]]));
    else loops.set(key, loop);
  }

  /** Adds a loop that waits for its end. */
  addWaiting(loop: ScrapeLoop): void {
    this.#waiting.add(loop);
    this.add(loop);
  }

  /** Ends loops at once, the oldest first, until so many wait. @returns  how many it ended */
  *endOldest(most: number): Steps<number> {
    let ended = 0;
    for (const loop of this.#waiting) {
      if (this.#waiting.size <= most) break;
      this.delete(loop);
      loop.expire();
      ended += 1;
      yield;
    }
    return ended;
  }

  /** Removes a loop that has ended, or whose target is back. */
  delete(loop: ScrapeLoop): void {
    this.#waiting.delete(loop);
    if (this.isEmpty) return;
    const { key, labels } = loop.target;
    const labelsKey = labelSetKey(labels);
    const loops = this.#byLabels.get(labelsKey);
    if (loops?.get(key) !== loop) return;
    loops.delete(key);
    if (loops.size === 0) this.#byLabels.delete(labelsKey);
  }

  /**
   * Takes over the series of a loop with the labels of this target, of the same target where there
   * is one; that loop ends now.
   */
  take(target: Target): LoopHandover | undefined {
    if (this.isEmpty) return undefined;
    const loops = this.#byLabels.get(labelSetKey(target.labels));
    const same = loops?.get(target.key);
    for (const loop of same === undefined ? (loops?.values() ?? []) : [same]) {
      this.delete(loop);
      if (!loop.isOver) return loop.handOver();
    }
    return undefined;
  }
}
