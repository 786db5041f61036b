/**
 * One call of AWS: within the limits, made again when it was throttled, counted by action and outcome.
 */
import type { CallCategory } from './call-limits.ts';
import type { DiscoveryWorld } from './mechanism.ts';

/** How often a throttled call is made in all, and the wait after the first. */
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const TIMEOUT_MS = 10_000;
const PAGES_MAX = 10_000;

export class AwsCalls {
  readonly #world: DiscoveryWorld;
  readonly #account: string;
  readonly #share: number;
  readonly #calls;

  /** @param account  tells accounts and regions apart @param share  of AWS's rates */
  constructor(world: DiscoveryWorld, account: string, share: number) {
    this.#world = world;
    this.#account = account;
    this.#share = share;
    this.#calls = world.metrics.counters(
      'amperage_sd_calls_total',
      'Calls to AWS, by action and outcome.',
    );
  }

  /** @throws Error that begins with the action's name */
  async call<T>(
    action: string,
    category: CallCategory,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { callLimits, clock, signal } = this.#world;
    for (let attempt = 1; ; attempt++) {
      await callLimits.take(this.#account, category, this.#share, signal);
      try {
        const answer = await send(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
        this.#calls.with({ action, outcome: 'ok' }).inc();
        return answer;
      } catch (error) {
        const isThrottled = /Throttl|RequestLimitExceeded|TooManyRequests/.test(errorName(error));
        this.#calls.with({ action, outcome: isThrottled ? 'throttled' : 'error' }).inc();
        if (!isThrottled || attempt === ATTEMPTS)
          throw new Error(`${action}: ${errorName(error)}`, { cause: error });
        callLimits.throttled(this.#account, category);
        await clock.sleep(BACKOFF_MS * 2 ** (attempt - 1), signal);
      }
    }
  }

  /** Reads page by page until there is no next one. */
  async pages(read: (token: string | undefined) => Promise<string | undefined>): Promise<void> {
    let token: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      token = await read(token);
      if (token === undefined) return;
    }
    throw new Error(`the list has more than ${PAGES_MAX} pages`);
  }
}

/** What the SDK calls an error. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return error.name === 'Error' ? error.message : error.name;
}
