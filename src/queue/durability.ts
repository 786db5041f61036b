/**
 * When written data is forced to the disk (fdatasync). The operating system keeps what a killed
 * process has written, so this only matters for a loss of power. A failure here stops nothing: the
 * next call tries again, and the first is logged, then the sum once a minute.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { Outage } from '../kernel/outage.ts';
import type { SyncPolicy } from './options.ts';
import type { Progress } from './progress.ts';
import type { SegmentStore } from './store.ts';

export interface DurabilityParts {
  readonly store: SegmentStore;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Durability {
  policy: SyncPolicy | undefined;
  readonly #store: SegmentStore;
  readonly #progress: Progress;
  readonly #log: Logger;
  readonly #syncOutage: Outage;
  readonly #saveOutage: Outage;

  constructor(policy: SyncPolicy | undefined, { store, progress, clock, log }: DurabilityParts) {
    this.policy = policy;
    this.#store = store;
    this.#progress = progress;
    this.#log = log;
    this.#syncOutage = new Outage(() => clock.elapsedMs());
    this.#saveOutage = new Outage(() => clock.elapsedMs());
  }

  /** To be called after each append: the policy `every` forces the chunk to disk. Never throws. */
  afterAppend(): void {
    if (this.policy !== 'every') return;
    try {
      this.#store.syncNow();
      this.#syncOutage.worked();
    } catch (error) {
      const sum = this.#syncOutage.failed();
      if (sum === undefined) return;
      const { failures } = sum;
      this.#log.warn('queue not forced to disk: a loss of power may lose items', {
        error,
        failures,
      });
    }
  }

  /** Forces the chunks to disk, then writes the cursor, which must not be ahead. Never rejects. */
  async save(): Promise<void> {
    try {
      if (this.policy !== 'never') await this.#store.sync();
      await this.#progress.save();
      this.#saveOutage.worked();
    } catch (error) {
      const sum = this.#saveOutage.failed();
      if (sum === undefined) return;
      this.#log.warn('queue cursor not written to disk: a restart would send some items again', {
        error,
        failures: sum.failures,
      });
    }
  }
}
