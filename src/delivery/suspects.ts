/**
 * The series that the receiver has refused. For a while they go apart, after the others: so series
 * that stay bad cost one more request a batch, where searching for them costs many. Those that were
 * not bad for long are sent each alone, since most faults end soon, and the others once a minute: a
 * series that is taken again loses no sample, or those of a minute, or of the more minutes the more
 * are bad.
 * Limits: SUSPECTS_MAX series, the longest unseen go first.
 */
import { crc32 } from 'node:zlib';
import type { Clock } from '../kernel/clock.ts';
import type { Chunk } from '../model/queue.ts';
import type { Suspects, TakenApart } from './protocol.ts';

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

/** A chunk by its series, which a sink reads in its own format. */
export interface SeriesOfChunk {
  /** One for each series, or each item of one (suspectKey); none where the chunk can't be read. */
  readonly keys: readonly number[];
  /** A chunk of those, by their places among the keys. */
  readonly cut: (isWanted: (index: number) => boolean) => Chunk;
}

/** The series of a chunk that were refused before, by their places among the keys. */
interface Found {
  readonly cut: SeriesOfChunk['cut'];
  readonly series: ReadonlyMap<number, Suspect>;
}

export interface SuspectsOptions {
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly read: (chunk: Chunk) => SeriesOfChunk;
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
      const { keys, cut } = this.#options.read(chunk);
      const series = new Map<number, Suspect>();
      for (const [index, key] of keys.entries()) {
        const suspect = this.#suspects.get(key);
        if (suspect !== undefined) series.set(index, suspect);
      }
      if (series.size < keys.length || keys.length === 0)
        rest.push(series.size === 0 ? chunk : cut((index) => !series.has(index)));
      if (series.size > 0) found.push({ cut, series });
    }
    if (found.length === 0) return undefined;
    const chosen = this.#chooseAlone(found, aloneMax);
    const alone: Chunk[] = [];
    const apart: Chunk[] = [];
    for (const { cut, series } of found) {
      const others = new Set<number>();
      for (const [index, suspect] of series)
        if (chosen.has(suspect)) alone.push(cut((other) => other === index));
        else others.add(index);
      if (others.size > 0) apart.push(cut((index) => others.has(index)));
    }
    return { rest, alone, apart };
  }

  refused(chunks: readonly Chunk[], text: string): void {
    const elapsedMs = this.#options.clock.elapsedMs();
    const keys = chunks.flatMap((one) => this.#options.read(one).keys);
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
    for (const chunk of chunks)
      for (const key of this.#options.read(chunk).keys) this.#suspects.delete(key);
  }

  /** Of those that were not bad for long the newest, and of the others those that are due. */
  #chooseAlone(found: readonly Found[], max: number): ReadonlySet<Suspect> {
    const elapsedMs = this.#options.clock.elapsedMs();
    const isSettled = ({ sinceMs }: Suspect): boolean => elapsedMs - sinceMs >= SETTLED_MS;
    const all = [...new Set(found.flatMap(({ series }) => [...series.values()]))];
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
