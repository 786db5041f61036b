/**
 * What a list of targets lacks, and why. A list is whole when every call for it was answered, or
 * was optional and denied. Until then each missing thing is named here: it is logged once for each
 * cause, and their number each minute while one fails, shown by `discover`, and counted by the
 * manager as a metric.
 * Source: docs/decisions/0012-known-means-whole.md
 */
import { describeError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';
import { Outage } from '../kernel/outage.ts';

/** One thing that is not known. */
export interface Lack {
  /**
   * An action of AWS such as `ec2:DescribeInstances`, or a word: `file`, `url`, `name`. It is a
   * label of a metric, so it has few values.
   */
  readonly what: string;
  /** What it was asked about: a cluster, a path, a URL without secrets. */
  readonly scope: string;
  /**
   * `denied`: asked again slowly. `failed`: asked again at the next reading. `unknown`: the other
   * side answered that it does not exist.
   */
  readonly cause: 'denied' | 'failed' | 'unknown';
  /** What happened, and what is lost because of it. */
  readonly words: string;
  /** True when the list is not whole because of it. */
  readonly isBlocking: boolean;
  /** True when nothing could be asked, since no source of credentials gave any. */
  readonly isWithoutCredentials?: boolean;
}

/** The lacks of one running mechanism, by scope. Logs each new one, and each one that has ended. */
export class Lacking {
  readonly #log: Logger;
  readonly #onChange: ((lacks: readonly Lack[]) => void) | undefined;
  readonly #byScope = new Map<string, readonly Lack[]>();
  /** The lacks that were logged, by cause, so that each is logged once while it lasts. */
  #said = new Map<string, Lack>();
  /** Readings in which something failed. */
  readonly #outage: Outage;

  constructor(world: {
    readonly log: Logger;
    readonly clock: Pick<Clock, 'elapsedMs'>;
    readonly onLacking?: ((lacks: readonly Lack[]) => void) | undefined;
  }) {
    this.#log = world.log;
    this.#onChange = world.onLacking;
    this.#outage = new Outage(() => world.clock.elapsedMs());
  }

  all(): readonly Lack[] {
    return [...this.#byScope.values()].flat();
  }

  /** Replaces the lacks of one scope. */
  tell(scope: string, lacks: readonly Lack[]): void {
    if (lacks.length === 0) this.#byScope.delete(scope);
    else this.#byScope.set(scope, lacks);
    this.#say();
    this.#onChange?.(this.all());
  }

  /** Drops the lacks of all other scopes. */
  retain(scopes: ReadonlySet<string>): void {
    for (const scope of this.#byScope.keys()) if (!scopes.has(scope)) this.#byScope.delete(scope);
    this.#say();
    this.#onChange?.(this.all());
  }

  #say(): void {
    const now = new Map(this.all().map((lack) => [describeCause(lack), lack]));
    for (const [cause, { what, scope, words }] of now)
      if (!this.#said.has(cause))
        this.#log.warn('a part of the target list is not known', { what, scope, why: words });
    this.#sayLasting([...now.values()].filter(({ cause }) => cause === 'failed'));
    for (const [cause, { what, scope }] of this.#said)
      if (!now.has(cause))
        this.#log.info('a part of the target list that was not known is known again', {
          what,
          scope,
        });
    this.#said = now;
  }

  #sayLasting(failed: readonly Lack[]): void {
    const [newest] = failed.slice(-1);
    if (newest === undefined) {
      this.#outage.worked();
      return;
    }
    const sum = this.#outage.failed();
    // The first has its own line.
    if (sum === undefined || sum.failures === 1) return;
    this.#log.warn('parts of the target list are still not known', {
      parts: failed.length,
      failures: sum.failures,
      for_ms: sum.lastedMs,
      what: newest.what,
      scope: newest.scope,
      why: newest.words,
    });
  }
}

/** A denial concerns the role, not the thing that was asked for, so its scope is left out. */
function describeCause({ what, scope, cause }: Lack): string {
  return cause === 'denied' ? `${what} ${cause}` : `${what} ${cause} ${scope}`;
}

/** Makes the lack of a reading that failed as a whole, or of one of its parts. */
export function makeFailedLack(what: string, scope: string, error: unknown): Lack {
  const lack = {
    what,
    scope,
    cause: 'failed',
    words: describeError(error),
    isBlocking: true,
  } as const;
  return hasCode(error, 'AWS_CREDENTIALS') ? { ...lack, isWithoutCredentials: true } : lack;
}

/** Whether an error, or a cause of it, is of that code. */
function hasCode(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === code) || hasCode(error.cause, code);
}

/** Exposes the lacks of a job as a metric, by mechanism, action and cause. */
export class LackGauges {
  readonly #job: string;
  readonly #gauges;
  readonly #byEntry = new Map<
    number,
    { readonly mechanism: string; readonly lacks: readonly Lack[] }
  >();
  #shown: Record<string, string>[] = [];

  constructor(job: string, metrics: Registry) {
    this.#job = job;
    this.#gauges = metrics.gauges(
      'amperage_sd_lacking',
      'Parts of the target list that are not known, by what was asked for them and why.',
    );
  }

  all(): readonly Lack[] {
    return [...this.#byEntry.values()].flatMap(({ lacks }) => lacks);
  }

  set(entry: number, mechanism: string, lacks: readonly Lack[]): void {
    this.#byEntry.set(entry, { mechanism, lacks });
    this.#show();
  }

  clear(): void {
    this.#byEntry.clear();
    this.#show();
  }

  #show(): void {
    const config = this.#job;
    for (const labels of this.#shown) this.#gauges.remove(labels);
    this.#shown = [];
    for (const { mechanism, lacks } of this.#byEntry.values())
      for (const { what, cause } of lacks) {
        const labels = { config, mechanism, what, cause };
        this.#gauges.with(labels).inc();
        this.#shown.push(labels);
      }
  }
}
