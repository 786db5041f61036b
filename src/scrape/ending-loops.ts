/**
 * Loops of one job whose series another loop may take over, found by the labels of their target:
 * loops that only wait for their end, and loops of a pool that is being replaced. Taking them over
 * keeps the rule that a series has one writer.
 */
import { labelSetKey } from '../model/labels.ts';
import type { LoopHandover, ScrapeLoop } from './loop.ts';
import type { Target } from './target.ts';

export class EndingLoops {
  /**
   * By labels, then by the key of the target, since several targets may have the same labels. No
   * inner map is empty.
   */
  readonly #byLabels = new Map<string, Map<string, ScrapeLoop>>();

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

  /** Removes a loop that has ended, or whose target is back. */
  delete(loop: ScrapeLoop): void {
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
