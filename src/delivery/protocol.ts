/**
 * The seam between delivery and a receiver's own protocol: what a request is made of, how it is
 * sent, and what the answer means for the chunks. Everything that is the same for every receiver
 * lives in this folder; a protocol knows no queue, no retry and no counting of losses.
 */
import type { RecoverableError } from '../kernel/errors.ts';
import type { Chunk } from '../model/queue.ts';

/** Items that are lost for one reason; owners are jobs, log groups or services. */
export interface Loss {
  /** A bounded word. */
  readonly reason: string;
  readonly owner: string;
  readonly items: number;
}

/** What the receiver made of one request. */
export type Answer =
  /** @property bytes  of the request, for counters */
  | { readonly kind: 'delivered'; readonly bytes: number }
  /** It may pass: all goes again, after `retryAfterMs` of the error where it says so. */
  | { readonly kind: 'again'; readonly error: RecoverableError }
  /** The request is too large as a whole; `text` says so for the log. */
  | { readonly kind: 'split'; readonly text: string }
  /** Some was taken; `again` must go once more, `lost` never arrives. */
  | {
      readonly kind: 'partial';
      readonly bytes: number;
      readonly again: readonly Chunk[];
      readonly error?: RecoverableError;
      readonly lost: readonly Loss[];
      readonly text: string;
    }
  /**
   * For good. `isSeparable`: the fault may be one item's alone, so the others are worth a request
   * of their own.
   */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly isSeparable: boolean;
      readonly text: string;
    };

export interface Protocol<Request> {
  /** One request of the chunks, undefined when they are not what the sink's encoder wrote. */
  encode(chunks: readonly Chunk[]): Request | undefined;
  /**
   * Sends it once.
   *
   * @param attempt  1 for the first
   * @param signal   cuts it off
   * @throws RecoverableError where there is no answer
   */
  send(request: Request, attempt: number, signal: AbortSignal): Promise<Answer>;
  /**
   * Two halves in order; undefined when there is only one item, or the bytes are not the encoder's.
   */
  halve?(chunks: readonly Chunk[]): readonly [readonly Chunk[], readonly Chunk[]] | undefined;
  /**
   * The chunks without items older than `cutoffMs`, and those items; whole chunks are judged where
   * this is absent.
   */
  withoutOlder?(chunks: readonly Chunk[], cutoffMs: number): AgeSplit;
  /** Whose the items of the chunks are; all nobody's where this is absent. */
  ownersOf?(chunks: readonly Chunk[]): ReadonlyMap<string, number>;
}

export interface AgeSplit {
  readonly kept: readonly Chunk[];
  readonly dropped: readonly Chunk[];
}

/** Sum of the items. */
export function countItems(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.items, 0);
}
