/**
 * Delivery that leaves out what has grown too old for the receiver, anew before each attempt:
 * waiting for a receiver that is away ages what waits.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Chunk } from '../model/queue.ts';
import type { Deliver } from './attempt.ts';
import type { Losses } from './losses.ts';
import type { AgeSplit, Protocol } from './protocol.ts';

export interface AgeLimitOptions {
  /** 0 keeps everything. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly protocol: Pick<Protocol<unknown>, 'withoutOlder'>;
  readonly losses: Losses;
}

export function withAgeLimit(deliver: Deliver, options: AgeLimitOptions): Deliver {
  const { limitMs, clock, protocol, losses } = options;
  if (limitMs <= 0) return deliver;
  return (chunks, attempt, signals) => {
    const cutoffMs = clock.nowMs() - limitMs;
    if (chunks.every((chunk) => chunk.oldestMs >= cutoffMs))
      return deliver(chunks, attempt, signals);
    const split = protocol.withoutOlder?.(chunks, cutoffMs) ?? wholeChunks(chunks, cutoffMs);
    if (split.dropped.length > 0) losses.expired(split.dropped, limitMs);
    if (split.kept.length === 0) return Promise.resolve({ kind: 'done' });
    return deliver(split.kept, attempt, signals);
  };
}

function wholeChunks(chunks: readonly Chunk[], cutoffMs: number): AgeSplit {
  const isOld = ({ newestMs }: Chunk): boolean => newestMs < cutoffMs;
  return {
    kept: chunks.filter((chunk) => !isOld(chunk)),
    dropped: chunks.filter(isOld),
  };
}
