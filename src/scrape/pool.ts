/**
 * The scrape pool of one job: its targets, and a loop for each.
 * Thousands of targets may come and go at once. So whatever touches all of them is done in steps,
 * over as many turns of the event loop as it takes; a list that comes meanwhile is taken over next,
 * the newest one only.
 */
import { hash } from 'node:crypto';
import { PermanentError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { type LabelSet } from '../model/labels.ts';
import type { OpenRoutedAppender, SeriesMetadata } from '../model/sample.ts';
import { type HeldParts, type TargetGroup } from '../model/target.ts';
import { type ScrapeScratch } from './cache.ts';
import { describeJob, type ScrapeConfig } from './config.ts';
import type { EndingLoops } from './ending-loops.ts';
import { connectionKey, pageKey } from './identity.ts';
import { JobClient } from './job-client.ts';
import { type LoopStatus, ScrapeLoop } from './loop.ts';
import { type ScrapeMetrics } from './metrics.ts';
import type { ReportMarks } from './report.ts';
import { makeTargets, type Target, type TargetList } from './target.ts';
import type { Steps } from './steps.ts';
import type { Turns } from './turns.ts';

/** What all pools share. */
export interface PoolOptions {
  readonly world: World;
  readonly metrics: ScrapeMetrics;
  readonly openAppender: OpenRoutedAppender;
  readonly scratch: ScrapeScratch;
  readonly turns: Turns;
  readonly marks: ReportMarks;
  readonly userAgent: string;
  /** A client with the connection settings of a job; the pool closes it. */
  readonly openHttp: (config: ScrapeConfig) => HttpClient<Borrowed<Uint8Array>>;
  /**
   * Of this process; with `replica` of the job it says where in the interval targets are scraped.
   */
  readonly offsetSeed: string;
}

export interface TargetStatus extends LoopStatus {
  /** Its id. */
  readonly job: string;
  readonly target: Target;
  /** What it says of its metric families. */
  readonly metadata: ReadonlyMap<string, SeriesMetadata>;
}

/** The targets of a job: a complete list, or what is held of it. */
export interface Assignment {
  readonly groups: readonly TargetGroup[];
  readonly parts: HeldParts | undefined;
}

const NO_TARGETS: TargetList = { targets: [], dropped: [], droppedCount: 0, failures: [] };

/** New targets are scraped within this, or within their interval where that is shorter. */
const FIRST_WITHIN_MS = 2_000;
/**
 * But thousands of new ones not all in that time: a first scrape, which knows no series yet, takes
 * long.
 */
const FIRST_APART_MS = 2;
/** How long the last scrape of a target that moves to another process may take. */
const LAST_SCRAPE_MS = 1_000;

export class ScrapePool {
  readonly #options: PoolOptions;
  readonly #loops = new Map<string, ScrapeLoop>();
  /** What new targets may go on with: shared by all pools that the job has had. */
  readonly #ending: EndingLoops;
  /** Its loops are offered to the targets of the first list. */
  #predecessor: ScrapePool | undefined;
  #config: ScrapeConfig;
  /** By which pages are read: the same object as long as nothing that matters for it changes. */
  #pageConfig: ScrapeConfig;
  #list: TargetList = NO_TARGETS;
  /** The newest list, until it is taken over. */
  #next: Assignment | undefined;
  /** Where several that scrape divide the targets; of the newest list, taken over or not. */
  #parts: HeldParts | undefined;
  /** Loops whose targets others go on with, until they have ended. */
  readonly #moving = new Set<ScrapeLoop>();
  #syncing: Promise<void> | undefined;
  #veto: Error | undefined;
  #firstWithinMs = FIRST_WITHIN_MS;
  readonly #http: JobClient<Borrowed<Uint8Array>>;
  readonly #leaving = new AbortController();
  #isRetired = false;

  constructor(
    config: ScrapeConfig,
    options: PoolOptions,
    heritage: { readonly ending: EndingLoops; readonly predecessor?: ScrapePool | undefined },
  ) {
    this.#config = config;
    this.#pageConfig = config;
    this.#options = options;
    this.#ending = heritage.ending;
    this.#predecessor = heritage.predecessor;
    this.#http = new JobClient(options.openHttp(config));
  }

  /** Targets being scraped; one that is gone and only waits for its end is not among them. */
  get targets(): TargetStatus[] {
    const job = this.#config.id;
    return [...this.#loops.values()]
      .filter((loop) => !loop.isRetired)
      .map((loop) => ({ job, target: loop.target, metadata: loop.metadata, ...loop.status }));
  }

  get dropped(): { readonly labels: readonly LabelSet[]; readonly count: number } {
    return { labels: this.#list.dropped, count: this.#list.droppedCount };
  }

  /** Whether no loop runs any more, not even to its end. */
  get isIdle(): boolean {
    return this.#loops.size === 0 && this.#moving.size === 0;
  }

  /** Goes on under a configuration that makes the same targets and series: see identity.ts. */
  setConfig(config: ScrapeConfig): void {
    const old = this.#config;
    this.#config = config;
    if (connectionKey(old) !== connectionKey(config))
      this.#http.replace(this.#options.openHttp(config));
    if (pageKey(old) !== pageKey(config)) this.#pageConfig = config;
    if (old.limits.targets !== config.limits.targets)
      this.#checkTargetLimit(this.#list.targets.length);
  }

  /**
   * Goes over to the targets of these groups: the complete list, or, with parts, what is held of
   * it. The first targets start at once. Never two lists at the same time: one that comes meanwhile
   * waits, and only the newest of those.
   *
   * @returns when no list waits any more, and nothing is scraped that others hold; never rejects
   */
  sync(assignment: Assignment): Promise<void> {
    if (this.#leaving.signal.aborted) return Promise.resolve();
    this.#parts = assignment.parts;
    this.#next = assignment;
    this.#syncing ??= this.#syncAll();
    return this.#syncing;
  }

  /** The job has another pool, or none: from now on no list is taken over and no loop starts. */
  leave(): void {
    this.#leaving.abort();
  }

  /** Lets another pool go on with the series of any loop; those that it does not take run on. */
  *offer(): Steps {
    for (const loop of this.#loops.values()) {
      this.#ending.add(loop);
      yield;
    }
  }

  /** After `leave`: what nobody has taken ends with stale markers. */
  *retire(): Steps {
    for (const loop of this.#loops.values()) {
      this.#retireLoop(loop);
      yield;
    }
    this.#isRetired = true;
    this.#closeWhenIdle();
  }

  /** After `leave`: every loop scrapes once more and ends; `ends` gets when. */
  *finish(ends: Promise<void>[]): Steps {
    for (const loop of this.#loops.values()) {
      ends.push(loop.finish());
      yield;
    }
  }

  /** After `leave`: all loops end at once, without stale markers; `ends` gets when. */
  *stop(ends: Promise<void>[]): Steps {
    for (const loop of [...this.#loops.values(), ...this.#moving]) {
      ends.push(loop.stop());
      yield;
    }
  }

  /** After all loops have ended. */
  close(): Promise<void> {
    return this.#http.close();
  }

  removeMetrics(): void {
    const { poolTargets, poolTargetLimits, syncSeconds, syncs, syncFailures } =
      this.#options.metrics;
    for (const family of [poolTargets, poolTargetLimits, syncSeconds, syncs, syncFailures])
      family.remove({ scrape_job: this.#config.id });
  }

  async #syncAll(): Promise<void> {
    const { turns, world } = this.#options;
    const { signal } = this.#leaving;
    while (this.#next !== undefined && !signal.aborted) {
      const { groups } = this.#next;
      this.#next = undefined;
      try {
        await turns.run(this.#takeOver(groups), signal);
        await this.#endMoving();
      } catch (error) {
        world.log.error('targets could not be taken over', {
          job: describeJob(this.#config),
          error,
        });
      }
    }
    this.#syncing = undefined;
  }

  *#takeOver(groups: readonly TargetGroup[]): Steps {
    const { syncs, syncSeconds } = this.#options.metrics;
    const scrapeJob = { scrape_job: this.#config.id };
    const startedAt = performance.now();
    if (this.#predecessor !== undefined) yield* this.#predecessor.offer();
    this.#predecessor = undefined;
    const list = yield* makeTargets(groups, this.#config);
    this.#list = list;
    syncs.with(scrapeJob).inc();
    this.#observeList(list);
    this.#checkTargetLimit(list.targets.length);
    const wanted = new Set(list.targets.map((target) => target.key));
    let kept = 0;
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key)) kept += 1;
      else if (this.#isElsewhere(loop)) this.#moveLoop(loop);
      else this.#retireLoop(loop);
      yield;
    }
    this.#firstWithinMs = Math.max(FIRST_WITHIN_MS, (wanted.size - kept) * FIRST_APART_MS);
    for (const target of list.targets) {
      const loop = this.#loops.get(target.key);
      if (loop !== undefined) loop.part = target.part;
      if (loop === undefined || loop.isOver) this.#startLoop(target);
      else if (loop.isRetired) this.#reviveLoop(loop);
      yield;
    }
    syncSeconds.with(scrapeJob).observe((performance.now() - startedAt) / 1_000);
  }

  #observeList(list: TargetList): void {
    const { metrics, world } = this.#options;
    const scrapeJob = { scrape_job: this.#config.id };
    metrics.poolTargets.with(scrapeJob).set(list.targets.length);
    if (list.failures.length === 0) return;
    metrics.syncFailures.with(scrapeJob).inc(list.failures.length);
    world.log.warn('targets left out', {
      job: describeJob(this.#config),
      count: list.failures.length,
      first: list.failures[0],
    });
  }

  /** Whether another process goes on with the target, so that it has not gone. */
  #isElsewhere({ part, isRetired }: ScrapeLoop): boolean {
    return !isRetired && part !== undefined && this.#parts?.holds(part) === false;
  }

  #moveLoop(loop: ScrapeLoop): void {
    this.#loops.delete(loop.target.key);
    this.#moving.add(loop);
    // Should it come back at once.
    this.#ending.add(loop);
    void loop.leave();
  }

  /**
   * Scrapes under way may end; what takes longer is given up, and made up for by who goes on with
   * the target.
   */
  async #endMoving(): Promise<void> {
    if (this.#moving.size === 0) return;
    const loops = [...this.#moving];
    const inTime = new AbortController();
    const late = this.#options.world.clock.sleep(LAST_SCRAPE_MS, inTime.signal).then(
      () => {
        for (const loop of loops) {
          if (!this.#moving.has(loop)) continue;
          if (loop.isScraping && loop.part !== undefined) this.#parts?.onUnfinished(loop.part);
          void loop.stop();
        }
      },
      () => undefined,
    );
    await Promise.all(loops.map((loop) => loop.leave()));
    inTime.abort();
    await late;
  }

  #retireLoop(loop: ScrapeLoop): void {
    if (loop.isOver || loop.isRetired) return;
    loop.retire();
    this.#ending.add(loop);
  }

  #reviveLoop(loop: ScrapeLoop): void {
    loop.revive();
    this.#ending.delete(loop);
  }

  #closeWhenIdle(): void {
    if (this.#isRetired && this.isIdle) void this.#http.close().catch(() => undefined);
  }

  #startLoop(target: Target): void {
    const seed = `${this.#options.offsetSeed} ${this.#config.replica}`;
    const loop = new ScrapeLoop({
      ...this.#options,
      http: this.#http,
      target,
      estate: this.#ending.take(target),
      isHeld: (part) => this.#parts?.holds(part) !== false,
      othersSinceMs: target.part === undefined ? undefined : this.#parts?.sinceMs(target.part),
      offsetMs: spreadOffset(target, seed),
      firstWithinMs: this.#firstWithinMs,
      config: () => this.#config,
      pageConfig: () => this.#pageConfig,
      veto: () => this.#veto,
      onEnd: () => {
        this.#ending.delete(loop);
        this.#moving.delete(loop);
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
    this.#options.metrics.poolTargetLimits.with({ scrape_job: this.#config.id }).set(limit);
    if (limit === 0 || count <= limit) return;
    this.#options.metrics.targetLimits.inc();
    this.#veto = new PermanentError(
      'SCRAPE_TARGET_LIMIT',
      `job ${JSON.stringify(describeJob(this.#config))} has ${count} targets where ${limit} ` +
        'are allowed; raise target_limit or drop targets by relabel_configs',
    );
  }
}

/** The same after a restart; spread evenly over the interval. */
function spreadOffset(target: Target, seed: string): number {
  const digest = hash('sha256', `${seed} ${target.key}`, 'buffer');
  return digest.readUIntBE(0, 6) % target.intervalMs;
}
