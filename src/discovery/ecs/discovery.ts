/**
 * A running discovery of ECS clusters: polls them, merges events and makes target groups of what is
 * known. Each cluster is independent: one that fails keeps what was known of it and does not affect
 * the others. The first list waits until all clusters are whole
 * (docs/decisions/0012-known-means-whole.md); every later list holds everything that is known.
 */
import type { Task } from '@aws-sdk/client-ecs';
import type { TargetGroup } from '../../model/target.ts';
import type { AwsAccess } from '../aws-client.ts';
import { makeFailedLack, type Lack, Lacking } from '../lacking.ts';
import { attempt, countFailure, type DiscoveryWorld } from '../mechanism.ts';
import { followEvents } from '../queue-events.ts';
import { ReadingOutage } from '../reading-outage.ts';
import type { Shelf } from '../shelf.ts';
import { EcsApi } from './api.ts';
import { ClusterState } from './cluster.ts';
import {
  boundDefinitions,
  type DefinitionsUse,
  createDefinitionShelf,
  type Wants,
} from './details.ts';
import { type DefinitionFacts, idOfArn } from './facts.ts';
import { GroupLists } from './group-lists.ts';
import { Snapshots } from './snapshots.ts';
import { parseTaskEvent } from './task-events.ts';
import type { TargetOptions } from './targets.ts';

/** Which clusters are read, how, and how often. */
export interface EcsScope extends AwsAccess {
  /** Names or ARNs; all clusters of the region when undefined. */
  readonly clusters?: readonly string[] | undefined;
  readonly refresh_interval: number;
  readonly cache_dir?: string | undefined;
  readonly cache_max_age?: number | undefined;
  readonly events_queue_url?: string | undefined;
}

const CACHE_MAX_AGE_MS = 3_600_000;
/** How often the list of clusters is read when none are named. */
const CLUSTERS_MS = 300_000;
/** The polling interval while events arrive: polling is then only a safety net. */
const RECONCILE_MS = 600_000;
/** Scopes of lacks that belong to no cluster. No cluster has such a name. */
const LIST_SCOPE = 'clusters:';
const EVENTS_SCOPE = 'events:';
/** The first wait before the first whole list; it doubles each time, up to the interval. */
const FIRST_RETRY_MS = 2_000;

export class EcsDiscovery {
  readonly #config: EcsScope;
  readonly #world: DiscoveryWorld;
  readonly #wants: Wants;
  readonly #definitionsUse: DefinitionsUse;
  readonly #clusters = new Map<string, ClusterState>();
  readonly #lists: GroupLists;
  readonly #snapshots: Snapshots;
  readonly #lacking: Lacking;
  readonly #outage: ReadingOutage;
  readonly #ending = new AbortController();
  #definitions: Shelf<DefinitionFacts> | undefined;
  #api: EcsApi | undefined;
  /**
   * When the list of clusters was last read in full (epoch ms); -Infinity when it is to be read
   * again.
   */
  #clustersAtMs = -Infinity;
  #isListed = false;
  #isWhole = false;
  #hasEvents = false;
  #hasNews = false;
  #wake: (() => void) | undefined;
  /** Interrupts the wait for the next reading, because its length may have changed. */
  #onInterval: (() => void) | undefined;

  constructor(config: EcsScope, world: DiscoveryWorld, options: TargetOptions, wants: Wants) {
    this.#config = config;
    this.#world = { ...world, signal: AbortSignal.any([world.signal, this.#ending.signal]) };
    this.#wants = wants;
    this.#definitionsUse = chooseDefinitionsUse(options);
    this.#lists = new GroupLists(options, world);
    this.#snapshots = new Snapshots(
      config.cache_dir,
      config.cache_max_age ?? CACHE_MAX_AGE_MS,
      world,
    );
    this.#lacking = new Lacking(world);
    this.#outage = new ReadingOutage(world);
  }

  async *run(): AsyncIterable<readonly TargetGroup[]> {
    const api = await EcsApi.open(this.#config, this.#world);
    this.#api = api;
    this.#definitions = createDefinitionShelf(api, this.#definitionsUse);
    // If polling or events throw, the wait for changes ends too.
    const work = Promise.all([this.#poll(), this.#followEvents(api)]).finally(() =>
      this.#ending.abort(),
    );
    work.catch(() => undefined);
    const endAges = this.#world.metrics.onCollect(() => this.#tellAges());
    try {
      while (await this.#nextNews()) {
        // The flag is read before rendering. A reading that ends during the rendering causes
        // another one.
        const isListed = this.#isListed;
        const { groups, isRead } = await this.#lists.render([...this.#clusters.values()]);
        if (this.#world.signal.aborted) break;
        this.#isWhole ||= isListed && isRead;
        const isPart = this.#world.takesPartial === true && groups.length > 0;
        if (this.#isWhole || isPart) yield groups;
      }
    } finally {
      endAges();
      for (const cluster of this.#clusters.values()) this.#forgetAge(cluster);
      this.#ending.abort();
      await work.finally(() => api.close());
    }
  }

  /**
   * Whether every cluster was read whole, by this process or by the one that wrote the snapshot.
   */
  #isFirstWhole(): boolean {
    const states = [...this.#clusters.values()];
    return this.#isListed && states.every(({ readAtMs }) => readAtMs !== undefined);
  }

  async #poll(): Promise<void> {
    const { clock, signal } = this.#world;
    if (await this.#restore()) this.#tellNews();
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs *= 2) {
      await this.#refresh();
      await this.#waitFrom(clock.elapsedMs(), retryMs);
    }
  }

  /**
   * Waits until the next reading is due. The interval may change during the wait, when events start
   * or stop to arrive.
   */
  async #waitFrom(readAtMs: number, retryMs: number): Promise<void> {
    const { clock, signal } = this.#world;
    while (!signal.aborted) {
      const isFirst = !this.#isWhole && !this.#isFirstWhole();
      const waitMs = isFirst ? Math.min(retryMs, this.#intervalMs()) : this.#intervalMs();
      const leftMs = readAtMs + waitMs - clock.elapsedMs();
      if (leftMs <= 0) return;
      const changed = new AbortController();
      this.#onInterval = () => changed.abort();
      const rest = clock.sleep(leftMs, AbortSignal.any([signal, changed.signal]));
      await rest.catch(() => undefined);
      this.#onInterval = undefined;
    }
  }

  /**
   * The interval is long only while events arrive and nothing is lacking that another reading could
   * bring.
   */
  #intervalMs(): number {
    const { refresh_interval: interval } = this.#config;
    const isQuiet = this.#hasEvents && this.#lacking.all().every((lack) => lack.cause !== 'failed');
    return isQuiet ? Math.max(interval, RECONCILE_MS) : interval;
  }

  /** Reads all clusters in parallel. */
  async #refresh(): Promise<void> {
    await this.#attempt(LIST_SCOPE, () => this.#listClusters());
    await Promise.all([...this.#clusters.values()].map((cluster) => this.#read(cluster)));
    this.#clearGone();
    boundDefinitions(this.#requireDefinitions(), () => this.#allTasks());
  }

  async #read(cluster: ClusterState): Promise<void> {
    const { clock, signal } = this.#world;
    await this.#attempt(cluster.name, async () => {
      await cluster.refresh(clock.elapsedMs());
      if (signal.aborted) return;
      this.#tellLacks(cluster);
      if (cluster.lacks.some(({ cause }) => cause === 'failed')) countFailure(this.#world);
      this.#markChanged(cluster);
      if (cluster.readAtMs !== undefined && cluster.hasAllTasks)
        await this.#snapshots.keep(this.#scopeOf(cluster), cluster);
    });
  }

  async #attempt(scope: string, read: () => Promise<void>): Promise<void> {
    const run = async (): Promise<true> => {
      await read();
      return true;
    };
    const onFailure = (error: unknown): void => this.#outage.failed(scope, error);
    if ((await attempt(this.#world, run, onFailure)) === true) this.#outage.worked(scope);
  }

  /** Does not throw when the call fails, so that the known clusters are still read. */
  async #listClusters(): Promise<void> {
    const atMs = this.#world.clock.elapsedMs();
    if (atMs - this.#clustersAtMs < CLUSTERS_MS) return;
    const named = this.#config.clusters;
    const names = new Set(named);
    const lacks: Lack[] = [];
    if (named === undefined)
      await this.#api
        ?.listClusterArns((arns) => {
          for (const arn of arns) names.add(arn);
        })
        .catch((error: unknown) => lacks.push(makeFailedLack('ecs:ListClusters', '', error)));
    if (this.#world.signal.aborted) return;
    for (const name of names) this.#openCluster(name);
    this.#lacking.tell(LIST_SCOPE, lacks);
    if (lacks.length > 0) {
      countFailure(this.#world);
      return;
    }
    this.#isListed = true;
    this.#clustersAtMs = atMs;
    if (this.#retain(names) || names.size === 0) this.#tellNews();
    if (named === undefined) await this.#snapshots.writeNames(this.#scopeOfNames(), [...names]);
  }

  /** Forgets all other clusters. Returns whether there were any. */
  #retain(names: ReadonlySet<string>): boolean {
    const before = this.#clusters.size;
    for (const [name, cluster] of this.#clusters) {
      if (names.has(name)) continue;
      this.#clusters.delete(name);
      this.#outage.worked(name);
      this.#lists.forget(cluster);
      this.#forgetAge(cluster);
    }
    this.#lacking.retain(new Set([LIST_SCOPE, EVENTS_SCOPE, ...names]));
    return this.#clusters.size < before;
  }

  /**
   * Empties the clusters that ECS does not know any more, as long as others are found. If none is
   * found, the region or the account is probably wrong, so nothing is emptied.
   */
  #clearGone(): void {
    const gone = [...this.#clusters.values()].filter(({ isGone }) => isGone);
    if (gone.length === 0) return;
    // The cluster may have been deleted since the last list of clusters, so that list is read
    // again.
    if (this.#config.clusters === undefined) this.#clustersAtMs = -Infinity;
    if (gone.length === this.#clusters.size) return;
    for (const cluster of gone) {
      cluster.clear(this.#world.clock.elapsedMs());
      this.#tellLacks(cluster);
      this.#markChanged(cluster);
    }
  }

  #openCluster(name: string): ClusterState {
    const known = this.#clusters.get(name);
    if (known !== undefined) return known;
    if (this.#api === undefined) throw new Error('BUG: clusters before the API');
    const definitions = { shelf: this.#requireDefinitions(), use: this.#definitionsUse };
    const state = new ClusterState(name, this.#api, definitions, this.#wants);
    this.#clusters.set(name, state);
    return state;
  }

  #requireDefinitions(): Shelf<DefinitionFacts> {
    if (this.#definitions === undefined) throw new Error('BUG: clusters before the API');
    return this.#definitions;
  }

  *#allTasks(): Generator<Task> {
    for (const cluster of this.#clusters.values()) yield* cluster.tasks();
  }

  #scopeOf({ name }: ClusterState): string {
    return [this.#config.role_arn ?? '', this.#api?.region ?? '', idOfArn(name)].join(' ').trim();
  }

  #scopeOfNames(): string {
    return [this.#config.role_arn ?? '', this.#api?.region ?? '', LIST_SCOPE].join(' ').trim();
  }

  /**
   * Starts from the snapshots of an earlier run; clusters without one are waited for. Returns
   * whether all of them have one.
   */
  async #restore(): Promise<boolean> {
    const { clusters } = this.#config;
    const names = clusters ?? (await this.#snapshots.readNames(this.#scopeOfNames()));
    if (names === undefined) return false;
    for (const name of names) {
      const state = this.#openCluster(name);
      const kept = await this.#snapshots.read(this.#scopeOf(state));
      if (kept === undefined) continue;
      const ageMs = Math.max(0, this.#world.clock.nowMs() - kept.atMs);
      state.restore(kept, this.#world.clock.elapsedMs() - ageMs);
      this.#lists.touch(state);
    }
    const isAll = [...this.#clusters.values()].every(({ readAtMs }) => readAtMs !== undefined);
    // A snapshot without clusters is not a list; the first listing of the region decides.
    this.#isWhole = isAll && this.#clusters.size > 0;
    return this.#isWhole;
  }

  #tellLacks(cluster: ClusterState): void {
    this.#lacking.tell(cluster.name, cluster.lacks);
  }

  #registerAges() {
    return this.#world.metrics.gauges(
      'amperage_sd_snapshot_age_seconds',
      'How old what is known of a cluster is.',
    );
  }

  #tellAges(): void {
    for (const cluster of this.#clusters.values())
      if (cluster.readAtMs !== undefined)
        this.#registerAges()
          .with({ scope: this.#scopeOf(cluster) })
          .set((this.#world.clock.elapsedMs() - cluster.readAtMs) / 1_000);
  }

  #forgetAge(cluster: ClusterState): void {
    this.#registerAges().remove({ scope: this.#scopeOf(cluster) });
  }

  async #followEvents({ session }: EcsApi): Promise<void> {
    const { events_queue_url: queue } = this.#config;
    if (queue === undefined) return;
    await followEvents(queue, session, this.#world, {
      parse: parseTaskEvent,
      onEvents: (tasks) => this.#take(tasks),
      onLack: (lack) => {
        this.#hasEvents = lack === undefined;
        this.#lacking.tell(EVENTS_SCOPE, lack === undefined ? [] : [lack]);
        this.#onInterval?.();
      },
    });
  }

  async #take(tasks: readonly Task[]): Promise<void> {
    for (const cluster of this.#clusters.values()) {
      const own = tasks.filter(({ clusterArn }) => idOfArn(clusterArn) === idOfArn(cluster.name));
      const hasChanged = await cluster.takeEvents(own, this.#world.clock.elapsedMs());
      if (!hasChanged) continue;
      this.#tellLacks(cluster);
      this.#markChanged(cluster);
      // What an event did not bring is read after the configured interval and not only after
      // RECONCILE_MS.
      this.#onInterval?.();
    }
  }

  #markChanged(cluster: ClusterState): void {
    this.#lists.touch(cluster);
    this.#tellNews();
  }

  #tellNews(): void {
    this.#hasNews = true;
    this.#wake?.();
  }

  /** Waits for a change. Returns false when the discovery ends. */
  async #nextNews(): Promise<boolean> {
    const { signal } = this.#world;
    if (!this.#hasNews && !signal.aborted)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          this.#wake = undefined;
          resolve();
        };
        this.#wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    this.#hasNews = false;
    return !signal.aborted;
  }
}

/**
 * Chooses how definitions are used. The role of Prometheus makes its targets without them, and its
 * labels do not need them either.
 */
function chooseDefinitionsUse({ portOfTask, profile }: TargetOptions): DefinitionsUse {
  if (portOfTask === undefined) return 'needed';
  return profile === 'prometheus' ? 'unread' : 'optional';
}
