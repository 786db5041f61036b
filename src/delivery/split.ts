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
import type { AttemptSignals, Deliver, Outcome } from './attempt.ts';
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

type Halves = readonly [readonly Chunk[], readonly Chunk[]];
type Refusal = Exclude<Outcome, { kind: 'done' | 'again' }>;

/** Wraps a `deliver` whose outcome is never `again`; the outcome is then always `done`. */
export function withSplitting(deliver: Deliver, options: SplitOptions): Deliver {
  const allowance = new SearchAllowance(options.clock);
  return async (chunks, attempt, signals) => {
    const send = (piece: readonly Chunk[]): Promise<Outcome> => deliver(piece, attempt, signals);
    await new Splitting(send, options, allowance, signals.onSettled).run(chunks);
    return { kind: 'done' };
  };
}

/** The way of one batch. */
class Splitting {
  readonly #send: (chunks: readonly Chunk[]) => Promise<Outcome>;
  readonly #protocol: SplitOptions['protocol'];
  readonly #losses: Losses;
  readonly #allowance: SearchAllowance;
  readonly #onSettled: NonNullable<AttemptSignals['onSettled']>;
  /** Refusals since a part of a chunk was taken. */
  #barren = 0;
  #between = 0;
  #isAnyTaken = false;
  #batch: ReadonlySet<Chunk> = new Set();
  /** What was lost of parts of chunks, until the batch is settled. */
  readonly #uncounted: Refusal[] = [];

  constructor(
    send: (chunks: readonly Chunk[]) => Promise<Outcome>,
    { protocol, losses }: SplitOptions,
    allowance: SearchAllowance,
    onSettled: AttemptSignals['onSettled'] = () => undefined,
  ) {
    this.#onSettled = onSettled;
    this.#send = send;
    this.#protocol = protocol;
    this.#losses = losses;
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
      const halves = this.#isSearched(refusal, isApart) ? this.#halve(refusal) : undefined;
      if (halves === undefined) {
        this.#remember(refusal, isApart);
        this.#settle(refusal.chunks, [refusal]);
      } else if (refusal.chunks.length === 1) await this.#sendParts(refusal, isApart, halves);
      else {
        if (refusal.kind === 'refused') this.#between += 1;
        const [first, second] = halves;
        pieces.push({ isApart, chunks: second }, { isApart, chunks: first });
      }
    }
    this.#count(this.#uncounted);
  }

  /** Sends a chunk in parts. */
  async #sendParts(whole: Refusal, isApart: boolean, halves: Halves): Promise<void> {
    const lost: Refusal[] = [];
    /** In order while the parts are only too large; then the largest comes first. */
    const waiting = [...halves];
    let refusals = whole.kind === 'refused' ? 1 : 0;
    for (let turn = 0; waiting.length > 0; turn++) {
      const isSmallest = refusals > 0 && turn % 2 === 1;
      const chunks = (isSmallest ? waiting.pop() : waiting.shift()) ?? [];
      const refusal = await this.#try({ chunks, isApart });
      if (refusal === undefined) {
        this.#barren = 0;
        continue;
      }
      const more = this.#isSearched(refusal, isApart) ? this.#halve(refusal) : undefined;
      if (more === undefined) {
        this.#remember(refusal, isApart);
        lost.push(refusal);
      } else if (refusal.kind === 'split') waiting.unshift(...more);
      else {
        refusals += 1;
        for (const half of more) {
          const items = countItems(half);
          const at = waiting.findLastIndex((other) => countItems(other) >= items);
          waiting.splice(at + 1, 0, half);
        }
      }
    }
    this.#settle(whole.chunks, lost);
  }

  /** Undefined where all is settled. */
  async #try({ chunks, isApart }: Piece): Promise<Refusal | undefined> {
    const outcome = await this.#send(chunks);
    if (outcome.kind !== 'done' && outcome.kind !== 'again') return outcome;
    this.#isAnyTaken = true;
    if (isApart) this.#protocol.suspects?.taken(chunks);
    if (outcome.kind === 'done') this.#settle(chunks, []);
    return undefined;
  }

  #isSearched(refusal: Refusal, isApart: boolean): boolean {
    if (refusal.kind === 'split') return true;
    if (!refusal.isSeparable || isApart) return false;
    if (refusal.chunks.length > 1) return this.#isAnyTaken || this.#between < SEARCH_BETWEEN_MAX;
    this.#barren += 1;
    return this.#barren <= BARREN_MAX && this.#allowance.take(1);
  }

  #halve({ chunks }: Refusal): Halves | undefined {
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
    for (const refusal of lost)
      this.#losses.refusedChunks(refusal.chunks, nameReason(refusal), refusal.text);
  }

  /** What was not worth a search is remembered too: it would not be worth the next one either. */
  #remember(refusal: Refusal, isApart: boolean): void {
    const { chunks, text } = refusal;
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
