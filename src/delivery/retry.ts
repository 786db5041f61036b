/**
 * Delivery that tries again for as long as the failure may pass, after the wait that the receiver
 * asks for, or else a growing one. What is logged of it: retry-log.ts.
 */
import type { RecoverableError } from '../kernel/errors.ts';
import { type Backoff, retrying } from '../kernel/retry.ts';
import type { World } from '../kernel/world.ts';
import type { Deliver, Outcome } from './attempt.ts';
import type { Load } from './load.ts';
import type { DeliveryMetrics } from './metrics.ts';
import { countItems } from './protocol.ts';
import { RetryLog } from './retry-log.ts';

export interface DeliveryRetryOptions {
  readonly backoff: Backoff;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly load: Load;
  readonly metrics: Pick<DeliveryMetrics, 'retried'>;
  /** Items that are not delivered yet, those of this batch among them. */
  readonly pendingItems: () => number;
  /** Random numbers of the jitter, for tests. */
  readonly random?: (() => number) | undefined;
}

/** Wraps `deliver`: the outcome is never `again`. Rejects when the signal `ending` aborts first. */
export function withRetry(deliver: Deliver, options: DeliveryRetryOptions): Deliver {
  const { world, load, metrics, backoff, random, pendingItems } = options;
  const told = new RetryLog(world.log, world.clock);
  return async (chunks, _attempt, signals) => {
    let left = chunks;
    let isFailing = false;
    const tryOnce = async (attempt: number): Promise<Outcome> => {
      if (attempt > 1) metrics.retried.inc(countItems(left));
      const outcome = await deliver(left, attempt, signals);
      if (outcome.kind !== 'again') return outcome;
      left = outcome.chunks;
      throw outcome.error;
    };
    const onRetry = (error: RecoverableError, waitMs: number, attempt: number): void => {
      if (!isFailing) load.failing += 1;
      isFailing = true;
      told.failed({ error, attempt, waitMs, items: countItems(left), waiting: pendingItems() });
    };
    let outcome: Outcome | undefined;
    try {
      outcome = await retrying(tryOnce, {
        clock: world.clock,
        backoff,
        signal: signals.ending,
        onRetry,
        ...(random === undefined ? {} : { random }),
      });
      return outcome;
    } finally {
      if (isFailing) load.failing -= 1;
      if (isFailing && load.failing === 0 && outcome?.kind === 'done')
        told.delivered(pendingItems());
    }
  };
}
