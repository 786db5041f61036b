/**
 * When a sender gets its next batch. It has some lanes of its own, and waits for the first of:
 *
 *     a full batch          what its lanes hold together reaches a limit of the batch
 *     the deadline          the oldest chunk of its lanes has waited so long
 *     hurry                 a flush: what was appended before it waits for nothing more
 *     draining              nothing more will come; with empty lanes the sender is told so
 *     its signal, the end   no batch
 *
 * Not here: which chunks make the batch (lane.ts), their bytes.
 */
import type { Clock } from '../kernel/clock.ts';
import type { BatchLimits } from '../model/queue.ts';
import { isFullBatch, type Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

export interface Demand {
  readonly lanes: readonly number[];
  readonly limits: BatchLimits;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export class Senders {
  readonly #lanes: Lanes;
  readonly #clock: Clock;
  readonly #ending: AbortSignal;
  readonly #signals = new WeakMap<AbortSignal, AbortSignal>();
  #isDraining = false;
  /** What was appended until then waits for no deadline. */
  #hurriedMs = -Infinity;

  /** @param ending  of the queue: aborts when no sender is to get anything more */
  constructor(lanes: Lanes, clock: Clock, ending: AbortSignal) {
    this.#lanes = lanes;
    this.#clock = clock;
    this.#ending = ending;
  }

  /**
   * Those of its lanes that hold a batch which is to be sent now; undefined when there is none and
   * none will come.
   */
  async whenDue({ lanes, limits, deadlineMs, signal }: Demand): Promise<Lane[] | undefined> {
    const own = lanes.map((lane) => this.#lanes.at(lane));
    const anySignal = this.#withEnding(signal);
    while (!anySignal.aborted) {
      const open = this.#lanes.findOpen(own);
      const filled = open.filter((lane) => lane.oldest() !== undefined);
      if (filled.length === 0 && this.#isDraining && open.length === own.length) return undefined;
      const waitMs = filled.length === 0 ? Infinity : this.#measureWait(filled, limits, deadlineMs);
      if (waitMs <= 0) return filled;
      await this.#wait(own, limits, waitMs, anySignal);
    }
    return undefined;
  }

  /** What was appended until then is due. */
  hurry(appendedMs: number): void {
    this.#hurriedMs = appendedMs;
    this.#lanes.wakeAll();
  }

  /** All that is there is due, and nothing will come. */
  drain(): void {
    this.#isDraining = true;
    this.#lanes.wakeAll();
  }

  /** How long what waits in the lanes may wait yet, ms. */
  #measureWait(filled: readonly Lane[], limits: BatchLimits, deadlineMs: number): number {
    const oldestMs = Math.min(...filled.map((lane) => lane.oldest()?.appendedMs ?? Infinity));
    if (this.#isDraining || oldestMs <= this.#hurriedMs || isFullBatch(filled, limits)) return 0;
    // A clock set back must not make a chunk wait longer than one deadline.
    return deadlineMs - Math.max(0, this.#clock.nowMs() - oldestMs);
  }

  /** Waits until a lane wakes its waiter, or a span is over, or the signal aborts. */
  async #wait(
    lanes: readonly Lane[],
    limits: BatchLimits,
    ms: number,
    signal: AbortSignal,
  ): Promise<void> {
    const isForFirst = ms === Infinity;
    const over = new AbortController();
    await new Promise<void>((wake) => {
      const isEnough = (): boolean => isFullBatch(lanes, limits);
      const waiter = { wantsFirst: isForFirst, isEnough, wake };
      for (const lane of lanes) lane.wait(waiter);
      const onAbort = (): void => over.abort();
      signal.addEventListener('abort', onAbort, { once: true });
      over.signal.addEventListener('abort', () => {
        signal.removeEventListener('abort', onAbort);
        wake();
      });
      if (!isForFirst) this.#clock.sleep(ms, over.signal).then(wake, () => undefined);
    });
    over.abort(new Error('no longer waiting'));
  }

  /**
   * AbortSignal.any() registers with each of its signals, so it is made once for a sender and not
   * for each batch.
   */
  #withEnding(signal: AbortSignal): AbortSignal {
    let both = this.#signals.get(signal);
    if (both === undefined) {
      both = AbortSignal.any([signal, this.#ending]);
      this.#signals.set(signal, both);
    }
    return both;
  }
}
