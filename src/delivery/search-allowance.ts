/**
 * How many requests a sink may spend on the search for bad items: many at once, since each is found
 * once, and few for long, since a sink whose receiver refuses other items each time must not fall
 * behind. Pure but for the clock that it is given.
 */
import type { Clock } from '../kernel/clock.ts';

const AT_ONCE = 10_000;
const PER_SECOND = 20;

export class SearchAllowance {
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  #left = AT_ONCE;
  #atMs: number;

  constructor(clock: Pick<Clock, 'elapsedMs'>) {
    this.#clock = clock;
    this.#atMs = clock.elapsedMs();
  }

  /** Takes so many; false where they are not there. */
  take(count: number): boolean {
    const isThere = this.grant(count) === count;
    if (isThere) this.#left -= count;
    return isThere;
  }

  /** How many of so many may be taken now. */
  grant(wanted: number): number {
    const atMs = this.#clock.elapsedMs();
    this.#left = Math.min(AT_ONCE, this.#left + ((atMs - this.#atMs) / 1_000) * PER_SECOND);
    this.#atMs = atMs;
    return Math.min(wanted, Math.floor(this.#left));
  }
}
