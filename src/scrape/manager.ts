/**
 * Scrapes all jobs: a pool for each, following the configuration and what discovery finds.
 */
import { type Component } from '../kernel/component.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import { type LabelSet } from '../model/labels.ts';
import { type OpenAppender } from '../model/sample.ts';
import { type TargetGroup } from '../model/target.ts';
import { ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import { scrapeMetrics } from './metrics.ts';
import { type PoolOptions, ScrapePool, type TargetStatus } from './pool.ts';

export interface ScrapeManagerOptions {
  readonly world: World;
  readonly openAppender: OpenAppender;
  readonly userAgent: string;
  /** A client with the connection settings of a job; without it all share the world's. */
  readonly openHttp?: (config: ScrapeConfig) => HttpClient;
  /** Differs between replicas: host name and external labels. */
  readonly offsetSeed?: string;
}

interface Job {
  /** To see whether a new configuration makes the same series. */
  readonly fingerprint: string;
  readonly pool: ScrapePool;
}

export class ScrapeManager implements Component {
  readonly name = 'scrape';
  readonly #options: PoolOptions;
  readonly #jobs = new Map<string, Job>();
  /** Pools of jobs that are gone or changed, until their loops have ended. */
  readonly #leaving = new Set<ScrapePool>();
  /** The latest list of each job, for pools that are made later. */
  readonly #groups = new Map<string, readonly TargetGroup[]>();
  #configs: readonly ScrapeConfig[] = [];
  #state: 'new' | 'running' | 'stopped' = 'new';
  /** Orders what `apply` does by and by. */
  #applying: Promise<void> = Promise.resolve();

  constructor(options: ScrapeManagerOptions) {
    const { world, openAppender, userAgent, offsetSeed = '' } = options;
    const shared = { ...world.http, close: () => Promise.resolve() };
    const { openHttp = () => shared } = options;
    const metrics = scrapeMetrics(world.metrics);
    const scratch = new ScrapeScratch();
    this.#options = { world, metrics, openAppender, scratch, userAgent, offsetSeed, openHttp };
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    await this.apply(this.#configs);
  }

  /**
   * Goes over to these jobs. A job that makes the same series runs on untouched; of one that changed the loops are
   * replaced without stale markers; one that is gone ends with them. Before `start` it is only remembered.
   */
  apply(configs: readonly ScrapeConfig[]): Promise<void> {
    this.#configs = configs;
    if (this.#state !== 'running') return Promise.resolve();
    this.#applying = this.#applying.then(() => this.#applyNow(configs));
    return this.#applying;
  }

  /** Ends all loops, without stale markers, until the next `apply` makes them anew: for when sinks are replaced. */
  pause(): Promise<void> {
    this.#applying = this.#applying.then(async () => {
      const pools = [...this.#jobs.values()].map((job) => job.pool);
      await Promise.all([...pools, ...this.#leaving].map((pool) => pool.stop()));
      this.#jobs.clear();
      this.#leaving.clear();
    });
    return this.#applying;
  }

  /** Sets the targets of a job: the complete list. A job that is not configured is remembered for later. */
  update(job: string, groups: readonly TargetGroup[]): void {
    this.#groups.set(job, groups);
    this.#jobs.get(job)?.pool.sync(groups);
  }

  /** All targets that are scraped, in order of configuration. */
  targets(): TargetStatus[] {
    return [...this.#jobs.values()].flatMap((job) => job.pool.targets);
  }

  /** Targets that relabelling dropped, by job; the labels are bounded, the count is not. */
  droppedTargets(): Map<string, { readonly labels: readonly LabelSet[]; readonly count: number }> {
    return new Map([...this.#jobs].map(([name, job]) => [name, job.pool.dropped]));
  }

  async stop(_deadlineMs: number): Promise<void> {
    this.#state = 'stopped';
    await this.#applying;
    const pools = [...[...this.#jobs.values()].map((job) => job.pool), ...this.#leaving];
    this.#jobs.clear();
    this.#leaving.clear();
    await Promise.all(pools.map((pool) => pool.stop()));
  }

  async #applyNow(configs: readonly ScrapeConfig[]): Promise<void> {
    if (this.#state !== 'running') return;
    const wanted = new Map(configs.map((config) => [config.jobName, config]));
    for (const pool of this.#leaving) if (pool.isIdle) this.#leaving.delete(pool);
    for (const [name, job] of this.#jobs) {
      if (wanted.has(name)) continue;
      job.pool.retire();
      this.#leaving.add(job.pool);
      this.#jobs.delete(name);
      this.#groups.delete(name);
    }
    for (const config of configs) await this.#applyJob(config);
    this.#options.metrics.pools.set(this.#jobs.size);
  }

  async #applyJob(config: ScrapeConfig): Promise<void> {
    const fingerprint = fingerprintOf(config);
    const old = this.#jobs.get(config.jobName);
    if (old?.fingerprint === fingerprint) {
      old.pool.setConfig(config);
      return;
    }
    const pool = new ScrapePool(config, this.#options);
    if (old !== undefined) this.#options.metrics.reloads.inc();
    // The old loops must have let go of their appenders before new ones write the same series.
    await old?.pool.stop();
    for (const leaving of this.#leaving) {
      if (leaving.jobName !== config.jobName) continue;
      await leaving.stop();
      this.#leaving.delete(leaving);
    }
    this.#jobs.set(config.jobName, { fingerprint, pool });
    pool.sync(this.#groups.get(config.jobName) ?? old?.pool.groups ?? []);
  }
}

/** Functions (secrets) are left out, and of a regular expression its source stays. */
function fingerprintOf(config: ScrapeConfig): string {
  return JSON.stringify(config);
}
