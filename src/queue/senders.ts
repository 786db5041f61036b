/**
 * When a sender gets its next batch. A sender has some lanes to itself, and waits for the first of:
 *
 *     a full batch          its lanes together reach a limit of the batch
 *     the deadline          the oldest chunk of its lanes has waited for `deadlineMs`
 *     hurry                 a flush: what was appended before it is due at once
 *     draining              nothing more will come: what waits is due; empty lanes end the sender
 *     a hold                what was appended since then is not due, whatever else holds
 *     its signal, the end   no batch
 *
 * Not here: which chunks make the batch (lane.ts), and their bytes (queue.ts).
 */
import { unwatchAbort, watchAbort } from '../kernel/abort-watch.ts';
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
  /** What was appended at this elapsed time or before waits for no deadline. */
  #hurriedMs = -Infinity;
  /** What was appended at this elapsed time or later is not sent. */
  #heldFromMs = Infinity;

  /** @param ending  aborts when the queue stops, and no sender gets anything more */
  constructor(lanes: Lanes, clock: Clock, ending: AbortSignal) {
    this.#lanes = lanes;
    this.#clock = clock;
    this.#ending = ending;
  }

  /**
   * Resolves with the lanes whose chunks are due, or with undefined when nothing is due and nothing
   * will be. Never rejects.
   */
  async whenDue({ lanes, limits, deadlineMs, signal }: Demand): Promise<Lane[] | undefined> {
    const anySignal = this.#withEnding(signal);
    while (!anySignal.aborted) {
      // Anew each time: their entries may have been ordered anew.
      const own = lanes.map((lane) => this.#lanes.at(lane));
      const open = this.#lanes.findOpen(own);
      const filled = open.filter((lane) => lane.oldest() !== undefined);
      if (filled.length === 0 && this.#isDraining && open.length === own.length) return undefined;
      const free = filled.filter((lane) => !this.#isHeld(lane));
      const waitMs = free.length === 0 ? Infinity : this.#measureWait(free, limits, deadlineMs);
      if (waitMs <= 0) return free;
      await this.#wait(own, limits, waitMs, anySignal);
    }
    return undefined;
  }

  /** Makes due what was appended at `appendedMs`, elapsed time, or before. */
  hurry(appendedMs: number): void {
    this.#hurriedMs = appendedMs;
    this.#lanes.wakeAll();
  }

  get heldFromMs(): number {
    return this.#heldFromMs;
  }

  /** Holds back what was appended at this elapsed time or later; nothing when infinite. */
  holdFrom(appendedMs: number): void {
    this.#heldFromMs = appendedMs;
    this.#lanes.wakeAll();
  }

  /** Makes all due that waits; nothing more will be appended. */
  drain(): void {
    this.#isDraining = true;
    this.#lanes.wakeAll();
  }

  #isHeld(lane: Lane): boolean {
    return (lane.oldest()?.appendedMs ?? -Infinity) >= this.#heldFromMs;
  }

  /** For how many more ms the oldest chunk of the lanes may wait. */
  #measureWait(filled: readonly Lane[], limits: BatchLimits, deadlineMs: number): number {
    const oldestMs = Math.min(...filled.map((lane) => lane.oldest()?.appendedMs ?? Infinity));
    if (this.#isDraining || oldestMs <= this.#hurriedMs || isFullBatch(filled, limits)) return 0;
    return deadlineMs - (this.#clock.elapsedMs() - oldestMs);
  }

  /** Waits until a lane wakes its waiter, `ms` have passed, or the signal aborts. */
  async #wait(
    lanes: readonly Lane[],
    limits: BatchLimits,
    ms: number,
    signal: AbortSignal,
  ): Promise<void> {
    const isForFirst = ms === Infinity;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        alarm.clear();
        unwatchAbort(signal, wake);
        resolve();
      };
      const alarm = this.#clock.alarm(wake);
      const isEnough = (): boolean => isFullBatch(lanes, limits);
      const waiter = { wantsFirst: isForFirst, isEnough, wake };
      for (const lane of lanes) lane.wait(waiter);
      watchAbort(signal, wake);
      if (!isForFirst) alarm.set(ms);
    });
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
