/**
 * The series that the receiver has refused. For a while they go apart, after the others: so series
 * that stay bad cost one more request a batch, where searching for them costs many. Those that were
 * not bad for long are sent each alone, since most faults end soon, and the others once a minute: a
 * series that is taken again loses no sample, or those of a minute, or of the more minutes the more
 * are bad.
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

const SUSPECTS_MAX = 50_000;
/** A series that is not refused for so long is forgotten. */
const FORGET_MS = 600_000;
/** A series that is refused for so long is one that stays bad. */
const SETTLED_MS = 60_000;
/** How often those that stay bad are sent alone, if there are no more than RETRIES_MAX. */
const RETRY_MS = 60_000;
const RETRIES_MAX = 128;

interface Suspect {
  readonly sinceMs: number;
  refusedMs: number;
  /** When it was refused alone; at first, when it was refused. */
  aloneMs: number;
}

/** The series of a chunk that were refused before. */
interface Found {
  readonly chunk: Chunk;
  readonly raw: Uint8Array;
  readonly series: readonly { readonly range: SeriesRange; readonly suspect: Suspect }[];
}

export interface SuspectsOptions {
  readonly clock: Pick<Clock, 'elapsedMs'>;
  /** Told once of each series, with the chunk that holds it alone. */
  readonly onNew: (chunk: Chunk, text: string) => void;
}

export class SuspectSeries implements Suspects {
  readonly #options: SuspectsOptions;
  /** By key of a series; the longest unseen comes first. */
  readonly #suspects = new Map<number, Suspect>();

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  takeApart(chunks: readonly Chunk[], aloneMax: number): TakenApart | undefined {
    this.#forgetOld();
    if (this.#suspects.size === 0) return undefined;
    const rest: Chunk[] = [];
    const found: Found[] = [];
    for (const chunk of chunks) {
      const { raw, ranges } = readSeries(chunk);
      const series = ranges.flatMap((range) => {
        const suspect = this.#suspects.get(findKey(raw, range));
        return suspect === undefined ? [] : [{ range, suspect }];
      });
      if (series.length === 0) {
        rest.push(chunk);
        continue;
      }
      found.push({ chunk, raw, series });
      const bad = new Set(series.map(({ range }) => range));
      const good = ranges.filter((range) => !bad.has(range));
      if (good.length > 0) rest.push(cutChunk(chunk.lane, raw, good));
    }
    if (found.length === 0) return undefined;
    const chosen = this.#chooseAlone(found, aloneMax);
    const alone: Chunk[] = [];
    const apart: Chunk[] = [];
    for (const { chunk, raw, series } of found) {
      for (const { range, suspect } of series)
        if (chosen.has(suspect)) alone.push(cutChunk(chunk.lane, raw, [range]));
      const others = series.filter(({ suspect }) => !chosen.has(suspect));
      if (others.length === 0) continue;
      const ranges = others.map(({ range }) => range);
      apart.push(cutChunk(chunk.lane, raw, ranges));
    }
    return { rest, alone, apart };
  }

  refused(chunks: readonly Chunk[], text: string): void {
    const elapsedMs = this.#options.clock.elapsedMs();
    const keys = chunks.flatMap(listKeys);
    const [chunk] = chunks;
    for (const key of keys) {
      const known = this.#suspects.get(key);
      const suspect = known ?? { sinceMs: elapsedMs, refusedMs: elapsedMs, aloneMs: elapsedMs };
      suspect.refusedMs = elapsedMs;
      if (keys.length === 1) suspect.aloneMs = elapsedMs;
      this.#suspects.delete(key);
      this.#suspects.set(key, suspect);
      if (known === undefined && keys.length === 1 && chunk !== undefined)
        this.#options.onNew(chunk, text);
    }
    for (const longest of this.#suspects.keys()) {
      if (this.#suspects.size <= SUSPECTS_MAX) return;
      this.#suspects.delete(longest);
    }
  }

  taken(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) for (const key of listKeys(chunk)) this.#suspects.delete(key);
  }

  /** Of those that were not bad for long the newest, and of the others those that are due. */
  #chooseAlone(found: readonly Found[], max: number): ReadonlySet<Suspect> {
    const elapsedMs = this.#options.clock.elapsedMs();
    const isSettled = ({ sinceMs }: Suspect): boolean => elapsedMs - sinceMs >= SETTLED_MS;
    const all = [...new Set(found.flatMap(({ series }) => series.map(({ suspect }) => suspect)))];
    const young = all
      .filter((suspect) => !isSettled(suspect))
      .toSorted((a, b) => b.sinceMs - a.sinceMs);
    const againMs = RETRY_MS * Math.max(1, this.#suspects.size / RETRIES_MAX);
    const due = all
      .filter((suspect) => isSettled(suspect) && elapsedMs - suspect.aloneMs >= againMs)
      .toSorted((a, b) => a.aloneMs - b.aloneMs);
    return new Set([...young, ...due].slice(0, max));
  }

  #forgetOld(): void {
    const beforeMs = this.#options.clock.elapsedMs() - FORGET_MS;
    for (const [key, { refusedMs }] of this.#suspects) {
      if (refusedMs > beforeMs) return;
      this.#suspects.delete(key);
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
