/**
 * The folder of a queue, as long as the queue lives in it: it is made, locked, and looked at once a
 * second. A folder that was deleted, replaced or mounted over is gone: what is written goes into
 * files that no name leads to. One whose lock another process has taken is no longer ours.
 */
import type { Clock } from '../kernel/clock.ts';
import { identifyPath } from '../kernel/file-identity.ts';
import { type Lock, takeLock } from './lock.ts';
import type { SegmentStore } from './store.ts';

/** Why the queue can't stay: its files are gone, or another process has them now. */
export type HomeLoss = 'gone' | 'taken';

export class Home {
  readonly #directory: string;
  readonly #store: SegmentStore;
  #lock: Lock | undefined;
  /** Device and inode of the folder. */
  #identity = '';

  constructor(directory: string, store: SegmentStore) {
    this.#directory = directory;
    this.#store = store;
  }

  get isOpen(): boolean {
    return this.#lock !== undefined;
  }

  /** Makes the folder where it is missing, and locks it. Rejects as `takeLock` does. */
  async open(clock: Clock): Promise<void> {
    this.#store.prepare();
    this.#lock = await takeLock(this.#directory, clock);
    this.#identity = identifyPath(this.#directory);
  }

  /** Shows others that we live; undefined while all is as it was. */
  look(): HomeLoss | undefined {
    if (this.#lock === undefined) return undefined;
    const isSame = identifyPath(this.#directory) === this.#identity && this.#store.hasActiveFile();
    if (isSame) return this.#lock.touch() ? undefined : 'taken';
    return 'gone';
  }

  /** Gives up the folder; its lock is removed if it is ours. */
  leave(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
