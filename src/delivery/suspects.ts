/**
 * The series that the receiver has refused. For a while they go apart, after the others: so series
 * that stay bad cost one more request a batch, where searching for them costs many. Those that were
 * not bad for long are sent each alone, since most faults end soon, and the others once a minute: a
 * series that is taken again loses no sample, or those of a minute, or of the more minutes the more
 * are bad.
 * Limits: SUSPECTS_MAX series, the longest unseen go first.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Chunk } from '../model/queue.ts';
import type { SeriesOfChunk } from './chunk-series.ts';
import type { Suspects, TakenApart } from './protocol.ts';
import { SuspectLog } from './suspect-log.ts';

const SUSPECTS_MAX = 50_000;
/** A series that is not refused for so long is forgotten. */
const FORGET_MS = 600_000;
/** A series that is refused for so long is one that stays bad. */
const SETTLED_MS = 60_000;
/** How often those that stay bad are sent alone, if there are no more than RETRIES_MAX. */
const RETRY_MS = 60_000;
const RETRIES_MAX = 128;
/** So many of a batch at least, once a minute: they tell whether many are taken again. */
const PROBES = 16;
/** How many of those that were refused alone before are sent alone, for a batch. */
const ALONE_AGAIN_MAX = 32;

interface Suspect {
  readonly sinceMs: number;
  refusedMs: number;
  /** When it was refused alone; undefined while it was refused with others only. */
  aloneMs: number | undefined;
}

/** The series of a chunk that were refused before, by their places among the keys. */
interface Found {
  readonly cut: SeriesOfChunk['cut'];
  readonly series: ReadonlyMap<number, Suspect>;
}

export interface SuspectsOptions {
  readonly clock: Pick<Clock, 'elapsedMs' | 'sleep'>;
  readonly log: Logger;
  readonly read: (chunk: Chunk) => SeriesOfChunk;
  /** How the log names the series that a chunk holds alone. */
  readonly nameOf: (chunk: Chunk) => string;
}

export class SuspectSeries implements Suspects {
  readonly #options: SuspectsOptions;
  readonly #log: SuspectLog;
  /** By key of a series; the longest unseen comes first. */
  readonly #suspects = new Map<number, Suspect>();

  constructor(options: SuspectsOptions) {
    this.#options = options;
    this.#log = new SuspectLog(options.log, options.clock);
  }

  get size(): number {
    return this.#suspects.size;
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

  refused(chunks: readonly Chunk[], text: string): number {
    const elapsedMs = this.#options.clock.elapsedMs();
    let unjudged = 0;
    const keys = chunks.flatMap((one) => this.#options.read(one).keys);
    const [chunk] = chunks;
    for (const key of keys) {
      const known = this.#suspects.get(key);
      const suspect = known ?? { sinceMs: elapsedMs, refusedMs: elapsedMs, aloneMs: undefined };
      if (keys.length === 1 && suspect.aloneMs === undefined && chunk !== undefined)
        this.#log.add(this.#options.nameOf(chunk), text);
      suspect.refusedMs = elapsedMs;
      if (keys.length === 1) suspect.aloneMs = elapsedMs;
      if (suspect.aloneMs === undefined) unjudged += 1;
      this.#suspects.delete(key);
      this.#suspects.set(key, suspect);
    }
    for (const longest of this.#suspects.keys()) {
      if (this.#suspects.size <= SUSPECTS_MAX) break;
      this.#suspects.delete(longest);
    }
    return unjudged;
  }

  taken(chunks: readonly Chunk[]): void {
    for (const chunk of chunks)
      for (const key of this.#options.read(chunk).keys) this.#suspects.delete(key);
  }

  tellRest(): void {
    this.#log.tellRest();
  }

  /**
   * Those that were never alone, and a few of the others: of those that were not bad for long the
   * newest, and then those that are due, or wait for it longest.
   */
  #chooseAlone(found: readonly Found[], max: number): ReadonlySet<Suspect> {
    const elapsedMs = this.#options.clock.elapsedMs();
    const isSettled = ({ sinceMs }: Suspect): boolean => elapsedMs - sinceMs >= SETTLED_MS;
    const all = [...new Set(found.flatMap(({ series }) => [...series.values()]))];
    const waitedMs = ({ aloneMs = elapsedMs }: Suspect): number => elapsedMs - aloneMs;
    const unjudged = all.filter(({ aloneMs }) => aloneMs === undefined);
    const young = all
      .filter((suspect) => suspect.aloneMs !== undefined && !isSettled(suspect))
      .toSorted((a, b) => b.sinceMs - a.sinceMs);
    const againMs = RETRY_MS * Math.max(1, this.#suspects.size / RETRIES_MAX);
    const settled = all
      .filter((suspect) => suspect.aloneMs !== undefined && isSettled(suspect))
      .toSorted((a, b) => waitedMs(b) - waitedMs(a));
    const isQuiet = settled.every((suspect) => waitedMs(suspect) >= RETRY_MS);
    const due = settled.filter(
      (suspect, index) => waitedMs(suspect) >= againMs || (isQuiet && index < PROBES),
    );
    const again = new Set([...due.slice(0, PROBES), ...young, ...due]);
    return new Set([...[...again].slice(0, ALONE_AGAIN_MAX), ...unjudged].slice(0, max));
  }

  #forgetOld(): void {
    const beforeMs = this.#options.clock.elapsedMs() - FORGET_MS;
    for (const [key, { refusedMs }] of this.#suspects) {
      if (refusedMs > beforeMs) return;
      this.#suspects.delete(key);
    }
  }
}
