/**
 * Delivery that tries again for as long as the failure may pass, after the wait that the receiver
 * asks for, or else a growing one. The first failures are logged as warnings; a fault of the
 * set-up, and a failure that lasts, as errors; and it is logged when delivery works again.
 * Limits: one error a minute of all batches of a sink, until a batch is delivered.
 */
import type { RecoverableError } from '../kernel/errors.ts';
import { type Backoff, retrying } from '../kernel/retry.ts';
import type { World } from '../kernel/world.ts';
import type { Deliver, Outcome } from './attempt.ts';
import type { Load } from './load.ts';
import type { DeliveryMetrics } from './metrics.ts';
import { countItems } from './protocol.ts';

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

/** After this many failures in a row, further ones are logged as errors. */
const LASTING = 10;
/** Until the next error of the sink is logged. */
const ERROR_INTERVAL_MS = 60_000;

/** Wraps `deliver`: the outcome is never `again`. Rejects when the signal `ending` aborts first. */
export function withRetry(deliver: Deliver, options: DeliveryRetryOptions): Deliver {
  const { world, load, metrics, backoff, random, pendingItems } = options;
  let nextErrorMs = -Infinity;
  return async (chunks, _attempt, signals) => {
    let left = chunks;
    let failures = 0;
    let sinceMs = 0;
    const tryOnce = async (attempt: number): Promise<Outcome> => {
      if (attempt > 1) metrics.retried.inc(countItems(left));
      const outcome = await deliver(left, attempt, signals);
      if (outcome.kind !== 'again') return outcome;
      left = outcome.chunks;
      throw outcome.error;
    };
    const onRetry = (error: RecoverableError, waitMs: number, attempt: number): void => {
      const level = isFaultOfSetUp(error) || attempt > LASTING ? 'error' : 'warn';
      if (failures === 0) {
        load.failing += 1;
        sinceMs = world.clock.elapsedMs();
      }
      failures = attempt;
      const nowMs = world.clock.elapsedMs();
      if (level === 'error' && nowMs < nextErrorMs) return;
      if (level === 'error') nextErrorMs = nowMs + ERROR_INTERVAL_MS;
      const waiting = pendingItems();
      const fields = { error, attempt, wait_ms: waitMs, items: countItems(left), waiting };
      world.log[level]('delivery failed; it is tried again', fields);
    };
    try {
      const outcome = await retrying(tryOnce, {
        clock: world.clock,
        backoff,
        signal: signals.ending,
        onRetry,
        ...(random === undefined ? {} : { random }),
      });
      if (outcome.kind === 'done') nextErrorMs = -Infinity;
      if (failures > 0 && outcome.kind === 'done')
        world.log.info('it delivers again', {
          failures,
          after_ms: Math.round(world.clock.elapsedMs() - sinceMs),
          waiting: pendingItems(),
        });
      return outcome;
    } finally {
      if (failures > 0) load.failing -= 1;
    }
  };
}

/** Whether somebody has to change the set-up: trying again does not help. */
function isFaultOfSetUp({ code }: RecoverableError): boolean {
  return code === 'SINK_FORBIDDEN';
}
