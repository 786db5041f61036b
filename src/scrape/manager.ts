/**
 * Scrapes all jobs: a pool for each, following the configuration and what discovery finds.
 */
import { type Component } from '../kernel/component.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { type LabelSet } from '../model/labels.ts';
import { type OpenRoutedAppender } from '../model/sample.ts';
import { type HeldParts, type TargetGroup } from '../model/target.ts';
import { ScrapeScratch } from './scratch.ts';
import type { ScrapeConfig } from './config.ts';
import { EndingLoops } from './ending-loops.ts';
import { FirstUp } from './first-up.ts';
import { seriesKey } from './identity.ts';
import { registerScrapeMetrics } from './metrics.ts';
import type { PoolOptions } from './pool-options.ts';
import { type Assignment, ScrapePool, type TargetStatus } from './pool.ts';
import type { Steps } from './steps.ts';
import { Turns } from './turns.ts';

export interface ScrapeManagerOptions {
  readonly world: World;
  readonly openAppender: OpenRoutedAppender;
  readonly userAgent: string;
  /** A client with the connection settings of a job; without it all share the world's. */
  readonly openHttp?: (config: ScrapeConfig) => HttpClient<Borrowed<Uint8Array>>;
  /**
   * Differs between processes, such as the host name, so that replicas scrape at different moments.
   */
  readonly offsetSeed?: string;
  /**
   * How much of a turn of the event loop may go into work that touches all targets; 0 makes one
   * step a turn, for tests.
   */
  readonly turnShareMs?: number;
}

interface Job {
  /** Equal for configurations that make the same targets and series. */
  readonly key: string;
  readonly pool: ScrapePool;
}

export class ScrapeManager implements Component {
  readonly name = 'scrape';
  readonly #options: PoolOptions;
  /** By id of the job, like the maps below. */
  readonly #jobs = new Map<string, Job>();
  /** Pools of removed or changed jobs whose loops have not ended yet. */
  readonly #leaving = new Set<ScrapePool>();
  /** By job, the loops that new loops may take over, whichever pool they come from. */
  readonly #ending = new Map<string, EndingLoops>();
  /** The latest list of each job, for pools that are made later. */
  readonly #lists = new Map<string, Assignment>();
  #configs: readonly ScrapeConfig[] = [];
  #state: 'new' | 'running' | 'stopped' = 'new';
  /** Settles when the last `apply` so far is done: one begins after the other. */
  #applying: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();

  constructor(options: ScrapeManagerOptions) {
    const { world, openAppender, userAgent, offsetSeed = '', turnShareMs } = options;
    const shared = { ...world.http, close: () => Promise.resolve() };
    const { openHttp = () => shared } = options;
    const metrics = registerScrapeMetrics(world.metrics);
    const firstUp = new FirstUp(world, () => this.targets(), this.#stopping.signal);
    this.#options = {
      world,
      metrics,
      openAppender,
      scratch: new ScrapeScratch(),
      turns: new Turns(turnShareMs),
      marks: { labels: [] },
      userAgent,
      offsetSeed,
      openHttp,
      onUp: () => firstUp.worked(),
    };
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    await this.apply(this.#configs);
  }

  /**
   * Changes to these jobs. A job that makes the same targets and series runs on, with its new
   * connections, secrets and limits (identity.ts says which key does what). Where a job makes other
   * targets or series, targets with the same labels keep their series and, if nothing else about
   * them changed, their grid; series that the change removes, and those of a removed job, end with
   * stale markers. Before `start` the jobs are only remembered.
   *
   * @returns when all of it is done, which takes many turns of the event loop where there are
   * thousands of targets
   */
  apply(configs: readonly ScrapeConfig[]): Promise<void> {
    this.#configs = configs;
    if (this.#state !== 'running') return Promise.resolve();
    return this.#inOrder(() => this.#applyNow(configs));
  }

  /**
   * Sets the complete list of a job's targets. Of thousands of targets only the first start before
   * it returns. The list of a job that is not configured yet is kept for later.
   *
   * @param id  of the job
   */
  update(id: string, groups: readonly TargetGroup[]): void {
    void this.#sync(id, { groups, parts: undefined });
  }

  /**
   * Sets the targets of a job that this process holds, where several processes divide them: a
   * target that is neither in the list nor held has moved to another process.
   *
   * @returns when no target is scraped any more that another process holds
   */
  hold(id: string, groups: readonly TargetGroup[], parts: HeldParts): Promise<void> {
    return this.#sync(id, { groups, parts });
  }

  async #sync(id: string, assignment: Assignment): Promise<void> {
    this.#lists.set(id, assignment);
    await this.#jobs.get(id)?.pool.sync(assignment);
  }

  /**
   * Sets the labels that `up` and the other report series get besides their target's, from the next
   * scrapes on.
   */
  markReports(labels: LabelSet): void {
    this.#options.marks.labels = labels;
  }

  /** All targets that are scraped, in the order of the configuration. */
  targets(): TargetStatus[] {
    return [...this.#jobs.values()].flatMap((job) => job.pool.targets);
  }

  /**
   * Targets that relabelling dropped, by id of the job. The number of label sets is bounded, the
   * count is complete.
   */
  droppedTargets(): Map<string, { readonly labels: readonly LabelSet[]; readonly count: number }> {
    return new Map([...this.#jobs].map(([id, job]) => [id, job.pool.dropped]));
  }

  /** Scrapes every target once more and then no more, within a time. Only `stop` may follow. */
  async finish(withinMs: number): Promise<void> {
    this.#halt();
    const over = new AbortController();
    const late = this.#options.world.clock.sleep(withinMs, over.signal).catch(() => undefined);
    await Promise.race([this.#finishPools(over.signal), late]);
    over.abort(new Error('all targets were scraped, or the time for it is over'));
  }

  async stop(_deadlineMs: number): Promise<void> {
    this.#halt();
    await this.#applying;
    await this.#stopPools();
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#applying.then(work);
    this.#applying = done.catch(() => undefined);
    return done;
  }

  /** From now on no loop starts; a list that is being taken over stays half-done. */
  #halt(): void {
    this.#state = 'stopped';
    this.#stopping.abort();
    for (const { pool } of this.#jobs.values()) pool.leave();
  }

  async #finishPools(signal: AbortSignal): Promise<void> {
    await this.#applying;
    const ends: Promise<void>[] = [];
    for (const { pool } of this.#jobs.values())
      await this.#options.turns.run(pool.finish(ends), signal);
    await Promise.all(ends);
  }

  async #stopPools(): Promise<void> {
    const pools = [...[...this.#jobs.values()].map(({ pool }) => pool), ...this.#leaving];
    for (const pool of pools) pool.leave();
    this.#jobs.clear();
    this.#leaving.clear();
    this.#ending.clear();
    const ends: Promise<void>[] = [];
    for (const pool of pools) await this.#options.turns.run(pool.stop(ends));
    await Promise.all(ends);
    await Promise.all(pools.map((pool) => pool.close()));
  }

  async #applyNow(configs: readonly ScrapeConfig[]): Promise<void> {
    const wanted = new Set(configs.map((config) => config.id));
    this.#forgetIdle();
    for (const [id, { pool }] of this.#jobs) {
      if (wanted.has(id)) continue;
      this.#jobs.delete(id);
      this.#lists.delete(id);
      this.#leave(pool);
      pool.removeMetrics();
      await this.#run(pool.retire());
    }
    for (const config of configs) {
      await this.#options.turns.giveWay();
      if (this.#state !== 'running') return;
      await this.#applyJob(config);
    }
    this.#options.metrics.pools.set(this.#jobs.size);
  }

  async #applyJob(config: ScrapeConfig): Promise<void> {
    const key = seriesKey(config);
    const old = this.#jobs.get(config.id);
    if (old?.key === key) {
      old.pool.setConfig(config);
      return;
    }
    const ending = this.#ending.get(config.id) ?? new EndingLoops();
    this.#ending.set(config.id, ending);
    const pool = new ScrapePool(config, this.#options, { ending, predecessor: old?.pool });
    this.#options.metrics.poolsMade.inc();
    this.#jobs.set(config.id, { key, pool });
    if (old !== undefined) {
      this.#options.metrics.reloads.inc();
      this.#leave(old.pool);
    }
    // The loops of the old pool run until the new ones take over, so that no scrape is left out;
    // the others then retire.
    await pool.sync(this.#lists.get(config.id) ?? { groups: [], parts: undefined });
    if (old !== undefined) await this.#run(old.pool.retire());
  }

  #leave(pool: ScrapePool): void {
    pool.leave();
    this.#leaving.add(pool);
  }

  #run(steps: Steps): Promise<void> {
    return this.#options.turns.run(steps, this.#stopping.signal);
  }

  /** Forgets pools that have left and whose loops have ended. */
  #forgetIdle(): void {
    for (const pool of this.#leaving) if (pool.isIdle) this.#leaving.delete(pool);
    for (const [id, ending] of this.#ending)
      if (ending.isEmpty && !this.#jobs.has(id)) this.#ending.delete(id);
  }
}
