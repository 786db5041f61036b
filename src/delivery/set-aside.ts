/**
 * Delivery of items that need no order: what the receiver could not take of a batch, while it took
 * the rest, goes to the end of the queue, and holds up nobody. It is in the queue again before the
 * batch is acknowledged, so that a crash repeats it and loses nothing.
 *
 * Where an answer took nothing of a batch, the receiver may be in trouble as a whole: it is asked
 * again after growing waits, and the batch makes room for others only after some of them.
 */
import type { Logger } from '../kernel/logger.ts';
import type { ChunkQueue } from '../model/queue.ts';
import type { Deliver } from './attempt.ts';
import type { DeliveryMetrics } from './metrics.ts';
import { countItems, type Protocol } from './protocol.ts';

export interface SetAsideOptions {
  readonly protocol: Pick<Protocol<unknown>, 'isUnordered'>;
  readonly queue: Pick<ChunkQueue, 'append'>;
  readonly metrics: Pick<DeliveryMetrics, 'retried'>;
  readonly log: Logger;
}

/** After so many attempts a batch of which nothing is taken goes behind the others. */
const ATTEMPTS_MAX = 5;

/** Wraps a `deliver` under the retries; the outcome is `again` where a wait is due first. */
export function withSetAside(deliver: Deliver, options: SetAsideOptions): Deliver {
  const { protocol, queue, metrics, log } = options;
  if (protocol.isUnordered !== true) return deliver;
  return async (chunks, attempt, signals) => {
    const outcome = await deliver(chunks, attempt, signals);
    if (outcome.kind !== 'again' || outcome.settled === undefined) return outcome;
    if (outcome.settled === 0 && attempt < ATTEMPTS_MAX) return outcome;
    const items = countItems(outcome.chunks);
    for (const chunk of outcome.chunks) queue.append(chunk);
    metrics.retried.inc(items);
    log.warn('the receiver could not take some items; they are sent again behind the others', {
      items,
      error: outcome.error,
    });
    return { kind: 'done' };
  };
}
