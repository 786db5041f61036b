/**
 * The series that the receiver has refused alone. For a while they go in a request of their own,
 * after the others: so a series that stays bad costs one more request a batch, where searching for
 * it costs many, and one that is taken again is seen at once. Where several stay bad together,
 * those among them that are taken again are searched for once a minute.
 * Limits: SUSPECTS_MAX series, the longest unseen go first.
 */
import { crc32 } from 'node:zlib';
import type { Clock } from '../kernel/clock.ts';
import type { Chunk } from '../model/queue.ts';
import type { Suspects, TakenApart } from './protocol.ts';

const SUSPECTS_MAX = 1_000;
/** A series that is not refused for so long is forgotten. */
const FORGET_MS = 600_000;
const SEARCH_INTERVAL_MS = 60_000;

/** A chunk by its series, which a sink reads in its own format. */
export interface SeriesOfChunk {
  /** One for each series, or each item of one (suspectKey); none where the chunk can't be read. */
  readonly keys: readonly number[];
  /** A chunk of those, by their places among the keys. */
  readonly cut: (isWanted: (index: number) => boolean) => Chunk;
}

export interface SuspectsOptions {
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly read: (chunk: Chunk) => SeriesOfChunk;
  /** Told once of each series, with the chunk that holds it alone. */
  readonly onNew: (chunk: Chunk, text: string) => void;
}

export class SuspectSeries implements Suspects {
  readonly #options: SuspectsOptions;
  /** By key of a series: when it was refused last. The longest unseen comes first. */
  readonly #refusedMs = new Map<number, number>();
  #searchedMs = -Infinity;

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  takeApart(chunks: readonly Chunk[]): TakenApart | undefined {
    this.#forgetOld();
    if (this.#refusedMs.size === 0) return undefined;
    const rest: Chunk[] = [];
    const apart: Chunk[] = [];
    for (const chunk of chunks) {
      const { keys, cut } = this.#options.read(chunk);
      const isSuspect = keys.map((key) => this.#refusedMs.has(key));
      if (!isSuspect.includes(true)) {
        rest.push(chunk);
        continue;
      }
      if (isSuspect.includes(false)) rest.push(cut((index) => isSuspect[index] === false));
      apart.push(cut((index) => isSuspect[index] === true));
    }
    if (apart.length === 0) return undefined;
    const elapsedMs = this.#options.clock.elapsedMs();
    const isSearchDue = elapsedMs - this.#searchedMs >= SEARCH_INTERVAL_MS;
    if (isSearchDue) this.#searchedMs = elapsedMs;
    return { rest, apart, isSearchDue };
  }

  refused(chunks: readonly Chunk[], text: string): void {
    const elapsedMs = this.#options.clock.elapsedMs();
    for (const chunk of chunks)
      for (const key of this.#options.read(chunk).keys) {
        const isNew = !this.#refusedMs.delete(key);
        this.#refusedMs.set(key, elapsedMs);
        if (!isNew) continue;
        this.#searchedMs = elapsedMs;
        this.#options.onNew(chunk, text);
        const [longest] = this.#refusedMs.keys();
        if (this.#refusedMs.size > SUSPECTS_MAX && longest !== undefined)
          this.#refusedMs.delete(longest);
      }
  }

  taken(chunks: readonly Chunk[]): void {
    for (const chunk of chunks)
      for (const key of this.#options.read(chunk).keys) this.#refusedMs.delete(key);
  }

  #forgetOld(): void {
    const beforeMs = this.#options.clock.elapsedMs() - FORGET_MS;
    for (const [key, refusedMs] of this.#refusedMs) {
      if (refusedMs > beforeMs) return;
      this.#refusedMs.delete(key);
    }
  }
}

/**
 * A checksum of what names a series, and its length. Two series with the same one are set apart
 * together, which costs nothing but a request.
 */
export function suspectKey(...parts: readonly Uint8Array[]): number {
  let [sum, length] = [0, 0];
  for (const part of parts) {
    sum = crc32(part, sum);
    length += part.length;
  }
  return sum + (length % 2 ** 20) * 2 ** 32;
}
