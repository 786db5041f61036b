/**
 * Decides when the tags of services are read again. All at once would cause as many calls as the
 * first reading. Instead each reading takes the services whose tags are oldest, as many as needed
 * to reach every service once per interval.
 */
import type { ServiceState } from './service-state.ts';

/** While tags are denied, the tags of one service are tried again after this. */
const PROBE_MS = 10_000;

export class TagTurns {
  readonly #intervalMs: number;
  readonly #elapsedMs: () => number;
  /**
   * Until when turns were handed out (epoch ms); undefined while services wait for their first
   * reading.
   */
  #givenMs: number | undefined;
  /** Fractional turns, carried over to the next reading. */
  #turns = 0;
  #probedMs = -Infinity;

  constructor(intervalMs: number, elapsedMs: () => number) {
    this.#intervalMs = intervalMs;
    this.#elapsedMs = elapsedMs;
  }

  /**
   * The services whose tags are read now: the oldest, and some of those whose last attempt failed.
   */
  chooseDue(states: readonly ServiceState[]): Set<ServiceState> {
    const turns = this.#takeTurns(states);
    const oldest = states.filter(({ isDenied }) => !isDenied).toSorted(byAge);
    const failed = oldest.filter(({ hasTagsFailed }) => hasTagsFailed);
    return new Set([...oldest.slice(0, turns), ...failed.slice(0, Math.max(1, turns))]);
  }

  /**
   * The service with denied tags that was tried longest ago, at most once per PROBE_MS; else
   * undefined.
   */
  chooseProbe(states: readonly ServiceState[]): ServiceState | undefined {
    if (this.#elapsedMs() - this.#probedMs < PROBE_MS) return undefined;
    const [oldest] = states.filter(({ isDenied }) => isDenied).toSorted(byAge);
    if (oldest !== undefined) this.#probedMs = this.#elapsedMs();
    return oldest;
  }

  #takeTurns(states: readonly ServiceState[]): number {
    const atMs = this.#elapsedMs();
    if (this.#givenMs === undefined) {
      if (states.length > 0 && states.every(({ tagsTriedMs }) => tagsTriedMs > -Infinity))
        this.#givenMs = atMs;
      return 0;
    }
    const share = (atMs - this.#givenMs) / this.#intervalMs;
    this.#givenMs = atMs;
    this.#turns = Math.min(states.length, this.#turns + states.length * share);
    // The epsilon makes up for rounding errors in the sum of fractions.
    const turns = Math.floor(this.#turns + 1e-6);
    this.#turns = Math.max(0, this.#turns - turns);
    return turns;
  }
}

function byAge(a: ServiceState, b: ServiceState): number {
  // Both may be -Infinity, and their difference would be NaN.
  return a.tagsTriedMs === b.tagsTriedMs ? 0 : a.tagsTriedMs - b.tagsTriedMs;
}
