/**
 * Losses of one sink, in one vocabulary for all sinks: how many items, why, whose. Counted and said
 * in one place.
 */
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';
import type { Chunk } from '../model/queue.ts';
import type { Loss, Protocol } from './protocol.ts';
import { countItems } from './protocol.ts';

export interface LossesOptions {
  /** As in metrics: kind and name. */
  readonly sink: string;
  readonly protocol: Pick<Protocol<unknown>, 'ownersOf'>;
  readonly metrics: Registry;
  readonly log: Logger;
  /** For a sink that has metrics of its own for them. */
  readonly onLoss?: ((loss: Loss, cause: LossCause) => void) | undefined;
}

/** Why they are lost: by the receiver's word, by our age limit, or before they were sent. */
export type LossCause = 'refused' | 'expired' | 'unsent';

/** Owners told apart in one line of the log. */
const OWNERS_LOGGED_MAX = 10;

export class Losses {
  readonly #options: LossesOptions;
  readonly #dropped;

  constructor(options: LossesOptions) {
    this.#options = options;
    this.#dropped = options.metrics.counters(
      'amperage_sink_items_dropped_total',
      'Items that a sink lost for good, by reason and by whose they were.',
    );
  }

  /** The receiver refused these for good. */
  refused(losses: readonly Loss[], answer: string): void {
    if (losses.length === 0) return;
    this.#count(losses, 'refused');
    this.#options.log.error('the receiver refused items; they are dropped', {
      ...summarizeLosses(losses),
      answer,
    });
  }

  refusedChunks(chunks: readonly Chunk[], reason: string, answer: string): void {
    this.refused(this.#byOwner(chunks, reason), answer);
  }

  /** The receiver would not take these any more. */
  expired(chunks: readonly Chunk[], limitMs: number): void {
    const losses = this.#byOwner(chunks, 'too_old');
    this.#count(losses, 'expired');
    this.#options.log.warn('items above the age limit are dropped', {
      ...summarizeLosses(losses),
      limit_ms: limitMs,
    });
  }

  /** Lost before they were sent, as whoever lost them has said. @param owner  '' where unknown */
  lost(items: number, reason: string, owner: string): void {
    this.#count([{ items, reason, owner }], 'unsent');
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

function summarizeLosses(losses: readonly Loss[]): Record<string, string | number> {
  const owners = [...new Set(losses.map(({ owner }) => owner))];
  const more = owners.length - OWNERS_LOGGED_MAX;
  return {
    items: losses.reduce((sum, { items }) => sum + items, 0),
    reason: [...new Set(losses.map(({ reason }) => reason))].join(','),
    owners: `${owners.slice(0, OWNERS_LOGGED_MAX).join(',')}${more > 0 ? ` and ${more} more` : ''}`,
  };
}
