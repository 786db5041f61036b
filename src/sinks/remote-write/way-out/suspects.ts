/**
 * The series that the receiver has refused alone. For a while they go in a request of their own,
 * after the others: so a series that stays bad costs one more request a batch, where searching for
 * it costs many, and one that is taken again is seen at once. Where several stay bad together,
 * those among them that are taken again are searched for once a minute.
 * Limits: SUSPECTS_MAX series, the longest unseen go first.
 */
import { crc32 } from 'node:zlib';
import type { Suspects, TakenApart } from '../../../delivery/protocol.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Chunk } from '../../../model/queue.ts';
import { WireError } from '../../../wire/errors.ts';
import { readLabelBytes, scanSeries, type SeriesRange } from '../../../wire/remote-write/ranges.ts';
import { uncompress } from '../../../wire/snappy.ts';
import { cutChunk, RAW_MAX_BYTES } from './split.ts';

const SUSPECTS_MAX = 1_000;
/** A series that is not refused for so long is forgotten. */
const FORGET_MS = 600_000;
const SEARCH_INTERVAL_MS = 60_000;

export interface SuspectsOptions {
  readonly clock: Pick<Clock, 'elapsedMs'>;
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
      const { raw, ranges } = readSeries(chunk);
      const isSuspect = ranges.map((range) => this.#refusedMs.has(findKey(raw, range)));
      if (!isSuspect.includes(true)) {
        rest.push(chunk);
        continue;
      }
      const [good, bad] = [false, true].map((wanted) =>
        ranges.filter((_, index) => isSuspect[index] === wanted),
      ) as [SeriesRange[], SeriesRange[]];
      if (good.length > 0) rest.push(cutChunk(chunk.lane, raw, good));
      apart.push(cutChunk(chunk.lane, raw, bad));
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
      for (const key of listKeys(chunk)) {
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
    for (const chunk of chunks) for (const key of listKeys(chunk)) this.#refusedMs.delete(key);
  }

  #forgetOld(): void {
    const beforeMs = this.#options.clock.elapsedMs() - FORGET_MS;
    for (const [key, refusedMs] of this.#refusedMs) {
      if (refusedMs > beforeMs) return;
      this.#refusedMs.delete(key);
    }
  }
}

function listKeys(chunk: Chunk): number[] {
  const { raw, ranges } = readSeries(chunk);
  return ranges.map((range) => findKey(raw, range));
}

/** A chunk that is no message has no series here; it is judged where it is sent. */
function readSeries({ bytes }: Chunk): { raw: Uint8Array; ranges: readonly SeriesRange[] } {
  try {
    const raw = uncompress(bytes, RAW_MAX_BYTES);
    return { raw, ranges: scanSeries(raw) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { raw: bytes, ranges: [] };
  }
}

/**
 * A checksum of the labels and their length. Two series with the same one are set apart together,
 * which costs nothing but a request.
 */
function findKey(raw: Uint8Array, range: SeriesRange): number {
  const labels = readLabelBytes(raw, range);
  return crc32(labels) + (labels.length % 2 ** 20) * 2 ** 32;
}
