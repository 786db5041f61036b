/**
 * When sums of what may come in hundreds a second are told: of each kind the first at once, what
 * follows once a minute together, and the rest at the end. How they are told is up to the caller,
 * by a logger without limits of its own, which would take a sum for a repeat of the one before.
 */
import type { Clock } from './clock.ts';

const INTERVAL_MS = 60_000;

interface Untold {
  count: number;
  /** From when on it may be told. */
  nextMs: number;
}

export class MinuteSums<Kind> {
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  /** There are few kinds. */
  readonly #untold = new Map<Kind, Untold>();

  constructor(clock: Pick<Clock, 'elapsedMs'>) {
    this.#clock = clock;
  }

  add(kind: Kind, count: number): void {
    const untold = this.#untold.get(kind) ?? { count: 0, nextMs: -Infinity };
    this.#untold.set(kind, untold);
    untold.count += count;
  }

  /** The sums to be told now, which begin anew. @param isLast  all, since nothing comes after */
  takeDue(isLast = false): [kind: Kind, sum: number][] {
    const atMs = this.#clock.elapsedMs();
    const due: [Kind, number][] = [];
    for (const [kind, untold] of this.#untold) {
      if (untold.count === 0 || (!isLast && atMs < untold.nextMs)) continue;
      due.push([kind, untold.count]);
      untold.count = 0;
      untold.nextMs = atMs + INTERVAL_MS;
    }
    return due;
  }
}
