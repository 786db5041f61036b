/**
 * The seam between delivery and a receiver's own protocol: how a request is made of chunks, how it
 * is sent, and what the answer means for the chunks. What is the same for every receiver is in this
 * folder; a protocol knows neither the queue nor retries, and counts no losses.
 */
import type { RecoverableError } from '../kernel/errors.ts';
import type { Chunk } from '../model/queue.ts';

/** Items that are lost for one reason; owners are jobs, log groups or services. */
export interface Loss {
  /** One of a bounded set of words, since it is the label of a metric. */
  readonly reason: string;
  readonly owner: string;
  readonly items: number;
}

/** What the receiver's response to one request means. */
export type Answer =
  /** All was taken. `bytes` is the size of the request. */
  | { readonly kind: 'delivered'; readonly bytes: number }
  /** The failure may pass: all is sent again, after the error's `retryAfterMs` if it has one. */
  | { readonly kind: 'again'; readonly error: RecoverableError }
  /** The request is too large as a whole; `text` is for the log. */
  | { readonly kind: 'split'; readonly text: string }
  /** A part was taken; `again` is to be sent once more, and `lost` is refused for good. */
  | {
      readonly kind: 'partial';
      readonly bytes: number;
      readonly again: readonly Chunk[];
      readonly error?: RecoverableError;
      readonly lost: readonly Loss[];
      readonly text: string;
    }
  /**
   * All was refused for good. `isSeparable`: the fault may be that of a single item, so the others
   * are tried in requests of their own.
   */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly isSeparable: boolean;
      readonly text: string;
    };

export interface Protocol<Request> {
  /**
   * Whether items need no order: what the receiver could not take then goes behind the others, and
   * holds up none of them.
   */
  readonly isUnordered?: boolean;
  /** One request of the chunks; undefined when they are not what the sink's encoder wrote. */
  encode(chunks: readonly Chunk[]): Request | undefined;
  /**
   * Sends it once.
   *
   * @param attempt  1 for the first
   * @param signal   cuts the request off
   * @throws RecoverableError when there is no answer
   */
  send(request: Request, attempt: number, signal: AbortSignal): Promise<Answer>;
  /**
   * The requests that a batch becomes, in order, where the receiver bounds them otherwise than the
   * queue does. Without this method, a batch is one request.
   */
  divide?(chunks: readonly Chunk[]): readonly (readonly Chunk[])[];
  /** Undefined when there is only one item, or the bytes are not the encoder's. */
  halve?(chunks: readonly Chunk[]): Halves | undefined;
  /**
   * Divides the chunks into items from `cutoffMs` on and older ones. Without this method, a chunk
   * is kept or dropped as a whole.
   */
  withoutOlder?(chunks: readonly Chunk[], cutoffMs: number): AgeSplit;
  readonly suspects?: Suspects;
  /** How many items of the chunks each owner has. Without this method, all are the owner "". */
  ownersOf?(chunks: readonly Chunk[]): ReadonlyMap<string, number>;
}

/** None of them is empty. */
export interface Halves {
  readonly first: readonly Chunk[];
  readonly second: readonly Chunk[];
  /**
   * Whether the second must not be sent before all of the first is settled, since both may have
   * items of one series.
   */
  readonly isOrdered: boolean;
}

/** Two halves of several chunks. */
export function halveChunks(chunks: readonly Chunk[]): Halves {
  const middle = Math.ceil(chunks.length / 2);
  return { first: chunks.slice(0, middle), second: chunks.slice(middle), isOrdered: true };
}

/** Items of a batch that were refused before, and the rest, which is sent first. */
export interface TakenApart {
  readonly rest: readonly Chunk[];
  /** Items that are judged each alone; a chunk an item. */
  readonly alone: readonly Chunk[];
  /** The others, which share a request and what becomes of it. */
  readonly apart: readonly Chunk[];
}

/** The memory of the items that were refused, so that they are not searched for each time. */
export interface Suspects {
  /** Series that are remembered. */
  readonly size: number;
  /** Undefined where there are none among the chunks. @param aloneMax  of `alone` */
  takeApart(chunks: readonly Chunk[], aloneMax: number): TakenApart | undefined;
  /**
   * Notes the items of chunks that were refused.
   *
   * @returns  how many of them were only ever refused together with others
   */
  refused(chunks: readonly Chunk[], text: string): number;
  /** Forgets what was apart and is taken again. */
  taken(chunks: readonly Chunk[]): void;
  /** Tells what of them has waited for its minute. */
  tellRest(): void;
}

export interface AgeSplit {
  readonly kept: readonly Chunk[];
  readonly dropped: readonly Chunk[];
}

export function countItems(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.items, 0);
}
