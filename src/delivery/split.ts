/**
 * Delivery that sends a batch as the requests into which its protocol divides it, and halves what
 * is refused as a whole: what is too large, and what may be refused because of a single item, which
 * is so searched for. What can't be halved any more is lost and counted, and remembered where the
 * protocol does that: it then comes apart, after the rest.
 *
 * A chunk that is refused is searched until nothing is left, however many of its items are bad, as
 * long as any are taken: by turns the largest part that waits, which finds what is good together,
 * and the smallest, which finds what is good alone.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Chunk } from '../model/queue.ts';
import type { Deliver, Outcome } from './attempt.ts';
import type { Losses } from './losses.ts';
import { countItems, type Protocol } from './protocol.ts';
import { SearchAllowance } from './search-allowance.ts';

export interface SplitOptions {
  readonly protocol: Pick<Protocol<unknown>, 'divide' | 'halve' | 'suspects'>;
  readonly losses: Losses;
  readonly clock: Pick<Clock, 'elapsedMs'>;
}

/**
 * After so many refusals of a batch one after the other, with no part of a chunk taken, a refused
 * chunk or part is dropped as a whole. The search between chunks is not bounded by it once any
 * chunk was taken: often all items of some chunks are refused, such as the scrapes of a target that
 * another collector scrapes too, and the other chunks must not be lost with them.
 */
const BARREN_MAX = 128;
/**
 * How many refusals the search between chunks may cost while no chunk was taken: it bounds the
 * requests to a receiver that refuses everything.
 */
const SEARCH_BETWEEN_MAX = 256;
/** How many items that were refused before are sent each alone, for a batch. */
const ALONE_MAX = 32;

interface Piece {
  readonly chunks: readonly Chunk[];
  /** Whether it holds items that were refused before. */
  readonly isApart: boolean;
}

type Refusal = Exclude<Outcome, { kind: 'done' | 'again' }>;

/** Wraps a `deliver` whose outcome is never `again`; the outcome is then always `done`. */
export function withSplitting(deliver: Deliver, options: SplitOptions): Deliver {
  const allowance = new SearchAllowance(options.clock);
  return async (chunks, attempt, signals) => {
    const send = (piece: readonly Chunk[]): Promise<Outcome> => deliver(piece, attempt, signals);
    await new Splitting(send, options, allowance).run(chunks);
    return { kind: 'done' };
  };
}

/** The way of one batch. */
class Splitting {
  readonly #send: (chunks: readonly Chunk[]) => Promise<Outcome>;
  readonly #protocol: SplitOptions['protocol'];
  readonly #losses: Losses;
  readonly #allowance: SearchAllowance;
  /** Refusals since a part of a chunk was taken. */
  #barren = 0;
  #between = 0;
  #isAnyTaken = false;

  constructor(
    send: (chunks: readonly Chunk[]) => Promise<Outcome>,
    { protocol, losses }: SplitOptions,
    allowance: SearchAllowance,
  ) {
    this.#send = send;
    this.#protocol = protocol;
    this.#losses = losses;
    this.#allowance = allowance;
  }

  async run(chunks: readonly Chunk[]): Promise<void> {
    // A stack: the next piece is at the end, so that halves are sent in order.
    const pieces = this.#listPieces(chunks).toReversed();
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const { isApart } = piece;
      const refusal = await this.#try(piece);
      if (refusal === undefined) continue;
      const isOne = refusal.chunks.length === 1;
      const halves = this.#isSearched(refusal, isApart) ? this.#halve(refusal) : undefined;
      if (halves === undefined) this.#lose(refusal, isApart);
      else if (refusal.kind === 'refused' && isOne) await this.#searchWithin(halves);
      else {
        if (refusal.kind === 'refused') this.#between += 1;
        const [first, second] = halves;
        pieces.push({ isApart, chunks: second }, { isApart, chunks: first });
      }
    }
  }

  /** Searches a chunk that was refused. */
  async #searchWithin(halves: readonly (readonly Chunk[])[]): Promise<void> {
    /** The largest comes first. */
    const waiting = [...halves];
    for (let turn = 0; waiting.length > 0; turn++) {
      const chunks = (turn % 2 === 0 ? waiting.shift() : waiting.pop()) ?? [];
      const refusal = await this.#try({ chunks, isApart: false });
      if (refusal === undefined) {
        this.#barren = 0;
        continue;
      }
      const more = this.#isSearched(refusal, false) ? this.#halve(refusal) : undefined;
      if (more === undefined) this.#lose(refusal, false);
      for (const half of more ?? []) {
        const items = countItems(half);
        const at = waiting.findLastIndex((other) => countItems(other) >= items);
        waiting.splice(at + 1, 0, half);
      }
    }
  }

  /** Undefined where all is settled. */
  async #try({ chunks, isApart }: Piece): Promise<Refusal | undefined> {
    const outcome = await this.#send(chunks);
    if (outcome.kind !== 'done' && outcome.kind !== 'again') return outcome;
    this.#isAnyTaken = true;
    if (isApart) this.#protocol.suspects?.taken(chunks);
    return undefined;
  }

  #isSearched(refusal: Refusal, isApart: boolean): boolean {
    if (refusal.kind === 'split') return true;
    if (!refusal.isSeparable || isApart) return false;
    if (refusal.chunks.length > 1) return this.#isAnyTaken || this.#between < SEARCH_BETWEEN_MAX;
    this.#barren += 1;
    return this.#barren <= BARREN_MAX && this.#allowance.take(1);
  }

  #halve({ chunks }: Refusal): readonly [readonly Chunk[], readonly Chunk[]] | undefined {
    return this.#protocol.halve?.(chunks);
  }

  #lose(refusal: Refusal, isApart: boolean): void {
    const { chunks, text } = refusal;
    this.#losses.refusedChunks(chunks, nameReason(refusal), text);
    // What was not worth a search is remembered too: it would not be worth the next one either.
    if (refusal.kind !== 'refused') return;
    if (isApart || (refusal.isSeparable && chunks.length === 1))
      this.#protocol.suspects?.refused(chunks, text);
  }

  #listPieces(chunks: readonly Chunk[]): Piece[] {
    const { suspects, divide } = this.#protocol;
    const found = suspects?.takeApart(chunks, this.#allowance.grant(ALONE_MAX));
    const { rest, apart, alone } = found ?? { rest: chunks, apart: [], alone: [] };
    const cut = (part: readonly Chunk[]): readonly (readonly Chunk[])[] =>
      part.length === 0 ? [] : (divide?.call(this.#protocol, part) ?? [part]);
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
