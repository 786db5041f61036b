/**
 * Delivery that tries again for as long as the failure may pass, after the wait that the receiver
 * asks for, or else a growing one. Of an outage of a sink, the first failure of any batch is
 * logged, then the sum once a minute, as an error, and its end. A fault of the set-up is an error
 * from the first, also where it comes in the middle.
 */
import type { RecoverableError } from '../kernel/errors.ts';
import type { LogFields } from '../kernel/logger.ts';
import { type Backoff, retrying } from '../kernel/retry.ts';
import { Outage } from '../kernel/outage.ts';
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

/** Wraps `deliver`: the outcome is never `again`. Rejects when the signal `ending` aborts first. */
export function withRetry(deliver: Deliver, options: DeliveryRetryOptions): Deliver {
  const { world, load, metrics, backoff, random, pendingItems } = options;
  const outage = new Outage(() => world.clock.elapsedMs());
  /** The codes of the present outage that were logged. */
  const told = new Set<string>();
  const say = (error: RecoverableError, fields: LogFields): void => {
    const sum = outage.failed();
    const isNewFault = isFaultOfSetUp(error) && !told.has(error.code);
    if (sum === undefined && !isNewFault) return;
    told.add(error.code);
    const isLasting = sum !== undefined && sum.failures > 1;
    const level = isLasting || isFaultOfSetUp(error) ? 'error' : 'warn';
    const since = sum && { failures: sum.failures, for_ms: Math.round(sum.lastedMs) };
    world.log[level]('delivery failed; it is tried again', { error, ...since, ...fields });
  };
  const sayDelivered = (): void => {
    const sum = outage.worked();
    if (sum === undefined) return;
    told.clear();
    const { failures, lastedMs } = sum;
    const after = { failures, after_ms: Math.round(lastedMs), waiting: pendingItems() };
    world.log.info('it delivers again', after);
  };
  return async (chunks, _attempt, signals) => {
    let left = chunks;
    let failures = 0;
    const tryOnce = async (attempt: number): Promise<Outcome> => {
      if (attempt > 1) metrics.retried.inc(countItems(left));
      const outcome = await deliver(left, attempt, signals);
      if (outcome.kind !== 'again') return outcome;
      left = outcome.chunks;
      throw outcome.error;
    };
    const onRetry = (error: RecoverableError, waitMs: number, attempt: number): void => {
      if (failures === 0) load.failing += 1;
      failures = attempt;
      const items = countItems(left);
      say(error, { attempt, wait_ms: waitMs, items, waiting: pendingItems() });
    };
    try {
      const outcome = await retrying(tryOnce, {
        clock: world.clock,
        backoff,
        signal: signals.ending,
        onRetry,
        ...(random === undefined ? {} : { random }),
      });
      if (outcome.kind === 'done') sayDelivered();
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
