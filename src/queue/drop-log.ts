/**
 * Says what a queue loses: the first loss of a cause at once, later ones once a minute together. A
 * queue at its limit loses a chunk for each that comes, and a line for each would bury the log.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { MinuteSums } from '../kernel/minute-sums.ts';
import type { DropReason } from './options.ts';

const CAUSES: Readonly<Record<DropReason, string>> = {
  disk_cap: 'the queue is at its limit on disk; the oldest make room',
  memory_full: 'the queue is at its limit in memory; the oldest make room',
  corrupt: 'they are damaged on disk',
  too_large: 'a chunk is larger than the whole queue may be',
  too_old: 'they are above the age limit of the queue',
  folder_gone: 'the folder was deleted or replaced while they waited in it',
  stopped: 'the process ends, and they are in memory only',
};

export class DropLog {
  readonly #sums: MinuteSums<DropReason>;

  constructor(logger: Logger, clock: Clock) {
    const log = logger.unlimited();
    this.#sums = new MinuteSums(clock, (reason, items) =>
      log.warn('queue dropped items', { items, reason, cause: CAUSES[reason] }),
    );
  }

  add(items: number, reason: DropReason): void {
    this.#sums.add(reason, items);
  }

  /** Tells the rest. */
  end(): void {
    this.#sums.end();
  }
}
