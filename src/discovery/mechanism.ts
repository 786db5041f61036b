/**
 * The seam of service discovery: what a mechanism is, what it may use, and the loop that most of
 * them are made of. A new mechanism is one file that calls `defineMechanism` and one word in
 * mechanisms.ts; from that table come the config key, its validation and a run of the contract
 * suite (test/contracts/mechanism.test.ts).
 */
import { type z } from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { describeError } from '../kernel/errors.ts';
import { type World } from '../kernel/world.ts';
import { type TargetGroup } from '../model/target.ts';
import type { CheckContext } from '../settings/finding.ts';
import type { CallLimits } from './call-limits.ts';
import { makeFailedLack, type Lack } from './lacking.ts';

/** What a running mechanism is given. */
export interface DiscoveryWorld extends World {
  /** Short name for metrics and logs: `http` for `http_sd_configs`. */
  readonly mechanism: string;
  /** Ends the discovery. */
  readonly signal: AbortSignal;
  /** Relative paths of the configuration start here: the folder of the configuration file. */
  readonly baseDirectory: string;
  /** How often AWS may be asked, for all discovery of the process together. */
  readonly callLimits: CallLimits;
  /** Name servers instead of the machine's own, for tests. */
  readonly dnsServers?: readonly string[] | undefined;
  /** Gets, with each list, why every candidate is a target or is none. */
  readonly onExplained?: ((list: readonly Explained[]) => void) | undefined;
  /**
   * Gets, whenever it may have changed, all that is lacking in the list; nothing when the list is
   * whole.
   */
  readonly onLacking?: ((lacks: readonly Lack[]) => void) | undefined;
  /**
   * Whoever takes the lists has no targets yet that a part of one could end (a collector that
   * begins): what is known is then yielded from the first reading on. Else nothing is yielded
   * before a first whole list, however long that takes.
   */
  readonly takesPartial?: boolean | undefined;
  /** For tests: what the time limits of calls go by, instead of the system's clock. */
  readonly callClock?: Clock | undefined;
  /** For tests: batches smaller than AWS's. */
  readonly batchMax?: number | undefined;
}

/** Why a task's containers are targets or are none. */
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
  /** Of one configuration; its defaults filled in by the schema. */
  readonly schema: Schema;
  /**
   * Reports what a schema cannot tell: one key against another, and what is valid and changes
   * nothing.
   */
  check?(config: z.output<Schema>, context: CheckContext): void;
  /**
   * Yields the complete list of groups, at once at start and then whenever it may have changed: a
   * source that is no longer in the list is gone. The first list is whole (see `takesPartial`); a
   * later one holds all that can be known, and never less because of a failure. Ends, without
   * throwing, when the signal aborts.
   */
  discover(config: z.output<Schema>, world: DiscoveryWorld): AsyncIterable<readonly TargetGroup[]>;
}

/** Checks the types of a mechanism and keeps its key as a literal, for the table. */
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
 * Wait before another try as long as nothing has been read yet: a first scrape should not wait a
 * whole interval.
 */
const FIRST_RETRY_MS = 1_000;

/**
 * Reads a list at once and then once per interval. A failure is counted and logged and yields
 * nothing, so that the groups of the last good answer stay. Until the first good answer it tries
 * sooner, waiting twice as long each time.
 *
 * @param read throws when the list can't be read or trusted
 */
export function poll(
  intervalMs: number,
  world: DiscoveryWorld,
  read: () => Promise<readonly TargetGroup[]>,
): AsyncIterable<readonly TargetGroup[]> {
  return pollLists(intervalMs, world, async () => {
    const groups = await attempt(world, read, (error) =>
      world.onLacking?.([makeFailedLack(world.mechanism, '', error)]),
    );
    if (groups !== undefined) world.onLacking?.([]);
    return groups;
  });
}

/**
 * As `poll`, for readings that tell by themselves what fails: undefined is a list that may not be
 * yielded.
 */
export async function* pollLists(
  intervalMs: number,
  world: DiscoveryWorld,
  read: () => Promise<readonly TargetGroup[] | undefined>,
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
    if (!(await sleepUnlessAborted(waitMs, world))) return;
  }
}

/**
 * One reading, timed, its failure counted and logged: undefined then. For mechanisms that do not
 * just poll.
 */
export async function attempt<Value>(
  world: DiscoveryWorld,
  read: () => Promise<Value>,
  onFailure?: (error: unknown) => void,
): Promise<Value | undefined> {
  const { mechanism, metrics, clock, log, signal } = world;
  const startMs = clock.nowMs();
  try {
    return await read();
  } catch (error) {
    if (signal.aborted) return undefined;
    countFailure(world);
    onFailure?.(error);
    log.warn('target list could not be read; the targets known so far stay', { mechanism, error });
    return undefined;
  } finally {
    metrics
      .histograms('prometheus_sd_refresh_duration_seconds', 'Time that a reading took.', BUCKETS)
      .with({ mechanism })
      .observe((clock.nowMs() - startMs) / 1_000);
  }
}

/** A reading that failed, wholly or in part. */
export function countFailure({ mechanism, metrics }: DiscoveryWorld): void {
  metrics
    .counters('prometheus_sd_refresh_failures_total', 'Readings of a target list that failed.')
    .with({ mechanism })
    .inc();
}

const BUCKETS = [0.01, 0.1, 1, 10, 60];

/** Waits; false when the signal ended the wait. */
export async function sleepUnlessAborted(ms: number, world: DiscoveryWorld): Promise<boolean> {
  try {
    await world.clock.sleep(ms, world.signal);
    return true;
  } catch (error) {
    if (world.signal.aborted) return false;
    throw new Error(`the clock failed: ${describeError(error)}`, { cause: error });
  }
}
