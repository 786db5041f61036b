/**
 * The scrape pool of one job: its targets, and a loop for each. Thousands of targets may come and
 * go at once, so whatever touches all of them is done in steps, over as many turns of the event
 * loop as that takes. Of the lists that come meanwhile, only the newest is taken over next.
 */
import { PermanentError } from '../kernel/errors.ts';
import type { Borrowed } from '../model/borrowed.ts';
import { type LabelSet } from '../model/labels.ts';
import type { SeriesMetadata } from '../model/sample.ts';
import { type HeldParts, type TargetGroup } from '../model/target.ts';
import { describeJob, type ScrapeConfig } from './config.ts';
import { forgetDropped, tellDropped } from './dropped-samples.ts';
import type { EndingLoops } from './ending-loops.ts';
import { FailureLog } from './failure-log.ts';
import { connectionKey, bodyKey } from './identity.ts';
import { JobOutage } from './job-outage.ts';
import { JobClient } from './job-client.ts';
import type { LoopStatus } from './loop-options.ts';
import { ScrapeLoop } from './loop.ts';
import type { PoolOptions } from './pool-options.ts';
import { makeTargets, type Target, type TargetList } from './target.ts';
import { spreadOffset } from './schedule.ts';
import type { Steps } from './steps.ts';

export interface TargetStatus extends LoopStatus {
  /** The id of the job. */
  readonly job: string;
  readonly target: Target;
  /** The metadata of its metric families. */
  readonly metadata: ReadonlyMap<string, SeriesMetadata>;
}

/** The targets of a job: the complete list, or, with `parts`, those that this process holds. */
export interface Assignment {
  readonly groups: readonly TargetGroup[];
  readonly parts: HeldParts | undefined;
}

const NO_TARGETS: TargetList = { targets: [], dropped: [], droppedCount: 0, failures: [] };

/**
 * New targets are first scraped within this time, or within their interval where that is shorter.
 */
const FIRST_WITHIN_MS = 2_000;
/**
 * With thousands of new targets the time grows by this for each: a first scrape takes long, since
 * all series are new.
 */
const FIRST_APART_MS = 2;
/**
 * So many loops of targets that are gone may wait for their end, or twice as many as there are
 * targets. Where targets change faster than their loops end, more would wait without a limit.
 */
const WAITING_MIN = 1_000;
/** How long the current scrape of a target that moves to another process may still take. */
const LAST_SCRAPE_MS = 1_000;

export class ScrapePool {
  readonly #options: PoolOptions;
  readonly #loops = new Map<string, ScrapeLoop>();
  /** Loops that new targets may take over; shared by all pools that the job has had. */
  readonly #ending: EndingLoops;
  /** The pool before this one. Its loops are offered to the targets of the first list. */
  #predecessor: ScrapePool | undefined;
  /** While the first list is taken over, the loops of the predecessor by URL. */
  #before = new Map<string, ScrapeLoop>();
  #config: ScrapeConfig;
  /**
   * The configuration by which bodies are read; the same object as long as nothing changes in that.
   */
  #bodyConfig: ScrapeConfig;
  #list: TargetList = NO_TARGETS;
  /** The newest list, until it is taken over. */
  #next: Assignment | undefined;
  /**
   * The parts held, where several processes divide the targets; of the newest list, taken over or
   * not.
   */
  #parts: HeldParts | undefined;
  /** Loops whose targets move to another process, until they have ended. */
  readonly #moving = new Set<ScrapeLoop>();
  #syncing: Promise<void> | undefined;
  #veto: Error | undefined;
  readonly #outage: JobOutage;
  #isStopped = false;
  readonly #failureLog: FailureLog;
  #firstWithinMs = FIRST_WITHIN_MS;
  readonly #http: JobClient<Borrowed<Uint8Array>>;
  readonly #leaving = new AbortController();
  #isRetired = false;

  constructor(
    config: ScrapeConfig,
    options: PoolOptions,
    inherited: { readonly ending: EndingLoops; readonly predecessor?: ScrapePool | undefined },
  ) {
    this.#config = config;
    this.#bodyConfig = config;
    this.#options = options;
    const down = options.metrics.targetsDown.with({ scrape_job: config.id });
    this.#outage = new JobOutage(options.world, down);
    this.#failureLog = new FailureLog(options.world);
    this.#ending = inherited.ending;
    this.#predecessor = inherited.predecessor;
    this.#http = new JobClient(options.openHttp(config));
  }

  /**
   * The targets that are scraped, without those that are gone and whose loops wait for their end.
   */
  get targets(): TargetStatus[] {
    const job = this.#config.id;
    return [...this.#loops.values()]
      .filter((loop) => !loop.isRetired)
      .map((loop) => ({ job, target: loop.target, metadata: loop.metadata, ...loop.status }));
  }

  get dropped(): { readonly labels: readonly LabelSet[]; readonly count: number } {
    return { labels: this.#list.dropped, count: this.#list.droppedCount };
  }

  /** Whether no loop runs any more, not even one that is ending. */
  get isIdle(): boolean {
    return this.#loops.size === 0 && this.#moving.size === 0;
  }

  /** Changes to a configuration that makes the same targets and series: see identity.ts. */
  setConfig(config: ScrapeConfig): void {
    const old = this.#config;
    this.#config = config;
    if (connectionKey(old) !== connectionKey(config))
      this.#http.replace(this.#options.openHttp(config));
    if (bodyKey(old) !== bodyKey(config)) this.#bodyConfig = config;
    if (old.limits.targets !== config.limits.targets)
      this.#checkTargetLimit(this.#list.targets.length);
  }

  /**
   * Changes to the targets of these groups. The first targets start at once. One list is taken over
   * at a time; of those that come meanwhile only the newest is kept.
   *
   * @returns when no list waits any more and no target of another process is scraped any more;
   * never rejects
   */
  sync(assignment: Assignment): Promise<void> {
    if (this.#leaving.signal.aborted) return Promise.resolve();
    this.#parts = assignment.parts;
    this.#next = assignment;
    this.#syncing ??= this.#syncAll();
    return this.#syncing;
  }

  /** The job has another pool or is gone: from now on no list is taken over and no loop starts. */
  leave(): void {
    this.#leaving.abort();
  }

  /**
   * Offers all loops to the next pool of the job, and adds them to `byUrl`; those whose series it
   * does not take over run on.
   */
  *offer(byUrl: Map<string, ScrapeLoop>): Steps {
    for (const loop of this.#loops.values()) {
      this.#ending.add(loop);
      byUrl.set(loop.target.url, loop);
      yield;
    }
  }

  /** After `leave`: series that no other loop has taken over end with stale markers. */
  *retire(): Steps {
    for (const loop of this.#loops.values()) {
      this.#retireLoop(loop);
      yield;
    }
    yield* this.#limitWaiting(this.#loops.size);
    this.#isRetired = true;
    this.#closeWhenIdle();
  }

  /** After `leave`: every loop scrapes once more and ends; adds a promise of each end to `ends`. */
  *finish(ends: Promise<void>[]): Steps {
    for (const loop of this.#loops.values()) {
      ends.push(loop.finish());
      yield;
    }
  }

  /**
   * After `leave`: all loops end at once, without stale markers; adds a promise of each end to
   * `ends`. What was down stays told: the last line of totals comes after.
   */
  *stop(ends: Promise<void>[]): Steps {
    this.#isStopped = true;
    for (const loop of [...this.#loops.values(), ...this.#moving]) {
      ends.push(loop.stop());
      yield;
    }
  }

  /** Closes the HTTP client. Called after all loops have ended. */
  close(): Promise<void> {
    return this.#http.close();
  }

  removeMetrics(): void {
    const { poolTargets, poolTargetLimits, targetsDown, syncSeconds, syncs, syncFailures } =
      this.#options.metrics;
    const families = [poolTargets, poolTargetLimits, targetsDown, syncSeconds, syncs, syncFailures];
    for (const family of families) family.remove({ scrape_job: this.#config.id });
    forgetDropped(this.#options.metrics, this.#config);
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
    if (this.#predecessor !== undefined) yield* this.#predecessor.offer(this.#before);
    this.#predecessor = undefined;
    const list = yield* makeTargets(groups, this.#config);
    this.#list = list;
    syncs.with(scrapeJob).inc();
    this.#observeList(list);
    this.#checkTargetLimit(list.targets.length);
    const wanted = new Set(list.targets.map((target) => target.key));
    let kept = 0;
    let before = 0;
    for (const [key, loop] of this.#loops) {
      if (!loop.isRetired) before += 1;
      if (wanted.has(key)) kept += 1;
      else if (this.#isElsewhere(loop)) this.#moveLoop(loop);
      else this.#retireLoop(loop);
      yield;
    }
    yield* this.#limitWaiting(Math.max(before, wanted.size));
    this.#firstWithinMs = Math.max(FIRST_WITHIN_MS, (wanted.size - kept) * FIRST_APART_MS);
    for (const target of list.targets) {
      const loop = this.#loops.get(target.key);
      if (loop !== undefined) loop.part = target.part;
      if (loop === undefined || loop.isOver) this.#startLoop(target);
      else if (loop.isRetired) this.#reviveLoop(loop);
      yield;
    }
    this.#before.clear();
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

  /** Whether the target is missing because another process holds it, and not because it is gone. */
  #isElsewhere({ part, isRetired }: ScrapeLoop): boolean {
    return !isRetired && part !== undefined && this.#parts?.holds(part) === false;
  }

  #moveLoop(loop: ScrapeLoop): void {
    this.#loops.delete(loop.target.key);
    this.#moving.add(loop);
    // The target may come back at once.
    this.#ending.add(loop);
    void loop.leave();
  }

  /**
   * Waits for the current scrapes of moving targets. One that takes too long is given up; the
   * process that takes the target over is told so and makes up for it.
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
    this.#ending.addWaiting(loop);
  }

  *#limitWaiting(targets: number): Steps {
    const { metrics, world } = this.#options;
    const limit = Math.max(WAITING_MIN, 2 * targets);
    const count = yield* this.#ending.endOldest(limit);
    if (count === 0) return;
    metrics.endedEarly.inc(count);
    const job = describeJob(this.#config);
    world.log.warn('targets change faster than they end: series ended early', {
      job,
      count,
      limit,
    });
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
      handover: this.#ending.take(target),
      pending: this.#before.get(target.url)?.pending,
      isHeld: (part) => this.#parts?.holds(part) !== false,
      othersSinceMs: target.part === undefined ? undefined : this.#parts?.sinceMs(target.part),
      offsetMs: spreadOffset(target, seed),
      firstWithinMs: this.#firstWithinMs,
      config: () => this.#config,
      bodyConfig: () => this.#bodyConfig,
      veto: () => this.#veto,
      onScraped: (failure, counts) => {
        if (failure !== undefined) return this.#noteFailure(target, failure);
        const config = this.#config;
        if (counts !== undefined) tellDropped(this.#options, { config, url: target.url }, counts);
        this.#outage.worked(describeJob(config), target.key);
        this.#options.onUp();
      },
      onEnd: () => {
        if (!this.#isStopped) this.#outage.forget(target.key);
        this.#ending.delete(loop);
        this.#moving.delete(loop);
        if (this.#loops.get(target.key) === loop) this.#loops.delete(target.key);
        this.#closeWhenIdle();
      },
    });
    this.#loops.set(target.key, loop);
    loop.start();
  }

  #noteFailure(target: Target, failure: Error): void {
    this.#outage.failed(describeJob(this.#config), target, failure);
    this.#failureLog.failed(this.#config, target.url, failure);
  }

  /**
   * Above the limit every target fails, so that the fault shows; no target is left out silently.
   */
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
