/**
 * Makes the target groups of the clusters that have changed, and the reasons why each container is
 * a target or is not. It works in slices, because ten thousand tasks in one turn of the event loop
 * would delay everything else.
 */
import { setImmediate } from 'node:timers/promises';
import type { TargetGroup } from '../../model/target.ts';
import type { DiscoveryWorld, Explained } from '../mechanism.ts';
import { NotTargets } from '../not-targets.ts';
import type { ClusterState } from './cluster.ts';
import { makeGroups, judge, type TargetOptions } from './targets.ts';

/** The most time in one turn of the event loop. */
const SLICE_MS = 10;
/** Tasks between two checks of the time. */
const STEP = 50;

interface Rendered {
  /** Whether the cluster had been read whole when rendering began. */
  readonly isRead: boolean;
  readonly groups: TargetGroup[];
  readonly explained: Explained[];
  readonly reasons: Map<string, number>;
}

export class GroupLists {
  readonly #options: TargetOptions;
  readonly #world: DiscoveryWorld;
  readonly #notTargets: NotTargets;
  readonly #rendered = new Map<ClusterState, Rendered>();
  readonly #changed = new Set<ClusterState>();

  constructor(options: TargetOptions, world: DiscoveryWorld) {
    this.#options = options;
    this.#world = world;
    this.#notTargets = new NotTargets(world);
  }

  /** Marks a cluster as changed. */
  touch(cluster: ClusterState): void {
    this.#changed.add(cluster);
  }

  forget(cluster: ClusterState): void {
    this.#rendered.delete(cluster);
    this.#changed.delete(cluster);
  }

  /**
   * Returns the groups of all clusters, and whether each cluster had been read whole before its
   * groups were made. A cluster whose first reading ends during the rendering does not count as
   * read. Reports the reasons to `onExplained` and to the metrics.
   */
  async render(
    clusters: readonly ClusterState[],
  ): Promise<{ readonly groups: TargetGroup[]; readonly isRead: boolean }> {
    for (const cluster of clusters) {
      if (!this.#changed.delete(cluster) && this.#rendered.has(cluster)) continue;
      this.#rendered.set(cluster, await this.#renderOne(cluster));
    }
    const all = clusters.flatMap((cluster) => this.#rendered.get(cluster) ?? []);
    this.#tellReasons(all);
    this.#world.onExplained?.(all.flatMap(({ explained }) => explained));
    return {
      groups: all.flatMap(({ groups }) => groups),
      isRead: all.every(({ isRead }) => isRead),
    };
  }

  async #renderOne(cluster: ClusterState): Promise<Rendered> {
    const isRead = cluster.readAtMs !== undefined;
    const rendered: Rendered = { isRead, groups: [], explained: [], reasons: new Map() };
    let count = 0;
    let beganMs = performance.now();
    for (const facts of cluster.facts()) {
      const verdicts = judge(facts, this.#options);
      const { taskArn: task = '', group = '' } = facts.task;
      if (this.#world.onExplained !== undefined) rendered.explained.push({ task, group, verdicts });
      rendered.groups.push(...makeGroups(facts, verdicts));
      for (const { reason } of verdicts)
        if (reason !== undefined)
          rendered.reasons.set(reason, (rendered.reasons.get(reason) ?? 0) + 1);
      count += 1;
      if (count % STEP !== 0 || performance.now() - beganMs < SLICE_MS) continue;
      await setImmediate();
      beganMs = performance.now();
    }
    return rendered;
  }

  #tellReasons(all: readonly Rendered[]): void {
    const sums = new Map<string, number>();
    for (const { reasons } of all)
      for (const [reason, count] of reasons) sums.set(reason, (sums.get(reason) ?? 0) + count);
    this.#notTargets.tell(sums);
  }
}
