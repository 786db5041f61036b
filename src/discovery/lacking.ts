/**
 * What a list of targets lacks, and why: the other half of a list. A list is whole when each call
 * for it was answered, or may be left out and was denied; until then what is missing is named here,
 * said once in the log for each cause, shown by `discover`, and counted by the manager.
 * docs/decisions/0012-known-means-whole.md
 */
import { describeError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';

/** One thing that is not known. */
export interface Lack {
  /**
   * An action of AWS, `ec2:DescribeInstances`, or a word: `file`, `url`, `name`. Few values: it is
   * a label of a metric.
   */
  readonly what: string;
  /** Of what: a cluster, a path, a URL without secrets. */
  readonly scope: string;
  /**
   * `denied`: asked again slowly. `failed`: asked again at the next reading. `unknown`: the other
   * side says there is none.
   */
  readonly cause: 'denied' | 'failed' | 'unknown';
  /** What happened, and what is lost by it. */
  readonly words: string;
  /** Whether the list is not whole because of it. */
  readonly isBlocking: boolean;
}

/** The lacks of one running mechanism, by scope; says in the log what is new and what is over. */
export class Lacking {
  readonly #log: Logger;
  readonly #onChange: ((lacks: readonly Lack[]) => void) | undefined;
  readonly #byScope = new Map<string, readonly Lack[]>();
  /** Causes that were said, so that each is said once while it lasts. */
  #said = new Map<string, Lack>();

  constructor(world: {
    readonly log: Logger;
    readonly onLacking?: ((lacks: readonly Lack[]) => void) | undefined;
  }) {
    this.#log = world.log;
    this.#onChange = world.onLacking;
  }

  all(): readonly Lack[] {
    return [...this.#byScope.values()].flat();
  }

  /** All that one scope lacks now. */
  tell(scope: string, lacks: readonly Lack[]): void {
    if (lacks.length === 0) this.#byScope.delete(scope);
    else this.#byScope.set(scope, lacks);
    this.#say();
    this.#onChange?.(this.all());
  }

  /** Keeps these scopes and no others. */
  retain(scopes: ReadonlySet<string>): void {
    for (const scope of this.#byScope.keys()) if (!scopes.has(scope)) this.#byScope.delete(scope);
    this.#say();
    this.#onChange?.(this.all());
  }

  #say(): void {
    const now = new Map(this.all().map((lack) => [describeCause(lack), lack]));
    for (const [cause, { what, scope, words }] of now)
      if (!this.#said.has(cause))
        this.#log.warn(`a part of the target list is not known: ${words}`, { what, scope });
    for (const [cause, { what, scope }] of this.#said)
      if (!now.has(cause))
        this.#log.info('a part of the target list that was not known is known again', {
          what,
          scope,
        });
    this.#said = now;
  }
}

/** A denial is one of the role, whatever it was asked of. */
function describeCause({ what, scope, cause }: Lack): string {
  return cause === 'denied' ? `${what} ${cause}` : `${what} ${cause} ${scope}`;
}

/** Of a reading that failed as a whole, or of one of its parts. */
export function makeFailedLack(what: string, scope: string, error: unknown): Lack {
  return { what, scope, cause: 'failed', words: describeError(error), isBlocking: true };
}

/** What a job lacks, by mechanism and cause, as a metric. */
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
