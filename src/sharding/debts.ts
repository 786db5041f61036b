/**
 * The order of samples over a hand-over. A receiver may refuse a sample of before it that comes
 * after one of after it, so a collector that has taken parts holds back what it appends from then
 * on, until the others have sent what they appended before. An epoch is settled with a collector
 *
 *     that answers           when it says that it has sent all of it (`sentEpoch`)
 *     that is gone           when its folder on the shared storage is empty; at once where there is
 *                            none, since what waits in it comes to nobody
 *
 * No two wait for each other: what is awaited under an epoch was appended before it, and is held
 * back under earlier epochs alone. A receiver that takes from one and not from the other must not
 * keep samples for ever: when this one has had nothing else to send for `HELD_MAX_MS`, it goes on.
 */
import type { Logger } from '../kernel/logger.ts';
import type { PeerView } from './agreement.ts';

export interface DebtsOptions {
  readonly log: Logger;
  readonly elapsedMs: () => number;
  /** What others have in the shared storage; undefined where each has its own. */
  readonly storage: LeftStorage | undefined;
  /** Sends nothing that was appended at this elapsed time or later; infinite ends that. */
  readonly holdFrom: (appendedMs: number) => void;
  /** Whether something waits that was appended before this elapsed time. */
  readonly hasBefore: (appendedMs: number) => boolean;
}

/** The folders of other processes in the shared storage. */
export interface LeftStorage {
  /** Whether something waits in a folder. */
  readonly hasLeft: (folder: string) => Promise<boolean>;
  /** Folders in which something waits, of processes that live or not. */
  readonly listLeft: () => Promise<readonly string[]>;
}

interface Debt {
  readonly epoch: number;
  /** What was appended since then is held back. */
  readonly fromMs: number;
  /** Who has not sent all of it, by id; the folder of each where it has one. */
  readonly owing: Map<string, string | undefined>;
  /** Since when nothing else waits here. */
  idleSinceMs: number | undefined;
}

export const HELD_MAX_MS = 300_000;

type Views = ReadonlyMap<string, PeerView>;

export class Debts {
  readonly #options: DebtsOptions;
  /** In the order of their epochs; one is made at a hand-over, and goes with `HELD_MAX_MS`. */
  readonly #debts: Debt[] = [];
  #isSettling = false;

  constructor(options: DebtsOptions) {
    this.#options = options;
  }

  /** Whether something is held back. */
  get isHolding(): boolean {
    return this.#debts.length > 0;
  }

  /** Whether all is sent but what is held back. */
  get isHeldUp(): boolean {
    return this.isHolding && !this.#options.hasBefore(this.#heldFromMs);
  }

  get #heldFromMs(): number {
    return Math.min(...this.#debts.map(({ fromMs }) => fromMs));
  }

  /** To be called before this collector takes its parts under the proposal of an epoch. */
  async note(epoch: number, views: () => Views): Promise<void> {
    // A process that is gone may have ended before this one began, and be in no view.
    const left = await this.#options.storage?.listLeft();
    const owing = new Map<string, string | undefined>();
    const answering = new Set<string>();
    for (const [id, view] of views()) {
      const folder = view.state?.folder;
      if (view.reach === 'answers' && folder !== undefined) answering.add(folder);
      if (owes(view, epoch)) owing.set(id, folder);
    }
    for (const folder of left ?? []) if (!answering.has(folder)) owing.set(folder, folder);
    if (owing.size === 0) return;
    const fromMs = this.#options.elapsedMs();
    this.#debts.push({ epoch, fromMs, owing, idleSinceMs: undefined });
    this.#hold();
  }

  /**
   * Whether what a process left may be sent, by its folder: all have sent what they scraped before
   * its targets were divided anew, which it may have held back for, or can't before it is sent.
   *
   * @param sentEpoch  of this collector
   * @param newest     the epoch under which it has its parts; for a process that it never knew
   */
  mayTakeOver(
    folder: string,
    { views, sentEpoch, newest }: { views: Views; sentEpoch: number; newest: number },
  ): boolean {
    const debt = this.#debts.find(({ owing }) => [...owing.values()].includes(folder));
    const epoch = debt?.epoch ?? newest;
    if (sentEpoch < epoch && !this.isHeldUp) return false;
    return [...views.values()].every((view) => !owes(view, epoch) || view.state?.isHeldUp === true);
  }

  /** Ends what is settled; to be called again and again while something is held back. */
  async settle(views: () => Views): Promise<void> {
    if (this.#isSettling || this.#debts.length === 0) return;
    this.#isSettling = true;
    try {
      // A copy: what is settled leaves the list, and others may come in between.
      for (const debt of this.#debts.slice()) {
        for (const [id, folder] of debt.owing)
          if (!(await this.#isOwing(views().get(id), debt.epoch, folder))) debt.owing.delete(id);
        if (debt.owing.size === 0 || this.#isOverdue(debt))
          this.#debts.splice(this.#debts.indexOf(debt), 1);
      }
      this.#hold();
    } finally {
      this.#isSettling = false;
    }
  }

  async #isOwing(
    view: PeerView | undefined,
    epoch: number,
    folder: string | undefined,
  ): Promise<boolean> {
    // One that is silent for a moment says the rest later.
    if (view !== undefined && view.reach === 'answers') return owes(view, epoch);
    const { storage } = this.#options;
    return folder !== undefined && storage !== undefined && storage.hasLeft(folder);
  }

  #isOverdue(debt: Debt): boolean {
    const { elapsedMs, hasBefore, log } = this.#options;
    if (hasBefore(debt.fromMs)) {
      debt.idleSinceMs = undefined;
      return false;
    }
    debt.idleSinceMs ??= elapsedMs();
    if (elapsedMs() - debt.idleSinceMs < HELD_MAX_MS) return false;
    log.warn(
      'another collector does not get rid of what it scraped before a hand-over: what was ' +
        'scraped since goes first, and the receiver may refuse the rest as out of order',
      { waits_at: [...debt.owing.keys()][0], held_ms: Math.round(elapsedMs() - debt.fromMs) },
    );
    return true;
  }

  #hold(): void {
    this.#options.holdFrom(this.#heldFromMs);
  }
}

/** One that has left gives nothing up any more. */
function owes({ reach, state }: PeerView, epoch: number): boolean {
  if (reach !== 'answers' || state?.released === undefined) return false;
  return (state.sentEpoch ?? Infinity) < Math.min(epoch, state.released.epoch);
}
