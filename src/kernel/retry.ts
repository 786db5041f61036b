/**
 * Waiting between attempts: exponential backoff with full-range jitter, and what another side asked
 * for by Retry-After. Which errors are worth a retry is the caller's to say.
 */
import { type Clock } from './clock.ts';
import { RecoverableError } from './errors.ts';

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * The wait before attempt `attempt` (1 is the first retry): doubles from min to max, then between
 * half of that and all of it by `random` (0 ≤ random < 1), so that many senders do not come back
 * together.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const full = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/**
 * Milliseconds of a Retry-After header, seconds or an HTTP date; undefined when it is neither or in
 * the past.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const dateMs = Date.parse(text);
  if (Number.isNaN(dateMs) || dateMs <= nowMs) return undefined;
  return dateMs - nowMs;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly random?: () => number;
  /** The longest Retry-After that is honoured, ms. */
  readonly retryAfterMaxMs?: number;
  readonly onRetry?: (error: RecoverableError, waitMs: number, attempt: number) => void;
}

/**
 * Runs `action` until it succeeds or throws something other than a RecoverableError, or the signal
 * aborts.
 */
export async function retrying<T>(
  action: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const random = options.random ?? Math.random;
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    try {
      return await action(attempt);
    } catch (error) {
      if (!(error instanceof RecoverableError)) throw error;
      const asked = Math.min(error.retryAfterMs ?? 0, options.retryAfterMaxMs ?? 60_000);
      const waitMs = Math.max(asked, backoffMs(options.backoff, attempt, random()));
      options.onRetry?.(error, waitMs, attempt);
      await options.clock.sleep(waitMs, options.signal);
    }
  }
}
