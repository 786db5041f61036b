/**
 * The scrape pool of one job: its targets, and a loop for each.
 */
import { createHash } from 'node:crypto';
import { PermanentError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { type LabelSet, labelSetKey } from '../model/labels.ts';
import type { OpenRoutedAppender, SeriesMetadata } from '../model/sample.ts';
import { type TargetGroup } from '../model/target.ts';
import { type ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import { type LoopEstate, type LoopStatus, ScrapeLoop } from './loop.ts';
import { type ScrapeMetrics } from './metrics.ts';
import { type Target, type TargetList, targetsOf } from './target.ts';

/** What all pools share. */
export interface PoolOptions {
  readonly world: World;
  readonly metrics: ScrapeMetrics;
  readonly openAppender: OpenRoutedAppender;
  readonly scratch: ScrapeScratch;
  readonly userAgent: string;
  /** A client with the connection settings of a job; the pool closes it. */
  readonly openHttp: (config: ScrapeConfig) => HttpClient<Borrowed<Uint8Array>>;
  /** Differs between replicas, so that they do not scrape at the same moments. */
  readonly offsetSeed: string;
}

export interface TargetStatus extends LoopStatus {
  readonly job: string;
  readonly target: Target;
  /** What it says of its metric families. */
  readonly metadata: ReadonlyMap<string, SeriesMetadata>;
}

const NO_TARGETS: TargetList = { targets: [], dropped: [], droppedCount: 0, failures: [] };

export class ScrapePool {
  readonly #options: PoolOptions;
  readonly #inherit: (labels: LabelSet) => LoopEstate | undefined;
  readonly #loops = new Map<string, ScrapeLoop>();
  #config: ScrapeConfig;
  #groups: readonly TargetGroup[] = [];
  #list: TargetList = NO_TARGETS;
  #veto: Error | undefined;
  readonly #http: HttpClient<Borrowed<Uint8Array>>;
  #isRetired = false;

  /** @param inherit  the series that a pool before this one had with these target labels */
  constructor(
    config: ScrapeConfig,
    options: PoolOptions,
    inherit: (labels: LabelSet) => LoopEstate | undefined,
  ) {
    this.#config = config;
    this.#options = options;
    this.#inherit = inherit;
    this.#http = options.openHttp(config);
  }

  /** Targets being scraped; one that is gone and only waits for its end is not among them. */
  get targets(): TargetStatus[] {
    const job = this.#config.jobName;
    return [...this.#loops.values()]
      .filter((loop) => !loop.isRetired)
      .map((loop) => ({ job, target: loop.target, metadata: loop.metadata, ...loop.status }));
  }

  get dropped(): { readonly labels: readonly LabelSet[]; readonly count: number } {
    return { labels: this.#list.dropped, count: this.#list.droppedCount };
  }

  get jobName(): string {
    return this.#config.jobName;
  }

  get groups(): readonly TargetGroup[] {
    return this.#groups;
  }

  /** Whether loops still run, if only to their end. */
  get isIdle(): boolean {
    return this.#loops.size === 0;
  }

  /** The series of a loop that only waits for its end and has these target labels; that loop ends now. */
  release(labels: LabelSet): LoopEstate | undefined {
    const wanted = labelSetKey(labels);
    for (const [key, loop] of this.#loops) {
      if (!loop.isRetired || labelSetKey(loop.target.labels) !== wanted) continue;
      this.#loops.delete(key);
      this.#closeWhenIdle();
      return loop.handOver();
    }
    return undefined;
  }

  /** Takes secrets and limits of a configuration that makes the same series. */
  setConfig(config: ScrapeConfig): void {
    this.#config = config;
  }

  /** Goes over to the targets of these groups: the complete list. */
  sync(groups: readonly TargetGroup[]): void {
    const { metrics, world } = this.#options;
    const scrapeJob = { scrape_job: this.#config.jobName };
    const startedAt = performance.now();
    this.#groups = groups;
    const list = targetsOf(groups, this.#config);
    this.#list = list;
    metrics.syncs.with(scrapeJob).inc();
    metrics.poolTargets.with(scrapeJob).set(list.targets.length);
    if (list.failures.length > 0) {
      metrics.syncFailures.with(scrapeJob).inc(list.failures.length);
      world.log.warn('targets left out', {
        job: this.#config.jobName,
        count: list.failures.length,
        first: list.failures[0],
      });
    }
    this.#checkTargetLimit(list.targets.length);
    const wanted = new Set(list.targets.map((target) => target.key));
    for (const [key, loop] of this.#loops) if (!wanted.has(key)) loop.retire();
    for (const target of list.targets) {
      const loop = this.#loops.get(target.key);
      if (loop === undefined) this.#startLoop(target);
      else loop.revive();
    }
    metrics.poolTargetLimits.with(scrapeJob).set(this.#config.limits.targets);
    metrics.syncSeconds.with(scrapeJob).observe((performance.now() - startedAt) / 1_000);
  }

  /** The job is gone from the configuration: its targets end with stale markers. */
  retire(): void {
    this.#isRetired = true;
    for (const loop of this.#loops.values()) loop.retire();
    this.#closeWhenIdle();
  }

  /** Every loop scrapes once more and ends. */
  async finish(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.finish()));
  }

  /** Ends at once, without stale markers. */
  async stop(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
    await this.#http.close();
  }

  removeMetrics(): void {
    const { poolTargets, poolTargetLimits, syncSeconds } = this.#options.metrics;
    for (const family of [poolTargets, poolTargetLimits, syncSeconds])
      family.remove({ scrape_job: this.#config.jobName });
  }

  #closeWhenIdle(): void {
    if (this.#isRetired && this.isIdle) void this.#http.close().catch(() => undefined);
  }

  #startLoop(target: Target): void {
    const { offsetSeed } = this.#options;
    const loop = new ScrapeLoop({
      ...this.#options,
      http: this.#http,
      target,
      estate: this.release(target.labels) ?? this.#inherit(target.labels),
      offsetMs: offsetOf(target, offsetSeed),
      config: () => this.#config,
      veto: () => this.#veto,
      onEnd: () => {
        if (this.#loops.get(target.key) === loop) this.#loops.delete(target.key);
        this.#closeWhenIdle();
      },
    });
    this.#loops.set(target.key, loop);
    loop.start();
  }

  /** Above the limit every target fails, so that it shows; none is silently left out. */
  #checkTargetLimit(count: number): void {
    const limit = this.#config.limits.targets;
    this.#veto = undefined;
    if (limit === 0 || count <= limit) return;
    this.#options.metrics.targetLimits.inc();
    this.#veto = new PermanentError(
      'SCRAPE_TARGET_LIMIT',
      'target_limit',
      `job ${JSON.stringify(this.#config.jobName)} has ${count} targets where ${limit} are allowed; raise target_limit or drop targets by relabel_configs`,
    );
  }
}

/** The same after a restart; spread evenly over the interval. */
function offsetOf(target: Target, seed: string): number {
  const digest = createHash('sha256').update(`${seed} ${target.key}`).digest();
  return digest.readUIntBE(0, 6) % target.intervalMs;
}
