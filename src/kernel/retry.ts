/**
 * Waits between attempts: exponential backoff with jitter over the upper half of the wait, and the
 * time that the other side gives in Retry-After. A caller marks the errors that are worth a retry
 * by throwing RecoverableError.
 */
import { type Clock } from './clock.ts';
import { RecoverableError } from './errors.ts';

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * The wait before retry number `attempt` (1 is the first), in ms. A full wait doubles from min to
 * max; `random` (0 ≤ random < 1) chooses between half of it and all of it, so that many senders do
 * not return at the same moment.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const full = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/**
 * The wait in ms that a Retry-After header asks for, as seconds or as an HTTP date; undefined when
 * it is neither, or a date in the past. A date is of the clock of its sender, which the Date header
 * shows.
 *
 * @param nowMs  the time where there is no Date header
 */
export function parseRetryAfterMs(
  headers: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const dateMs = Date.parse(text);
  const sentMs = Date.parse(headers['date'] ?? '');
  const waitMs = dateMs - (Number.isNaN(sentMs) ? nowMs : sentMs);
  return waitMs > 0 ? waitMs : undefined;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly random?: () => number;
  /** Limit of a Retry-After that is honoured, ms; 60,000 by default. */
  readonly retryAfterMaxMs?: number;
  readonly onRetry?: (error: RecoverableError, waitMs: number, attempt: number) => void;
}

/**
 * Waits after a fault that only a change of the set-up mends, unless the other side asks for
 * another: short ones first, since a receiver that has just been made or moved is there soon.
 */
const SETUP_BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };

function waitBefore(
  error: RecoverableError,
  attempt: number,
  { backoff, retryAfterMaxMs = 60_000, random }: WaitOptions,
): number {
  const waitMs = backoffMs(backoff, attempt, random);
  if (error.retryAfterMs !== undefined)
    return Math.max(Math.min(error.retryAfterMs, retryAfterMaxMs), waitMs);
  return error.isOfSetUp ? Math.max(waitMs, backoffMs(SETUP_BACKOFF, attempt, random)) : waitMs;
}

interface WaitOptions extends Pick<RetryOptions, 'backoff' | 'retryAfterMaxMs'> {
  readonly random: number;
}

/**
 * Runs `action` until it succeeds.
 *
 * @throws what `action` throws, unless it is a RecoverableError; the signal's reason
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
      const waitMs = waitBefore(error, attempt, { ...options, random: random() });
      options.onRetry?.(error, waitMs, attempt);
      await options.clock.sleep(waitMs, options.signal);
    }
  }
}
