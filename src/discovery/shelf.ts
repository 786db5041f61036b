/**
 * Things of one kind that belong to tasks or instances (definitions, services, zones), by their
 * keys, and how they become known. Keys are read in independent batches. What a batch did not
 * answer is asked for again at the next reading and never treated as known.
 *
 *   state of a key     when it is asked for again
 *   known              when it is due; the old value stays until there is a new one
 *   not known          at each reading
 *   unknown to AWS     once more at the next reading; then every SLOW_MS, without blocking the list
 *   call denied, and   once more at the next reading; then every SLOW_MS, without blocking the list
 *   it is optional
 */
import type { AwsAction } from '../aws/calls.ts';
import { AwsCallError } from '../aws/calls.ts';
import { describeError } from '../kernel/errors.ts';
import type { Lack } from './lacking.ts';

/** The answer to one batch. A key that is in neither list was not answered. */
export interface ShelfAnswer<Value> {
  readonly found: readonly (readonly [key: string, value: Value])[];
  /** Keys that AWS says do not exist. */
  readonly unknown: readonly string[];
}

export interface ShelfOptions<Value> {
  readonly action: AwsAction;
  /** The most keys in one call. */
  readonly batch: number;
  /** For an optional call, what is lost when it is denied; undefined for a call that is needed. */
  readonly costs?: string | undefined;
  /** How long a value is known before it is read again; by default it never is. */
  readonly rereadMs?: number | undefined;
  readonly read: (keys: string[]) => Promise<ShelfAnswer<Value>>;
}

/**
 * How long a denied call or an unknown key is left alone. It is a little less than ten minutes, so
 * that readings ten minutes apart ask each time.
 */
export const SLOW_MS = 590_000;
/** Answers in a row after which a denial, or a key unknown to AWS, is believed. */
const BELIEVED_AFTER = 2;
/** The most keys that a message names. */
const NAMED_MAX = 3;

interface Entry<Value> {
  readonly value: Value | undefined;
  readonly dueMs: number;
  /** Answers in a row that it does not exist. */
  readonly misses: number;
}

export class Shelf<Value> {
  readonly #options: ShelfOptions<Value>;
  readonly #entries = new Map<string, Entry<Value>>();
  #changes = 0;
  /** Readings in a row that ended with a denial. */
  #denials = 0;
  #deniedUntilMs = -Infinity;
  /** Whether the last call was allowed: then all batches are asked for in parallel. */
  #isAllowed = false;

  constructor(options: ShelfOptions<Value>) {
    this.#options = options;
  }

  /** Increases with each value that is set. */
  get changes(): number {
    return this.#changes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Stores a value that was read elsewhere; it is read again when it is due. */
  set(key: string, value: Value, atMs: number): void {
    const { rereadMs = Infinity } = this.#options;
    this.#changes += 1;
    this.#entries.set(key, { value, dueMs: atMs + rereadMs, misses: 0 });
  }

  values(): Value[] {
    return [...this.#entries.values()].flatMap(({ value }) => value ?? []);
  }

  /** Forgets all other keys. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key);
  }

  /**
   * Reads the wanted keys that are not known or are due again. Never rejects; returns what is
   * lacking of them.
   */
  async complete(wanted: ReadonlySet<string>, scope: string, atMs: number): Promise<Lack[]> {
    const due = [...wanted].filter((key) => (this.#entries.get(key)?.dueMs ?? 0) <= atMs);
    const failures: unknown[] = [];
    if (due.length > 0 && !this.#isDenied(atMs)) await this.#ask(due, atMs, failures);
    return this.#findLacks(wanted, scope, atMs, failures);
  }

  /** Whether the call was denied often enough to be believed and is not due again. */
  #isDenied(atMs: number): boolean {
    return this.#denials >= BELIEVED_AFTER && atMs < this.#deniedUntilMs;
  }

  async #ask(due: readonly string[], atMs: number, failures: unknown[]): Promise<void> {
    const { batch, costs } = this.#options;
    const batches: string[][] = [];
    for (let at = 0; at < due.length; at += batch) batches.push(due.slice(at, at + batch));
    // The first batch of an optional call goes alone, so that a role without the action causes one
    // denied call and not a hundred.
    const first = this.#isAllowed || costs === undefined ? undefined : batches.shift();
    const outcomes = [];
    if (first !== undefined) outcomes.push(await this.#askBatch(first, atMs, failures));
    if (!outcomes.includes('denied'))
      outcomes.push(
        ...(await Promise.all(batches.map((keys) => this.#askBatch(keys, atMs, failures)))),
      );
    const isAllowed = outcomes.includes('ok');
    if (isAllowed) this.#denials = 0;
    else if (outcomes.includes('denied')) {
      this.#denials += 1;
      this.#deniedUntilMs = atMs + SLOW_MS;
    }
    this.#isAllowed = isAllowed && !outcomes.includes('denied');
  }

  async #askBatch(
    keys: string[],
    atMs: number,
    failures: unknown[],
  ): Promise<'ok' | 'denied' | 'failed'> {
    const { action, costs, read } = this.#options;
    try {
      const { found, unknown } = await read(keys);
      const asked = new Set(keys);
      for (const [key, value] of found) if (asked.delete(key)) this.set(key, value, atMs);
      for (const key of unknown) if (asked.delete(key)) this.#miss(key, atMs);
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

  #miss(key: string, atMs: number): void {
    const before = this.#entries.get(key);
    const misses = (before?.misses ?? 0) + 1;
    const dueMs = misses < BELIEVED_AFTER ? atMs : atMs + SLOW_MS;
    this.#entries.set(key, { value: before?.value, dueMs, misses });
  }

  #findLacks(
    wanted: ReadonlySet<string>,
    scope: string,
    atMs: number,
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
    if (costs !== undefined && this.#isDenied(atMs)) {
      // The denial is reported even when all wanted keys are known: the role still lacks the
      // action.
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
