/**
 * Delivery that sends a batch as the requests into which its protocol divides it, and halves what
 * is refused as a whole: what is too large, and what may be refused because of a single item, which
 * is so searched for. What can't be halved any more is lost and counted, and remembered where the
 * protocol does that: it then comes apart, after the rest.
 *
 * A chunk that is refused is searched until nothing is left, however many of its items are bad, as
 * long as any are taken and the allowance lasts: in the order of waiting-parts.ts, and after many
 * refusals one after the other item by item, which costs half of what halving to the end does.
 */
import type { Chunk } from '../model/queue.ts';
import type { AttemptSignals, Deliver, Outcome } from './attempt.ts';
import type { Load } from './load.ts';
import type { Losses } from './losses.ts';
import type { Halves, Protocol } from './protocol.ts';
import type { SearchAllowance } from './search-allowance.ts';
import { WaitingParts } from './waiting-parts.ts';

export interface SplitOptions {
  readonly protocol: Pick<Protocol<unknown>, 'divide' | 'halve' | 'suspects'>;
  readonly losses: Losses;
  readonly load: Pick<Load, 'passed'>;
  readonly allowance: SearchAllowance;
}

/** After so many refusals one after the other, with no part of a chunk taken, items go alone. */
const TOGETHER_MAX = 32;
/**
 * After so many a refused chunk or part is dropped as a whole, unless some of the chunk was taken.
 * The search between chunks is not bounded by it once any chunk was taken: often all items of some
 * chunks are refused, such as the scrapes of a target that another collector scrapes too, and the
 * other chunks must not be lost with them.
 */
const BARREN_MAX = 512;
/**
 * How many refusals the search between chunks may cost while no chunk was taken: it bounds the
 * requests to a receiver that refuses everything.
 */
const SEARCH_BETWEEN_MAX = 256;
/** Of the items sent alone, this share is taken again where many of those apart are too. */
const RECOVERING_SHARE = 1 / 8;

interface Piece {
  readonly chunks: readonly Chunk[];
  /** Whether it holds items that were refused before. */
  readonly isApart: boolean;
}

type Refusal = Exclude<Outcome, { kind: 'done' | 'again' }>;

/** Wraps a `deliver` whose outcome is never `again`; the outcome is then always `done`. */
export function withSplitting(deliver: Deliver, options: SplitOptions): Deliver {
  return async (chunks, attempt, signals) => {
    const send = (piece: readonly Chunk[]): Promise<Outcome> => deliver(piece, attempt, signals);
    await new Splitting(send, options, signals.onSettled).run(chunks);
    return { kind: 'done' };
  };
}

/** The way of one batch. */
class Splitting {
  readonly #send: (chunks: readonly Chunk[]) => Promise<Outcome>;
  readonly #protocol: SplitOptions['protocol'];
  readonly #losses: Losses;
  readonly #load: SplitOptions['load'];
  readonly #allowance: SearchAllowance;
  readonly #onSettled: NonNullable<AttemptSignals['onSettled']>;
  /** Refusals since a part of a chunk was taken. */
  #barren = 0;
  #between = 0;
  #isAnyTaken = false;
  /** Items that were refused before and are sent alone. */
  #alone: ReadonlySet<Chunk> = new Set();
  #aloneTaken = 0;
  #batch: ReadonlySet<Chunk> = new Set();
  /** What was lost of parts of chunks, until the batch is settled. */
  readonly #uncounted: Refusal[] = [];

  constructor(
    send: (chunks: readonly Chunk[]) => Promise<Outcome>,
    { protocol, losses, load, allowance }: SplitOptions,
    onSettled: AttemptSignals['onSettled'] = () => undefined,
  ) {
    this.#onSettled = onSettled;
    this.#send = send;
    this.#protocol = protocol;
    this.#losses = losses;
    this.#load = load;
    this.#allowance = allowance;
  }

  async run(chunks: readonly Chunk[]): Promise<void> {
    this.#batch = new Set(chunks);
    // A stack: the next piece is at the end, so that halves are sent in order.
    const pieces = this.#listPieces(chunks).toReversed();
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const { isApart } = piece;
      const refusal = await this.#try(piece);
      if (refusal === undefined) continue;
      const halves = this.#isSearched(refusal, isApart) ? this.#halve(refusal.chunks) : undefined;
      if (halves === undefined) {
        this.#remember(refusal, isApart);
        this.#settle(refusal.chunks, [refusal]);
      } else if (refusal.chunks.length === 1) await this.#sendParts(refusal, isApart, halves);
      else {
        if (refusal.kind === 'refused') this.#between += 1;
        const { first, second } = halves;
        pieces.push({ isApart, chunks: second }, { isApart, chunks: first });
      }
    }
    this.#count(this.#uncounted);
  }

  /** Sends a chunk in parts. */
  async #sendParts(whole: Refusal, isApart: boolean, halves: Halves): Promise<void> {
    const lost: Refusal[] = [];
    const waiting = new WaitingParts();
    waiting.addHalves(halves, [whole.chunks]);
    let isAnyTaken = false;
    for (;;) {
      const isSingly = this.#barren > TOGETHER_MAX;
      const line = waiting.next(isSingly);
      if (line === undefined) break;
      const [chunks] = line;
      const isWorth = this.#isWorth(isApart, isAnyTaken) && this.#allowance.grant(1) === 1;
      const unsent = isSingly && isWorth ? this.#halve(chunks) : undefined;
      if (unsent !== undefined) {
        waiting.addHalves(unsent, line);
        continue;
      }
      const refusal = await this.#try({ chunks, isApart });
      if (refusal === undefined) {
        this.#barren = 0;
        isAnyTaken = true;
        waiting.addLater(line);
        continue;
      }
      const more = this.#isSearched(refusal, isApart, isAnyTaken) ? this.#halve(chunks) : undefined;
      if (more !== undefined) waiting.addHalves(more, line);
      else {
        this.#remember(refusal, isApart);
        lost.push(refusal);
        waiting.addLater(line);
      }
    }
    this.#settle(whole.chunks, lost);
  }

  /** Undefined where all is settled. */
  async #try({ chunks, isApart }: Piece): Promise<Refusal | undefined> {
    const outcome = await this.#allowance.measure(() => this.#send(chunks));
    if (outcome.kind !== 'done' && outcome.kind !== 'again') return outcome;
    this.#isAnyTaken = true;
    if (isApart) this.#protocol.suspects?.taken(chunks);
    if (chunks.some((chunk) => this.#alone.has(chunk))) this.#aloneTaken += 1;
    if (outcome.kind === 'done') this.#settle(chunks, []);
    return undefined;
  }

  /** @param isAnyTaken  of the chunk */
  #isSearched(refusal: Refusal, isApart: boolean, isAnyTaken = false): boolean {
    if (refusal.kind === 'split') return true;
    if (!refusal.isSeparable) return false;
    if (refusal.chunks.length > 1) {
      const isWorth = this.#isAnyTaken || this.#between < SEARCH_BETWEEN_MAX;
      return isWorth && (!isApart || this.#isRecovering());
    }
    this.#barren += 1;
    return this.#isWorth(isApart, isAnyTaken) && this.#allowance.take(1);
  }

  /** Whether the search of a chunk goes on. */
  #isWorth(isApart: boolean, isAnyTaken: boolean): boolean {
    return (isAnyTaken || this.#barren <= BARREN_MAX) && (!isApart || this.#isRecovering());
  }

  /** Whether of what was refused before many may be taken again. */
  #isRecovering(): boolean {
    return this.#aloneTaken > this.#alone.size * RECOVERING_SHARE;
  }

  #halve(chunks: readonly Chunk[]): Halves | undefined {
    return this.#protocol.halve?.(chunks);
  }

  /**
   * All of these is delivered or lost. What is lost of a part of a chunk is counted with the last
   * part of it: a batch that ends before is sent again, and it would be counted again.
   */
  #settle(chunks: readonly Chunk[], lost: readonly Refusal[]): void {
    if (chunks.some((chunk) => !this.#batch.has(chunk))) this.#uncounted.push(...lost);
    else {
      this.#count(lost);
      this.#onSettled(chunks);
    }
  }

  #count(lost: readonly Refusal[]): void {
    for (const refusal of lost) {
      this.#losses.refusedChunks(refusal.chunks, nameReason(refusal), refusal.text);
      this.#load.passed(refusal.chunks);
    }
  }

  /** What was not worth a search is remembered too: it would not be worth the next one either. */
  #remember(refusal: Refusal, isApart: boolean): void {
    const { chunks, text } = refusal;
    if (refusal.kind !== 'refused') return;
    if (isApart || (refusal.isSeparable && chunks.length === 1))
      this.#losses.unjudged(this.#protocol.suspects?.refused(chunks, text) ?? 0);
  }

  #listPieces(chunks: readonly Chunk[]): Piece[] {
    const { suspects, divide } = this.#protocol;
    const found = suspects?.takeApart(chunks, this.#allowance.grant(BARREN_MAX));
    const { rest, apart, alone } = found ?? { rest: chunks, apart: [], alone: [] };
    const cut = (part: readonly Chunk[]): readonly (readonly Chunk[])[] =>
      part.length === 0 ? [] : (divide?.call(this.#protocol, part) ?? [part]);
    this.#alone = new Set(alone);
    this.#allowance.take(alone.length);
    return [
      ...cut(rest).map((piece) => ({ chunks: piece, isApart: false })),
      ...alone.map((chunk) => ({ chunks: [chunk], isApart: true })),
      ...cut(apart).map((piece) => ({ chunks: piece, isApart: true })),
    ];
  }
}

function nameReason(refusal: Refusal): string {
  return refusal.kind === 'split' ? 'too_large' : refusal.reason;
}
