/**
 * How many requests a sink may spend on the search for bad items: many at once, since each is found
 * once, and fewer for long, since a sink whose receiver refuses other items each time must not fall
 * behind. It is an allowance of time, by what a request takes on average, and bounded in requests
 * too.
 *
 *     a request of  2 ms   10,000 at once   200 a second for long
 *                  20 ms   10,000            20
 *                 200 ms    1,000             2
 */
import type { Clock } from '../kernel/clock.ts';
import type { Counter } from '../kernel/metrics.ts';

/** Of each second, so much may go to the search for long. */
const SHARE_MS = 400;
const AT_ONCE_MS = 200_000;
const AT_ONCE_MAX = 10_000;
const PER_SECOND_MAX = 200;
/** What a request takes until some were measured, and the most that one counts for. */
const FIRST_MS = 20;
const TOOK_MAX_MS = 1_000;
/** Weight of the newest request in the average. */
const SMOOTHING = 0.1;

export class SearchAllowance {
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  readonly #spent: Counter;
  #left = AT_ONCE_MAX;
  #atMs: number;
  #averageMs = FIRST_MS;

  /** @param spent  counts the requests taken */
  constructor(clock: Pick<Clock, 'elapsedMs'>, spent: Counter) {
    this.#clock = clock;
    this.#spent = spent;
    this.#atMs = clock.elapsedMs();
  }

  /** Sends, and notes what a request takes. */
  async measure<T>(send: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.elapsedMs();
    const answer = await send();
    const tookMs = Math.min(this.#clock.elapsedMs() - startMs, TOOK_MAX_MS);
    this.#averageMs += SMOOTHING * (tookMs - this.#averageMs);
    return answer;
  }

  /** Takes so many; false where they are not there. */
  take(count: number): boolean {
    const isThere = this.grant(count) === count;
    if (!isThere) return false;
    this.#left -= count;
    this.#spent.inc(count);
    return true;
  }

  /** How many of so many may be taken now. */
  grant(wanted: number): number {
    const atMs = this.#clock.elapsedMs();
    const perSecond = Math.min(PER_SECOND_MAX, SHARE_MS / this.#averageMs);
    const atOnce = Math.min(AT_ONCE_MAX, AT_ONCE_MS / this.#averageMs);
    this.#left = Math.min(atOnce, this.#left + ((atMs - this.#atMs) / 1_000) * perSecond);
    this.#atMs = atMs;
    return Math.min(wanted, Math.floor(this.#left));
  }
}
