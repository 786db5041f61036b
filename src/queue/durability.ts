/**
 * When what is written reaches the disk itself. A killed process loses nothing of what the
 * operating system has; this is for a loss of power. A disk that fails here stops nothing: it is
 * said, and tried again.
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

  /** A chunk was appended. */
  afterAppend(): void {
    if (this.policy !== 'every') return;
    try {
      this.#store.syncNow();
    } catch (error) {
      this.#log.warn('queue not forced to disk: a loss of power may lose items', { error });
    }
  }

  /** Chunks first, then the cursor. Never rejects. */
  async save(): Promise<void> {
    try {
      if (this.policy !== 'never') await this.#store.sync();
      await this.#progress.save();
    } catch (error) {
      this.#log.warn('queue cursor not made durable: a restart would send some again', { error });
    }
  }
}
