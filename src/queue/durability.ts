/**
 * When written data is forced to the disk (fdatasync). The operating system keeps what a killed
 * process has written, so this only matters for a loss of power. A failure here stops nothing: it
 * is logged, and the next call tries again.
 */
import type { Logger } from '../kernel/logger.ts';
import type { SyncPolicy } from './options.ts';
import type { Progress } from './progress.ts';
import type { SegmentStore } from './store.ts';

export class Durability {
  policy: SyncPolicy | undefined;
  readonly #store: SegmentStore;
  readonly #progress: Progress;
  readonly #log: Logger;

  constructor(
    policy: SyncPolicy | undefined,
    { store, progress, log }: { store: SegmentStore; progress: Progress; log: Logger },
  ) {
    this.policy = policy;
    this.#store = store;
    this.#progress = progress;
    this.#log = log;
  }

  /** To be called after each append: the policy `every` forces the chunk to disk. Never throws. */
  afterAppend(): void {
    if (this.policy !== 'every') return;
    try {
      this.#store.syncNow();
    } catch (error) {
      this.#log.warn('queue not forced to disk: a loss of power may lose items', { error });
    }
  }

  /** Forces the chunks to disk, then writes the cursor, which must not be ahead. Never rejects. */
  async save(): Promise<void> {
    try {
      if (this.policy !== 'never') await this.#store.sync();
      await this.#progress.save();
    } catch (error) {
      this.#log.warn('queue cursor not written to disk: a restart would send some items again', {
        error,
      });
    }
  }
}
