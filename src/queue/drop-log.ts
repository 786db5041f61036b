/**
 * Says what a queue loses: the first loss of a cause at once, later ones once a minute together. A
 * queue at its limit loses a chunk for each that comes, and a line for each would bury the log.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { DropReason } from './options.ts';

const INTERVAL_MS = 60_000;

const CAUSES: Readonly<Record<DropReason, string>> = {
  disk_cap: 'the queue is at its limit on disk; the oldest make room',
  memory_full: 'the queue is at its limit in memory; the oldest make room',
  corrupt: 'they are damaged on disk',
  too_large: 'a chunk is larger than the whole queue may be',
  too_old: 'they are above the age limit of the queue',
  folder_gone: 'the folder was deleted or replaced while they waited in it',
  stopped: 'the process ends, and they are in memory only',
};

interface Untold {
  items: number;
  /** From when on a line may tell them. */
  nextMs: number;
}

export class DropLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #untold = new Map<DropReason, Untold>();

  constructor(log: Logger, clock: Clock) {
    // What a stop tells may be equal to what was told within the minute.
    this.#log = log.unlimited();
    this.#clock = clock;
  }

  add(items: number, reason: DropReason): void {
    const untold = this.#untold.get(reason) ?? { items: 0, nextMs: -Infinity };
    this.#untold.set(reason, untold);
    untold.items += items;
    this.#tellDue(reason, untold);
  }

  /** Tells what has waited for a minute. @param isLast  tells all */
  tick(isLast = false): void {
    for (const [reason, untold] of this.#untold) {
      if (isLast) untold.nextMs = -Infinity;
      if (untold.items > 0) this.#tellDue(reason, untold);
    }
  }

  #tellDue(reason: DropReason, untold: Untold): void {
    const atMs = this.#clock.elapsedMs();
    if (atMs < untold.nextMs) return;
    const { items } = untold;
    this.#log.warn('queue dropped items', { items, reason, cause: CAUSES[reason] });
    untold.items = 0;
    untold.nextMs = atMs + INTERVAL_MS;
  }
}
