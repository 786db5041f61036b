/**
 * Runs the mechanisms of all jobs and gives each job its merged target groups. A job gets its first
 * list when all of its mechanisms have one, or as soon as one has where partial lists are accepted.
 * Later lists come at most once per `throttleMs`, so a deployment of a hundred tasks does not cause
 * a hundred updates. A mechanism that throws has a bug: the error is logged, the mechanism is
 * started again, and its groups stay.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Component } from '../kernel/component.ts';
import { type World } from '../kernel/world.ts';
import { type TargetGroup } from '../model/target.ts';
import type { CallLimits } from './call-limits.ts';
import { entriesKey } from './entry-key.ts';
import { type Lack, LackGauges } from './lacking.ts';
import {
  type DiscoveryWorld,
  type Explained,
  shortMechanismName,
  sleepUnlessAborted,
} from './mechanism.ts';
import { type DiscoveryEntry, mechanismOf } from './mechanisms.ts';

/** The discovery of one job. */
export interface JobDiscovery {
  /** The id of the job, unique among all jobs. */
  readonly job: string;
  readonly entries: readonly DiscoveryEntry[];
  /** The folder where relative paths start; by default the manager's. */
  readonly baseDirectory?: string;
}

export interface DiscoveryManagerOptions {
  readonly world: World;
  /** The folder where relative paths in configurations start. */
  readonly baseDirectory: string;
  readonly jobs: readonly JobDiscovery[];
  /** The process's one set of limits, shared with every other caller of AWS. */
  readonly callLimits: CallLimits;
  /** Receives the complete list of a job. It is not called for a job that `apply` removed. */
  readonly onUpdate: (job: string, groups: readonly TargetGroup[]) => void;
  /** Receives the reason why each candidate is a target or is not, from mechanisms that know it. */
  readonly onExplained?: (job: string, list: readonly Explained[]) => void;
  /**
   * Receives everything that the list of a job lacks, and why. A mechanism that has not finished
   * its first reading contributes nothing.
   */
  readonly onLacking?: (job: string, lacks: readonly Lack[]) => void;
  /** Receives the error by which a mechanism ended that will be started again. */
  readonly onFailed?: (job: string, error: unknown) => void;
  /**
   * Whether a job without a list accepts a partial one. True for a collector that scrapes: it
   * starts with the targets that are known. Otherwise the first list of a job is whole, because a
   * reader of the list may already know targets that a partial one would end.
   */
  readonly takesPartial?: boolean;
  /** The shortest time between two updates of a job, in ms; 5 s by default. */
  readonly throttleMs?: number;
}

const THROTTLE_MS = 5_000;
const RESTART_MS = 5_000;
/** Jobs that are gone over in one turn of the event loop. */
const SLICE_JOBS = 50;

interface RunningJob {
  /** The key of its entries, which tells whether a reload changes the job. */
  readonly key: string;
  readonly abort: AbortController;
  readonly run: JobRun;
  readonly ended: Promise<unknown>;
}

export class DiscoveryManager implements Component {
  readonly name = 'discovery';
  readonly #options: DiscoveryManagerOptions;
  readonly #running = new Map<string, RunningJob>();
  #isStopped = false;

  constructor(options: DiscoveryManagerOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    return this.apply(this.#options.jobs);
  }

  /**
   * Replaces the jobs (a reload). A job whose configuration is unchanged keeps running. One call
   * must have settled before the next.
   *
   * @returns when all of it is done: of thousands of jobs some start in each turn of the event loop
   */
  async apply(jobs: readonly JobDiscovery[]): Promise<void> {
    const wanted = new Map<string, string>();
    for (const slice of cutSlices(jobs)) {
      for (const { job, entries, baseDirectory } of slice)
        wanted.set(job, entriesKey(entries, baseDirectory));
      if (slice.length === SLICE_JOBS) await nextTurn();
    }
    // The consumer keeps the targets of a replaced job until the new discovery has a whole list.
    const replaced = new Set<string>();
    for (const slice of cutSlices([...this.#running])) {
      for (const [job, running] of slice) {
        if (this.#isStopped || wanted.get(job) === running.key) continue;
        running.abort.abort();
        running.run.forgetLacks();
        this.#running.delete(job);
        if (running.run.hasPublished) replaced.add(job);
        if (!wanted.has(job)) this.#removeMetrics(job);
      }
      if (slice.length === SLICE_JOBS) await nextTurn();
    }
    for (const slice of cutSlices(jobs)) {
      if (this.#isStopped) return;
      for (const discovery of slice)
        this.#startJob(discovery, wanted.get(discovery.job) ?? '', replaced);
      // What has started goes on within this turn, up to the first lists.
      if (slice.length === SLICE_JOBS) await nextTurn();
    }
  }

  #startJob(discovery: JobDiscovery, key: string, replaced: ReadonlySet<string>): void {
    const { job } = discovery;
    if (this.#running.has(job)) return;
    const abort = new AbortController();
    const takesPartial = this.#options.takesPartial === true && !replaced.has(job);
    const run = new JobRun(discovery, { ...this.#options, takesPartial }, abort.signal);
    const ended = run.run();
    this.#running.set(job, { key, abort, run, ended });
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#isStopped = true;
    const { clock } = this.#options.world;
    const ends = [...this.#running.values()].map((running) => {
      running.abort.abort();
      return running.ended;
    });
    this.#running.clear();
    const ended = new AbortController();
    const deadline = clock.sleep(deadlineMs, ended.signal).catch(() => undefined);
    await Promise.race([Promise.all(ends), deadline]);
    ended.abort();
  }

  #removeMetrics(job: string): void {
    registerTargetGauges(this.#options.world).remove({ config: job });
  }
}

/** Runs the mechanisms of one job and merges their lists. */
class JobRun {
  readonly #discovery: JobDiscovery;
  readonly #options: DiscoveryManagerOptions;
  readonly #signal: AbortSignal;
  /** By the index of the mechanism in the job. */
  readonly #lists = new Map<number, readonly TargetGroup[]>();
  readonly #lacks: LackGauges;
  #changed = false;
  #hasPublished = false;
  #wake: (() => void) | undefined;

  constructor(discovery: JobDiscovery, options: DiscoveryManagerOptions, signal: AbortSignal) {
    this.#discovery = discovery;
    this.#options = options;
    this.#signal = signal;
    this.#lacks = new LackGauges(discovery.job, options.world.metrics);
  }

  get hasPublished(): boolean {
    return this.#hasPublished;
  }

  forgetLacks(): void {
    this.#lacks.clear();
  }

  run(): Promise<unknown> {
    // A job without a mechanism has no targets. Its pool still needs that empty list.
    if (this.#discovery.entries.length === 0) this.#changed = true;
    const mechanisms = this.#discovery.entries.map((entry, index) => this.#follow(entry, index));
    return Promise.all([...mechanisms, this.#publish()]);
  }

  async #follow(entry: DiscoveryEntry, index: number): Promise<void> {
    const { world } = this.#options;
    const baseDirectory = this.#discovery.baseDirectory ?? this.#options.baseDirectory;
    const mechanism = shortMechanismName(entry.key);
    const log = world.log.with({ job: this.#discovery.job, mechanism });
    const { onExplained, onLacking, takesPartial } = this.#options;
    const own: DiscoveryWorld = {
      ...world,
      log,
      mechanism,
      takesPartial,
      signal: this.#signal,
      baseDirectory,
      callLimits: this.#options.callLimits,
      onExplained: onExplained && ((list) => onExplained(this.#discovery.job, list)),
      onLacking: (lacks) => {
        if (this.#signal.aborted) return;
        this.#lacks.set(index, mechanism, lacks);
        onLacking?.(this.#discovery.job, this.#lacks.all());
      },
    };
    const received = world.metrics
      .counters('prometheus_sd_received_updates_total', 'Lists received from mechanisms.')
      .with({ mechanism });
    do {
      try {
        for await (const list of mechanismOf(entry.key).discover(entry.config, own)) {
          if (this.#signal.aborted) return;
          received.inc();
          this.#lists.set(index, prefixSources(list, `${entry.key}/${index}`));
          // Until every mechanism has a list, the merged list of the job is incomplete.
          const isWhole = this.#lists.size === this.#discovery.entries.length;
          if (!isWhole && this.#options.takesPartial !== true) continue;
          this.#changed = true;
          this.#wake?.();
        }
      } catch (error) {
        if (this.#signal.aborted) return;
        log.error('discovery failed and will be started again', { error });
        this.#options.onFailed?.(this.#discovery.job, error);
      }
    } while (await sleepUnlessAborted(RESTART_MS, own));
  }

  async #publish(): Promise<void> {
    const { world, throttleMs = THROTTLE_MS } = this.#options;
    while (!this.#signal.aborted) {
      if (!this.#changed) await this.#nextChange();
      if (this.#signal.aborted) return;
      this.#changed = false;
      this.#update();
      const wait = world.clock.sleep(throttleMs, this.#signal);
      await wait.catch(() => undefined);
    }
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }

  #update(): void {
    const { world, onUpdate } = this.#options;
    const { job } = this.#discovery;
    this.#hasPublished = true;
    const groups = [...this.#lists].sort(([a], [b]) => a - b).flatMap(([, list]) => list);
    let targets = 0;
    for (const group of groups) targets += group.targets.length;
    registerTargetGauges(world).with({ config: job }).set(targets);
    world.metrics.counter('prometheus_sd_updates_total', 'Lists handed to scrape pools.').inc();
    try {
      onUpdate(job, groups);
    } catch (error) {
      world.log.error('targets could not be taken over', { job, error });
    }
  }
}

function* cutSlices<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += SLICE_JOBS)
    yield items.slice(from, from + SLICE_JOBS);
}

function registerTargetGauges(world: World) {
  return world.metrics.gauges('prometheus_sd_discovered_targets', 'Targets found, by job.');
}

/** Prefixes the sources of groups, so that they are unique within a job. */
function prefixSources(list: readonly TargetGroup[], prefix: string): readonly TargetGroup[] {
  return list.map((group) => ({ ...group, source: `${prefix}/${group.source}` }));
}
