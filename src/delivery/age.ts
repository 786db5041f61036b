/**
 * Delivery that leaves out what is too old for the receiver. It looks before each attempt, because
 * chunks grow older while they wait for a receiver that is away.
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

/** Wraps `deliver`: items above the age limit are dropped and counted before each attempt. */
export function withAgeLimit(deliver: Deliver, options: AgeLimitOptions): Deliver {
  const { limitMs, clock, protocol, losses } = options;
  if (limitMs <= 0) return deliver;
  return (chunks, attempt, signals) => {
    const { wallOffsetMs = Infinity } = signals;
    // A wall clock that was set forth since the append has made nothing older.
    const nowMs = Math.min(clock.nowMs(), wallOffsetMs + clock.elapsedMs());
    const cutoffMs = nowMs - limitMs;
    if (chunks.every((chunk) => chunk.oldestMs >= cutoffMs))
      return deliver(chunks, attempt, signals);
    const split = protocol.withoutOlder?.(chunks, cutoffMs) ?? splitByChunk(chunks, cutoffMs);
    if (split.dropped.length > 0) losses.expired(split.dropped, limitMs);
    if (split.kept.length === 0) return Promise.resolve({ kind: 'done' });
    return deliver(split.kept, attempt, signals);
  };
}

/** For a protocol that cannot take chunks apart: a chunk goes when its newest item is too old. */
function splitByChunk(chunks: readonly Chunk[], cutoffMs: number): AgeSplit {
  const isOld = ({ newestMs }: Chunk): boolean => newestMs < cutoffMs;
  return {
    kept: chunks.filter((chunk) => !isOld(chunk)),
    dropped: chunks.filter(isOld),
  };
}
