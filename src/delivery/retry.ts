/**
 * Delivery that goes on trying for as long as the failure may pass, waiting as the receiver asks,
 * and says so: the first failures as warnings, a set-up that must be mended and what lasts as
 * errors, and when it works again.
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
  /** Of the jitter, for tests. */
  readonly random?: (() => number) | undefined;
}

/** Failures in a row that count as lasting. */
const LASTING = 10;

/** Its outcome is never `again`; rejects when the signal `ending` aborts first. */
export function withRetry(deliver: Deliver, options: DeliveryRetryOptions): Deliver {
  const { world, load, metrics, backoff, random } = options;
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
      const level = isSetUp(error) || attempt > LASTING ? 'error' : 'warn';
      if (failures === 0) load.failing += 1;
      failures = attempt;
      const fields = { error, attempt, wait_ms: waitMs, items: countItems(left) };
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
      if (failures > 0 && outcome.kind === 'done')
        world.log.info('it delivers again', { failures });
      return outcome;
    } finally {
      if (failures > 0) load.failing -= 1;
    }
  };
}

/** Trying again alone does not mend it. */
function isSetUp({ code }: RecoverableError): boolean {
  return code === 'SINK_FORBIDDEN';
}
