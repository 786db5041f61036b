/**
 * Tells sums of what may come in hundreds a second: of each kind the first at once, what follows
 * once a minute together, whether anything more comes or not, and the rest at the end. How they are
 * told is up to the caller, by a logger without limits of its own, which would take a sum for a
 * repeat of the one before.
 */
import type { Clock } from './clock.ts';

const INTERVAL_MS = 60_000;

interface Untold {
  count: number;
  /** From when on it may be told. */
  nextMs: number;
}

export class MinuteSums<Kind> {
  readonly #clock: Pick<Clock, 'elapsedMs' | 'sleep'>;
  readonly #tell: (kind: Kind, sum: number) => void;
  readonly #ending = new AbortController();
  /** There are few kinds. */
  readonly #untold = new Map<Kind, Untold>();
  #isWaiting = false;

  constructor(clock: Pick<Clock, 'elapsedMs' | 'sleep'>, tell: (kind: Kind, sum: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(kind: Kind, count: number): void {
    const untold = this.#untold.get(kind) ?? { count: 0, nextMs: -Infinity };
    this.#untold.set(kind, untold);
    untold.count += count;
    this.#tellDue();
    void this.#wait();
  }

  /** Tells the rest; what comes later is told at once. */
  end(): void {
    this.#ending.abort(new Error('nothing more is summed up'));
    this.#tellDue();
  }

  #tellDue(): void {
    const { signal } = this.#ending;
    const atMs = this.#clock.elapsedMs();
    for (const [kind, untold] of this.#untold) {
      const { count, nextMs } = untold;
      if (count === 0 || (!signal.aborted && atMs < nextMs)) continue;
      untold.count = 0;
      untold.nextMs = atMs + INTERVAL_MS;
      this.#tell(kind, count);
    }
  }

  /** Until all is told. */
  async #wait(): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    for (;;) {
      const waiting = [...this.#untold.values()].filter(({ count }) => count > 0);
      if (waiting.length === 0) break;
      const nextMs = Math.min(...waiting.map((one) => one.nextMs));
      try {
        await this.#clock.sleep(nextMs - this.#clock.elapsedMs(), this.#ending.signal);
      } catch {
        break;
      }
      this.#tellDue();
    }
    this.#isWaiting = false;
  }
}
