/**
 * Which repeats of a line are held back. Of equal lines one is written, and then one a minute; of
 * one event, lines that are not equal included, a few a minute. Warnings and errors are equal when
 * they differ in numbers alone; other lines are only bounded by event.
 * Limits: EVENTS_MAX events and EQUALS_MAX lines are remembered, the oldest makes room.
 */

export interface RepeatLimits {
  /** At most this many lines of one event per `windowMs`. */
  readonly max: number;
  readonly windowMs: number;
}

const EVENTS_MAX = 1_000;
const EQUALS_MAX = 2_000;
/** Of a line that is longer, the rest is not compared. */
const COMPARED_MAX = 1_000;

interface Window {
  /** By elapsed time. */
  startMs: number;
  count: number;
  heldBack: number;
}

export class LogRepeats {
  readonly #events = new Map<string, Window>();
  readonly #equals = new Map<string, Window>();

  /**
   * How many repeats were held back before this line; undefined when this line is held back too.
   *
   * @param line  what equal lines have in common; undefined where repeats are no fault
   */
  admit(
    event: string,
    line: string | undefined,
    atMs: number,
    { max, windowMs }: RepeatLimits,
  ): number | undefined {
    const key = line?.slice(0, COMPARED_MAX);
    const equal = key === undefined ? undefined : this.#equals.get(key);
    if (equal !== undefined && atMs - equal.startMs < windowMs) {
      equal.heldBack += 1;
      return undefined;
    }
    const window = this.#events.get(event) ?? { startMs: -Infinity, count: 0, heldBack: 0 };
    if (atMs - window.startMs >= windowMs) {
      window.startMs = atMs;
      window.count = 0;
    }
    window.count += 1;
    if (window.count > max) {
      window.heldBack += 1;
      return undefined;
    }
    const heldBack = window.heldBack + (equal?.heldBack ?? 0);
    window.heldBack = 0;
    keep(this.#events, event, window, EVENTS_MAX);
    if (key !== undefined)
      keep(this.#equals, key, { startMs: atMs, count: 1, heldBack: 0 }, EQUALS_MAX);
    return heldBack;
  }
}

/** Puts it behind all others; above the limit the first makes room. */
function keep(windows: Map<string, Window>, key: string, window: Window, max: number): void {
  windows.delete(key);
  windows.set(key, window);
  const [oldest = ''] = windows.keys();
  if (windows.size > max) windows.delete(oldest);
}
