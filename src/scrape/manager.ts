/**
 * Scrapes all jobs: a pool for each, following the configuration and what discovery finds.
 */
import { type Component } from '../kernel/component.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { type LabelSet } from '../model/labels.ts';
import { type OpenRoutedAppender } from '../model/sample.ts';
import { type TargetGroup } from '../model/target.ts';
import { ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import type { LoopEstate } from './loop.ts';
import { scrapeMetrics } from './metrics.ts';
import { type PoolOptions, ScrapePool, type TargetStatus } from './pool.ts';

export interface ScrapeManagerOptions {
  readonly world: World;
  readonly openAppender: OpenRoutedAppender;
  readonly userAgent: string;
  /** A client with the connection settings of a job; without it all share the world's. */
  readonly openHttp?: (config: ScrapeConfig) => HttpClient<Borrowed<Uint8Array>>;
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
   * Goes over to these jobs. A job that makes the same series runs on untouched. Of one that changed, targets with the
   * same labels go on with their series and, if nothing else of them changed, on their grid; what the change does away
   * with ends with stale markers, as does a job that is gone. Before `start` it is only remembered.
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

  /** Scrapes every target once more, and none after that, within a time. */
  async finish(withinMs: number): Promise<void> {
    await this.#applying;
    const inTime = new AbortController();
    const late = this.#options.world.clock.sleep(withinMs, inTime.signal).catch(() => undefined);
    const pools = [...this.#jobs.values()].map((job) => job.pool.finish());
    await Promise.race([Promise.all(pools), late]);
    inTime.abort(new Error('all targets were scraped'));
  }

  async stop(_deadlineMs: number): Promise<void> {
    this.#state = 'stopped';
    await this.#applying;
    const pools = [...[...this.#jobs.values()].map((job) => job.pool), ...this.#leaving];
    this.#jobs.clear();
    this.#leaving.clear();
    await Promise.all(pools.map((pool) => pool.stop()));
  }

  #applyNow(configs: readonly ScrapeConfig[]): void {
    if (this.#state !== 'running') return;
    const wanted = new Map(configs.map((config) => [config.jobName, config]));
    for (const pool of this.#leaving) if (pool.isIdle) this.#leaving.delete(pool);
    for (const [name, job] of this.#jobs) {
      if (wanted.has(name)) continue;
      job.pool.retire();
      job.pool.removeMetrics();
      this.#leaving.add(job.pool);
      this.#jobs.delete(name);
      this.#groups.delete(name);
    }
    for (const config of configs) this.#applyJob(config);
    this.#options.metrics.pools.set(this.#jobs.size);
  }

  #applyJob(config: ScrapeConfig): void {
    const fingerprint = fingerprintOf(config);
    const old = this.#jobs.get(config.jobName);
    if (old?.fingerprint === fingerprint) {
      old.pool.setConfig(config);
      return;
    }
    const pool = new ScrapePool(config, this.#options, (labels) =>
      this.#releaseLeft(config.jobName, labels),
    );
    this.#options.metrics.poolsMade.inc();
    if (old !== undefined) {
      this.#options.metrics.reloads.inc();
      old.pool.retire();
      this.#leaving.add(old.pool);
    }
    this.#jobs.set(config.jobName, { fingerprint, pool });
    pool.sync(this.#groups.get(config.jobName) ?? old?.pool.groups ?? []);
  }

  /** What pools of this job that are leaving still have of these target labels: no series has two writers. */
  #releaseLeft(jobName: string, labels: LabelSet): LoopEstate | undefined {
    for (const pool of this.#leaving) {
      const estate = pool.jobName === jobName ? pool.release(labels) : undefined;
      if (estate !== undefined) return estate;
    }
    return undefined;
  }
}

/** Functions (secrets) are left out, and of a regular expression its source stays. */
function fingerprintOf(config: ScrapeConfig): string {
  return JSON.stringify(config);
}
