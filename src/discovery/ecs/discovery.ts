/**
 * A running discovery of ECS clusters: polls them, takes in events, and makes target groups of what is known. Every cluster
 * is a scope of its own: one that fails keeps what was known of it and touches no other.
 */
import type { Task } from '@aws-sdk/client-ecs';
import type { TargetGroup } from '../../model/target.ts';
import type { AwsAccess } from '../aws-client.ts';
import { attempt, type DiscoveryWorld } from '../mechanism.ts';
import { EcsApi } from './api.ts';
import { ClusterState, type Wants } from './cluster.ts';
import { followEvents } from './events.ts';
import { type DefinitionFacts, idOfArn } from './facts.ts';
import { Snapshots } from './snapshots.ts';
import { groupsOf, judge, type TargetOptions } from './targets.ts';

/** Which clusters are read, how, and how often. */
export interface EcsScope extends AwsAccess {
  /** Names or ARNs; all of the region when absent. */
  readonly clusters?: readonly string[] | undefined;
  readonly refresh_interval: number;
  readonly cache_dir?: string | undefined;
  readonly cache_max_age: number;
  readonly events_queue_url?: string | undefined;
}

/** How often the list of clusters is read where none are named. */
const CLUSTERS_MS = 300_000;
/** With events polling is the safety net only. */
const RECONCILE_MS = 600_000;
const FIRST_RETRY_MS = 2_000;

export class EcsDiscovery {
  readonly #config: EcsScope;
  readonly #world: DiscoveryWorld;
  readonly #options: TargetOptions;
  readonly #wants: Wants;
  readonly #definitions = new Map<string, DefinitionFacts>();
  readonly #clusters = new Map<string, ClusterState>();
  readonly #snapshots: Snapshots;
  #clustersAtMs = -Infinity;
  #api: EcsApi | undefined;
  #wake: (() => void) | undefined;
  #hasNews = false;

  constructor(config: EcsScope, world: DiscoveryWorld, options: TargetOptions, wants: Wants) {
    this.#config = config;
    this.#world = world;
    this.#options = options;
    this.#wants = wants;
    this.#snapshots = new Snapshots(config.cache_dir, world);
  }

  async *run(): AsyncIterable<readonly TargetGroup[]> {
    const { signal } = this.#world;
    const api = await EcsApi.open(this.#config, this.#world);
    this.#api = api;
    const events = this.#followEvents(api);
    try {
      const hasStarted = await this.#restore();
      if (hasStarted) yield this.#groups();
      while (!signal.aborted) {
        const isGood = await this.#refresh();
        if (signal.aborted) return;
        if (this.#isKnown()) yield this.#groups();
        const waitMs = isGood || this.#isKnown() ? this.#intervalMs() : FIRST_RETRY_MS;
        const dueMs = this.#world.clock.nowMs() + Math.min(waitMs, this.#intervalMs());
        while (await this.#newsBefore(dueMs)) if (this.#isKnown()) yield this.#groups();
      }
    } finally {
      await events;
      api.close();
    }
  }

  #intervalMs(): number {
    const { events_queue_url: queue, refresh_interval: interval } = this.#config;
    return queue === undefined ? interval : Math.max(interval, RECONCILE_MS);
  }

  /** Whether any cluster was read, or there is none. */
  #isKnown(): boolean {
    const states = [...this.#clusters.values()];
    return this.#clustersAtMs > -Infinity && (states.length === 0 || states.some(isRead));
  }

  /** Reads all clusters side by side; false when none could be read. */
  async #refresh(): Promise<boolean> {
    const { clock, log } = this.#world;
    const isListed = await attempt(this.#world, () => this.#listClusters());
    if (isListed !== true) return false;
    const done = await Promise.all(
      [...this.#clusters.values()].map(async (cluster) =>
        attempt({ ...this.#world, log: log.with({ cluster: cluster.name }) }, async () => {
          await cluster.refresh(clock.nowMs());
          await this.#snapshots.write(this.#scopeOf(cluster), cluster.snapshot(clock.nowMs()));
          return true;
        }),
      ),
    );
    this.#tellAges();
    return done.includes(true) || done.length === 0;
  }

  async #listClusters(): Promise<true> {
    const nowMs = this.#world.clock.nowMs();
    if (nowMs - this.#clustersAtMs < CLUSTERS_MS) return true;
    const names = this.#config.clusters ?? (await this.#api?.clusterArns()) ?? [];
    for (const name of names) this.#clusterOf(name);
    for (const name of this.#clusters.keys())
      if (!names.includes(name)) this.#clusters.delete(name);
    this.#clustersAtMs = nowMs;
    return true;
  }

  #clusterOf(name: string): ClusterState {
    const known = this.#clusters.get(name);
    if (known !== undefined) return known;
    if (this.#api === undefined) throw new Error('BUG: clusters before the API');
    const state = new ClusterState(name, this.#api, this.#definitions, this.#wants);
    this.#clusters.set(name, state);
    return state;
  }

  #scopeOf({ name }: ClusterState): string {
    return [this.#config.role_arn ?? '', this.#api?.region ?? '', idOfArn(name)].join(' ').trim();
  }

  /** Begins with what an earlier run kept of the clusters that are named. */
  async #restore(): Promise<boolean> {
    let isRestored = false;
    for (const name of this.#config.clusters ?? []) {
      const state = this.#clusterOf(name);
      const scope = this.#scopeOf(state);
      const snapshot = await this.#snapshots.read(scope, this.#config.cache_max_age);
      if (snapshot === undefined) continue;
      state.restore(snapshot);
      isRestored = true;
      this.#clustersAtMs = -Infinity;
    }
    return isRestored;
  }

  #groups(): TargetGroup[] {
    const groups: TargetGroup[] = [];
    const reasons = new Map<string, number>();
    const explained = [];
    for (const cluster of this.#clusters.values())
      for (const facts of cluster.facts()) {
        const verdicts = judge(facts, this.#options);
        explained.push({ task: facts.task.taskArn ?? '', group: facts.task.group ?? '', verdicts });
        groups.push(...groupsOf(facts, verdicts));
        for (const { reason } of verdicts)
          if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    const gauge = this.#world.metrics.gauges(
      'amperage_sd_not_targets',
      'Containers (or tasks) that are no targets, by reason.',
    );
    for (const [reason, count] of reasons)
      gauge.with({ mechanism: this.#world.mechanism, reason }).set(count);
    this.#world.onExplained?.(explained);
    return groups;
  }

  #tellAges(): void {
    const ages = this.#world.metrics.gauges(
      'amperage_sd_snapshot_age_seconds',
      'How old what is known of a cluster is.',
    );
    for (const cluster of this.#clusters.values())
      if (cluster.readAtMs !== undefined)
        ages
          .with({ scope: this.#scopeOf(cluster) })
          .set((this.#world.clock.nowMs() - cluster.readAtMs) / 1_000);
  }

  async #followEvents({ session }: EcsApi): Promise<void> {
    const { events_queue_url: queue } = this.#config;
    if (queue === undefined) return;
    await followEvents(queue, session, this.#world, (tasks) => this.#take(tasks));
  }

  /** Merges events and reads what their tasks need; a new task's tags come with its description. */
  async #take(tasks: readonly Task[]): Promise<void> {
    for (const cluster of this.#clusters.values()) {
      const own = tasks.filter(({ clusterArn }) => idOfArn(clusterArn) === idOfArn(cluster.name));
      const changed = own.filter((task) => cluster.merge(task));
      if (changed.length === 0) continue;
      const running = changed.filter(({ desiredStatus }) => desiredStatus !== 'STOPPED');
      await attempt(this.#world, async () => {
        const arns = running.map(({ taskArn }) => taskArn ?? '');
        for (const task of (await this.#api?.tasks(cluster.name, arns)) ?? []) cluster.merge(task);
        await cluster.enrich();
      });
      this.#hasNews = true;
      this.#wake?.();
    }
  }

  /** Waits; true when events changed something before the time. */
  async #newsBefore(dueMs: number): Promise<boolean> {
    const { clock, signal } = this.#world;
    if (!this.#hasNews) {
      const leftMs = dueMs - clock.nowMs();
      if (leftMs <= 0 || signal.aborted) return false;
      const enough = new AbortController();
      const news = new Promise<void>((resolve) => (this.#wake = resolve));
      const end = AbortSignal.any([signal, enough.signal]);
      await Promise.race([news, clock.sleep(leftMs, end).catch(() => undefined)]);
      enough.abort();
      this.#wake = undefined;
    }
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews && !signal.aborted;
  }
}

function isRead(cluster: ClusterState): boolean {
  return cluster.readAtMs !== undefined;
}
