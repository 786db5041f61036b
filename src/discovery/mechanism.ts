/**
 * The interface of service discovery: what a mechanism is, what it is given, and the polling loop
 * that most mechanisms use. A new mechanism is one file that calls `defineMechanism` and one entry
 * in mechanisms.ts. The configuration key, its validation and a run of the contract suite
 * (test/contracts/mechanism.test.ts) follow from that table.
 */
import type * as z from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { describeError } from '../kernel/errors.ts';
import type { Counter } from '../kernel/metrics.ts';
import { type World } from '../kernel/world.ts';
import { type TargetGroup } from '../model/target.ts';
import type { CheckContext } from '../settings/finding.ts';
import type { CallLimits } from './call-limits.ts';
import { makeFailedLack, type Lack } from './lacking.ts';
import { ReadingOutage } from './reading-outage.ts';

/** What a running mechanism is given. */
export interface DiscoveryWorld extends World {
  /** The short name for metrics and logs: `http` for `http_sd_configs`. */
  readonly mechanism: string;
  /** Aborts when the discovery must end. */
  readonly signal: AbortSignal;
  /** The folder of the configuration file, where its relative paths start. */
  readonly baseDirectory: string;
  /** How often AWS may be called, by all discoveries of the process together. */
  readonly callLimits: CallLimits;
  /** For tests: name servers to ask instead of those of the machine. */
  readonly dnsServers?: readonly string[] | undefined;
  /** Receives, with each list, the reason why each candidate is a target or is not. */
  readonly onExplained?: ((list: readonly Explained[]) => void) | undefined;
  /**
   * Receives all lacks of the list whenever they may have changed; an empty list when it is whole.
   */
  readonly onLacking?: ((lacks: readonly Lack[]) => void) | undefined;
  /**
   * True when the consumer has no targets yet that an incomplete list could end, such as a
   * collector that starts. Then a list is yielded as soon as anything is known. Otherwise nothing
   * is yielded before the first whole list, however long that takes.
   */
  readonly takesPartial?: boolean | undefined;
  /** For tests: the clock for the time limits of calls, instead of the clock of the system. */
  readonly callClock?: Clock | undefined;
  /** For tests: the most keys in one call, below AWS's limits. */
  readonly batchMax?: number | undefined;
}

/** Why each container of a task is a target or is not. */
export interface Explained {
  readonly task: string;
  readonly group: string;
  readonly verdicts: readonly {
    readonly container: string;
    readonly rule: string;
    readonly target?: Readonly<Record<string, string>>;
    readonly reason?: string;
    readonly words: string;
  }[];
}

/** One kind of discovery. */
export interface Mechanism<Key extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** The key of scrape_config that holds a list of its configurations. */
  readonly key: Key;
  /** The schema of one configuration, which fills in the defaults. */
  readonly schema: Schema;
  /**
   * Reports what a schema cannot: keys that contradict each other, and valid keys that have no
   * effect.
   */
  check?(config: z.output<Schema>, context: CheckContext): void;
  /**
   * Yields the complete list of groups: at once at the start, then whenever it may have changed. A
   * source that is missing from the list is gone. The first list is whole (see `takesPartial`). A
   * later one holds everything that is known, and a failure never removes targets from it. Ends
   * without throwing when the signal aborts.
   */
  discover(config: z.output<Schema>, world: DiscoveryWorld): AsyncIterable<readonly TargetGroup[]>;
}

/** Checks the types of a mechanism and keeps its key as a literal type, which the table needs. */
export function defineMechanism<const Key extends string, Schema extends z.ZodType>(
  mechanism: Mechanism<Key, Schema>,
): Mechanism<Key, Schema> {
  return mechanism;
}

/** The short name of a mechanism: its key without `_sd_configs` or `_configs`. */
export function shortMechanismName(key: string): string {
  return key.replace(/(?:_sd)?_configs$/, '');
}

/**
 * The wait after the first failure while nothing has been read yet, so that the first scrape does
 * not wait for a whole interval.
 */
const FIRST_RETRY_MS = 1_000;

/**
 * Reads a list at once and then once per interval. A failed reading is counted and said and
 * yields nothing, so the groups of the last good answer stay. Until the first good answer it
 * retries sooner, and doubles the wait each time up to the interval.
 *
 * @param read throws when the list cannot be read or must not be trusted
 */
export function poll(
  intervalMs: number,
  world: DiscoveryWorld,
  read: () => Promise<readonly TargetGroup[]>,
): AsyncIterable<readonly TargetGroup[]> {
  const outage = new ReadingOutage(world);
  return pollLists(intervalMs, world, async () => {
    const groups = await attempt(world, read, (error) => {
      outage.failed('', error);
      world.onLacking?.([makeFailedLack(world.mechanism, '', error)]);
    });
    if (groups !== undefined) {
      outage.worked('');
      world.onLacking?.([]);
    }
    return groups;
  });
}

/**
 * The same as `poll`, for a `read` that reports its failures itself. It returns undefined when its
 * list must not be yielded.
 *
 * @param wait  waits between two readings, as `sleepUnlessAborted` does, or for less
 */
export async function* pollLists(
  intervalMs: number,
  world: DiscoveryWorld,
  read: () => Promise<readonly TargetGroup[] | undefined>,
  wait = (ms: number): Promise<boolean> => sleepUnlessAborted(ms, world),
): AsyncIterable<readonly TargetGroup[]> {
  let firstRetryMs = FIRST_RETRY_MS;
  let good = false;
  while (!world.signal.aborted) {
    const groups = await read();
    if (world.signal.aborted) return;
    let waitMs = intervalMs;
    if (groups !== undefined) {
      good = true;
      yield groups;
    } else if (!good) {
      waitMs = Math.min(intervalMs, firstRetryMs);
      firstRetryMs *= 2;
    }
    if (!(await wait(waitMs))) return;
  }
}

/**
 * Runs one reading and measures its duration. A failure is counted, and the result is then
 * undefined; `onFailure` says it. It is for mechanisms that do more than poll.
 */
export async function attempt<Value>(
  world: DiscoveryWorld,
  read: () => Promise<Value>,
  onFailure: (error: unknown) => void,
): Promise<Value | undefined> {
  const { mechanism, metrics, clock, signal } = world;
  const startMs = clock.elapsedMs();
  // There from the first reading on: an increase is measured from what was there before.
  registerFailures(world);
  try {
    return await read();
  } catch (error) {
    if (signal.aborted) return undefined;
    countFailure(world);
    onFailure(error);
    return undefined;
  } finally {
    metrics
      .histograms('prometheus_sd_refresh_duration_seconds', 'Time that a reading took.', BUCKETS)
      .with({ mechanism })
      .observe((clock.elapsedMs() - startMs) / 1_000);
  }
}

/** Counts a reading that failed, wholly or in part. */
export function countFailure(world: DiscoveryWorld): void {
  registerFailures(world).inc();
}

function registerFailures({ mechanism, metrics }: DiscoveryWorld): Counter {
  return metrics
    .counters('prometheus_sd_refresh_failures_total', 'Readings of a target list that failed.')
    .with({ mechanism });
}

const BUCKETS = [0.01, 0.1, 1, 10, 60];

/** Waits for `ms`. Returns false, and does not throw, when the signal aborted the wait. */
export async function sleepUnlessAborted(ms: number, world: DiscoveryWorld): Promise<boolean> {
  try {
    await world.clock.sleep(ms, world.signal);
    return true;
  } catch (error) {
    if (world.signal.aborted) return false;
    throw new Error(`the clock failed: ${describeError(error)}`, { cause: error });
  }
}
