/**
 * Things of one kind that belong to tasks (definitions, instances, services), by their keys, and
 * how they become known: in batches, each for itself. What a batch could not tell is asked again at
 * the next reading, and never taken for known.
 *
 *   key      known, until it is due to be read again: the value of before stays until there is
 *            another
 *            not known: asked at each reading unknown to AWS: asked once more at the next reading,
 *            then slowly; the list does not wait for it any longer the call denied, where it may
 *            be: asked once more at the next reading, then slowly; the list does not wait for it
 */
import type { AwsAction } from '../../aws/calls.ts';
import { AwsCallError } from '../../aws/calls.ts';
import { describeError } from '../../kernel/errors.ts';
import type { Lack } from '../lacking.ts';

/** What one batch answered: a key that is in neither was not answered. */
export interface ShelfAnswer<Value> {
  readonly found: readonly (readonly [key: string, value: Value])[];
  /** AWS says that there are none. */
  readonly unknown: readonly string[];
}

export interface ShelfOptions<Value> {
  readonly action: AwsAction;
  /** Keys in one call. */
  readonly batch: number;
  /** For an optional call, what is lost where it is denied; absent for one that is needed. */
  readonly costs?: string | undefined;
  /** When what is known is read again; never by default. */
  readonly rereadMs?: number | undefined;
  readonly read: (keys: string[]) => Promise<ShelfAnswer<Value>>;
}

/**
 * Of what is denied, or unknown to AWS. A little less than ten minutes: readings that far apart ask
 * each time.
 */
export const SLOW_MS = 590_000;
/** So many answers in a row make a denial, or a key that is unknown, believed. */
const BELIEVED_AFTER = 2;
/** Keys that are named in a message. */
const NAMED_MAX = 3;

interface Entry<Value> {
  readonly value: Value | undefined;
  readonly dueMs: number;
  /** Answers in a row that there is none. */
  readonly misses: number;
}

export class Shelf<Value> {
  readonly #options: ShelfOptions<Value>;
  readonly #entries = new Map<string, Entry<Value>>();
  #changes = 0;
  /** Readings in a row that ended with a denial. */
  #denials = 0;
  #deniedUntilMs = -Infinity;
  /** Whether the last answer was none of denial: then batches go side by side. */
  #isAllowed = false;

  constructor(options: ShelfOptions<Value>) {
    this.#options = options;
  }

  /** Grows with each value that is set. */
  get changes(): number {
    return this.#changes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Takes in what is known from elsewhere; it is read again when it is due. */
  set(key: string, value: Value, nowMs: number): void {
    const { rereadMs = Infinity } = this.#options;
    this.#changes += 1;
    this.#entries.set(key, { value, dueMs: nowMs + rereadMs, misses: 0 });
  }

  values(): Value[] {
    return [...this.#entries.values()].flatMap(({ value }) => value ?? []);
  }

  /** Keeps what has these keys. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key);
  }

  /**
   * Reads what is wanted and not known, or due again. Never rejects: the answer says what is
   * lacking of it.
   */
  async complete(wanted: ReadonlySet<string>, scope: string, nowMs: number): Promise<Lack[]> {
    const due = [...wanted].filter((key) => (this.#entries.get(key)?.dueMs ?? 0) <= nowMs);
    const failures: unknown[] = [];
    if (due.length > 0 && !this.#isDenied(nowMs)) await this.#ask(due, nowMs, failures);
    return this.#findLacks(wanted, scope, nowMs, failures);
  }

  /** Whether the call was denied often enough to be believed, and is not due again. */
  #isDenied(nowMs: number): boolean {
    return this.#denials >= BELIEVED_AFTER && nowMs < this.#deniedUntilMs;
  }

  async #ask(due: readonly string[], nowMs: number, failures: unknown[]): Promise<void> {
    const { batch, costs } = this.#options;
    const batches: string[][] = [];
    for (let at = 0; at < due.length; at += batch) batches.push(due.slice(at, at + batch));
    // A role that lacks the action is asked once, not a hundred times.
    const first = this.#isAllowed || costs === undefined ? undefined : batches.shift();
    const outcomes = [];
    if (first !== undefined) outcomes.push(await this.#askBatch(first, nowMs, failures));
    if (!outcomes.includes('denied'))
      outcomes.push(
        ...(await Promise.all(batches.map((keys) => this.#askBatch(keys, nowMs, failures)))),
      );
    const isAllowed = outcomes.includes('ok');
    if (isAllowed) this.#denials = 0;
    else if (outcomes.includes('denied')) {
      this.#denials += 1;
      this.#deniedUntilMs = nowMs + SLOW_MS;
    }
    this.#isAllowed = isAllowed && !outcomes.includes('denied');
  }

  async #askBatch(
    keys: string[],
    nowMs: number,
    failures: unknown[],
  ): Promise<'ok' | 'denied' | 'failed'> {
    const { action, costs, read } = this.#options;
    try {
      const { found, unknown } = await read(keys);
      const asked = new Set(keys);
      for (const [key, value] of found) if (asked.delete(key)) this.set(key, value, nowMs);
      for (const key of unknown) if (asked.delete(key)) this.#miss(key, nowMs);
      if (asked.size > 0)
        failures.push(
          new Error(
            `${action}: ${asked.size} of ${keys.length} were not answered: ${listSome(asked)}`,
          ),
        );
      return 'ok';
    } catch (error) {
      failures.push(error);
      const isDenied = error instanceof AwsCallError && error.failure === 'refused';
      return isDenied && costs !== undefined ? 'denied' : 'failed';
    }
  }

  #miss(key: string, nowMs: number): void {
    const before = this.#entries.get(key);
    const misses = (before?.misses ?? 0) + 1;
    const dueMs = misses < BELIEVED_AFTER ? nowMs : nowMs + SLOW_MS;
    this.#entries.set(key, { value: before?.value, dueMs, misses });
  }

  #findLacks(
    wanted: ReadonlySet<string>,
    scope: string,
    nowMs: number,
    failures: readonly unknown[],
  ): Lack[] {
    const { action: what, costs } = this.#options;
    const lacks: Lack[] = [];
    const missing: string[] = [];
    const unknown: string[] = [];
    for (const key of wanted) {
      const entry = this.#entries.get(key);
      if (entry?.value !== undefined) continue;
      if ((entry?.misses ?? 0) >= BELIEVED_AFTER) unknown.push(key);
      else missing.push(key);
    }
    if (unknown.length > 0)
      lacks.push({
        what,
        scope,
        cause: 'unknown',
        words: `${what}: AWS does not know ${listSome(unknown)}`,
        isBlocking: false,
      });
    if (costs !== undefined && this.#isDenied(nowMs)) {
      // Also when nothing is wanted of it any more: the role still lacks the action.
      const words = `${what} is denied to the role in use; without it: ${costs}`;
      return [...lacks, { what, scope, cause: 'denied', words, isBlocking: false }];
    }
    if (failures.length === 0 && missing.length === 0) return lacks;
    const words =
      failures.length > 0
        ? describeError(failures[0])
        : `${what}: AWS does not know ${listSome(missing)}; they are asked for again`;
    return [...lacks, { what, scope, cause: 'failed', words, isBlocking: missing.length > 0 }];
  }
}

function listSome(keys: Iterable<string>): string {
  const all = [...keys];
  const more = all.length > NAMED_MAX ? ` and ${all.length - NAMED_MAX} more` : '';
  return `${all.slice(0, NAMED_MAX).join(', ')}${more}`;
}
