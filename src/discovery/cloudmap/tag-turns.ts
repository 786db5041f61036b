/**
 * When the tags of services are read again. All at once would be a burst as large as the first
 * reading; so they take turns, the oldest first, as many with each reading as bring every service
 * round within the interval.
 */
import type { ServiceState } from './service-state.ts';

/** Where tags are denied, one service's are tried again after this. */
const PROBE_MS = 10_000;

export class TagTurns {
  readonly #intervalMs: number;
  readonly #nowMs: () => number;
  /** Up to when turns were given; unknown while services wait for their first reading. */
  #givenMs: number | undefined;
  /** Turns that are due, less than one of them for a later reading. */
  #turns = 0;
  #probedMs = -Infinity;

  constructor(intervalMs: number, nowMs: () => number) {
    this.#intervalMs = intervalMs;
    this.#nowMs = nowMs;
  }

  /** Whose turn it is; beside them some of those that failed the last time. */
  chooseDue(states: readonly ServiceState[]): Set<ServiceState> {
    const turns = this.#takeTurns(states);
    const oldest = states.filter(({ isDenied }) => !isDenied).toSorted(byAge);
    const failed = oldest.filter(({ hasTagsFailed }) => hasTagsFailed);
    return new Set([...oldest.slice(0, turns), ...failed.slice(0, Math.max(1, turns))]);
  }

  /** Of those whose tags are denied the one that was asked for the longest ago, once in a while. */
  chooseProbe(states: readonly ServiceState[]): ServiceState | undefined {
    if (this.#nowMs() - this.#probedMs < PROBE_MS) return undefined;
    const [oldest] = states.filter(({ isDenied }) => isDenied).toSorted(byAge);
    if (oldest !== undefined) this.#probedMs = this.#nowMs();
    return oldest;
  }

  #takeTurns(states: readonly ServiceState[]): number {
    const nowMs = this.#nowMs();
    if (this.#givenMs === undefined) {
      if (states.length > 0 && states.every(({ tagsTriedMs }) => tagsTriedMs > -Infinity))
        this.#givenMs = nowMs;
      return 0;
    }
    const share = (nowMs - this.#givenMs) / this.#intervalMs;
    this.#givenMs = nowMs;
    this.#turns = Math.min(states.length, this.#turns + states.length * share);
    // A sum of fractions may miss the whole number by a hair.
    const turns = Math.floor(this.#turns + 1e-6);
    this.#turns = Math.max(0, this.#turns - turns);
    return turns;
  }
}

function byAge(a: ServiceState, b: ServiceState): number {
  // Both may be -Infinity, whose difference is no number.
  return a.tagsTriedMs === b.tagsTriedMs ? 0 : a.tagsTriedMs - b.tagsTriedMs;
}
