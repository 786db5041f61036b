/**
 * One attempt to deliver some chunks, and its outcome: the interface that every policy of delivery
 * wraps.
 *
 *     split( retry( age limit( attempt over a protocol ) ) )         see delivery.ts
 */
import { RecoverableError } from '../kernel/errors.ts';
import type { Chunk } from '../model/queue.ts';
import type { Load } from './load.ts';
import type { Losses } from './losses.ts';
import { countItems, type Protocol } from './protocol.ts';

/** What became of the chunks; `chunks` are those that are neither delivered nor lost. */
export type Outcome =
  /** Delivered, or lost and counted. */
  | { readonly kind: 'done' }
  | {
      readonly kind: 'again';
      readonly chunks: readonly Chunk[];
      readonly error: RecoverableError;
      /**
       * How many items the same answer has settled; undefined where the receiver has not judged
       * single items.
       */
      readonly settled?: number;
    }
  | { readonly kind: 'split'; readonly chunks: readonly Chunk[]; readonly text: string }
  | {
      readonly kind: 'refused';
      readonly chunks: readonly Chunk[];
      readonly reason: string;
      readonly isSeparable: boolean;
      readonly text: string;
    };

export interface AttemptSignals {
  /** Ends between requests: no further batch and no further attempt. */
  readonly ending: AbortSignal;
  /** Cuts off requests under way too; `ending` aborts with it. */
  readonly stopping: AbortSignal;
  /** Of the batch (model/queue.ts): its chunks grow older from their append on, evenly. */
  readonly wallOffsetMs?: number | undefined;
  /**
   * Told of chunks of the batch that are delivered, or lost and counted, before the others are: so
   * a batch that ends half way is not sent and counted as a whole again.
   */
  readonly onSettled?: (chunks: readonly Chunk[]) => void;
}

/**
 * Delivers chunks once. Rejects when a signal aborts, and with a RecoverableError when there is no
 * answer.
 *
 * @param attempt  1 for the first
 */
export type Deliver = (
  chunks: readonly Chunk[],
  attempt: number,
  signals: AttemptSignals,
) => Promise<Outcome>;

const DONE: Outcome = { kind: 'done' };

/** One attempt: encodes, sends once, and counts what was delivered and what was lost. */
export function attemptOver<Request>(
  protocol: Protocol<Request>,
  { load, losses }: { readonly load: Load; readonly losses: Losses },
): Deliver {
  return async (chunks, attempt, { stopping }) => {
    const request = protocol.encode(chunks);
    if (request === undefined)
      return { kind: 'refused', chunks, reason: 'corrupt', isSeparable: true, text: 'not sent' };
    const startMs = performance.now();
    const answer = await untilAborted(protocol.send(request, attempt, stopping), stopping);
    const tookMs = performance.now() - startMs;
    switch (answer.kind) {
      case 'delivered':
        load.delivered(chunks, countItems(chunks), answer.bytes, tookMs);
        return DONE;
      case 'partial': {
        const { again, lost, bytes, error } = answer;
        const lostItems = lost.reduce((sum, loss) => sum + loss.items, 0);
        const settled = countItems(chunks) - countItems(again);
        load.delivered(chunks, settled - lostItems, bytes, tookMs);
        losses.refused(lost, answer.text);
        if (again.length === 0) return DONE;
        if (error !== undefined) return { kind: 'again', chunks: again, error };
        return { kind: 'again', chunks: again, error: makePartialError(answer.text), settled };
      }
      case 'again':
      case 'split':
      case 'refused':
        load.answered(tookMs);
        return { ...answer, chunks };
    }
  };
}

function makePartialError(text: string): RecoverableError {
  return new RecoverableError('SINK_PARTIAL', `the receiver took only a part: ${text}`);
}

/** Rejects when the signal aborts: a protocol that ignores its signal must not delay a stop. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
