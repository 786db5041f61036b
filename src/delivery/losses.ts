/**
 * Losses of one sink, in one vocabulary for all sinks: how many items, for which reason, and whose.
 * All of them are counted and logged here.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Counter, Registry } from '../kernel/metrics.ts';
import type { Chunk } from '../model/queue.ts';
import { LossLog } from './loss-log.ts';
import type { Loss, Protocol } from './protocol.ts';
import { countItems } from './protocol.ts';

export interface LossesOptions {
  /** The sink as metrics name it: `kind/name`. */
  readonly sink: string;
  readonly protocol: Pick<Protocol<unknown>, 'ownersOf'>;
  readonly metrics: Registry;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called at each loss, for a sink that has metrics of its own for them. */
  readonly onLoss?: ((loss: Loss, cause: LossCause) => void) | undefined;
}

/** How items were lost: refused by the receiver, above the age limit, or lost in the queue. */
export type LossCause = 'refused' | 'expired' | 'unsent';

export class Losses {
  readonly #options: LossesOptions;
  readonly #dropped;
  readonly #unjudged: Counter;
  readonly #log: LossLog;
  readonly #unjudgedLog: LossLog;

  constructor(options: LossesOptions) {
    this.#options = options;
    this.#log = new LossLog(options.log, options.clock);
    this.#dropped = options.metrics.counters(
      'amperage_sink_items_dropped_total',
      'Items that a sink lost for good, by reason and by whose they were.',
    );
    this.#unjudgedLog = new LossLog(options.log, options.clock);
    this.#unjudged = options.metrics
      .counters(
        'amperage_sink_items_dropped_unjudged_total',
        'Items among those lost that were only ever refused together with others.',
      )
      .with({ sink: options.sink });
  }

  /** Counts and logs what the receiver refused for good. */
  refused(losses: readonly Loss[], answer: string): void {
    if (losses.length === 0) return;
    this.#count(losses, 'refused');
    const event = 'the receiver refused items; they are dropped';
    this.#log.add(losses, { level: 'error', event, fields: { answer } });
  }

  /** The same as `refused`, for whole chunks; their owners are asked of the protocol. */
  refusedChunks(chunks: readonly Chunk[], reason: string, answer: string): void {
    this.refused(this.#byOwner(chunks, reason), answer);
  }

  /** Counts and logs how many of the items refused may be good ones: the search had an end. */
  unjudged(items: number): void {
    if (items === 0) return;
    this.#unjudged.inc(items);
    const event = 'some refused items may be good: the search for the bad ones goes on later';
    const loss = { items, reason: 'unjudged', owner: '' };
    this.#unjudgedLog.add([loss], { level: 'warn', event, fields: {} });
  }

  /** Counts and logs what is above the age limit, which the receiver would refuse. */
  expired(chunks: readonly Chunk[], limitMs: number): void {
    const losses = this.#byOwner(chunks, 'too_old');
    this.#count(losses, 'expired');
    const event = 'items above the age limit are dropped';
    this.#log.add(losses, { level: 'warn', event, fields: { limit_ms: limitMs } });
  }

  /** Counts what was lost before it was sent; the caller logs it. @param owner  '' if unknown */
  lost(items: number, reason: string, owner: string): void {
    this.#count([{ items, reason, owner }], 'unsent');
  }

  /** Logs what no line has told yet. */
  tellRest(): void {
    this.#log.tellRest();
    this.#unjudgedLog.tellRest();
  }

  #byOwner(chunks: readonly Chunk[], reason: string): readonly Loss[] {
    const owners = this.#options.protocol.ownersOf?.(chunks) ?? new Map([['', countItems(chunks)]]);
    return [...owners].map(([owner, items]) => ({ reason, owner, items }));
  }

  #count(losses: readonly Loss[], cause: LossCause): void {
    const { sink, onLoss } = this.#options;
    for (const loss of losses) {
      const { reason, owner, items } = loss;
      this.#dropped.with({ sink, reason, owner }).inc(items);
      onLoss?.(loss, cause);
    }
  }
}
