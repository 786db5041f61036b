/**
 * The seam between who divides the targets and who scrapes them: a share, and how a collector goes
 * over to another.
 */

/** What a collector holds at present, in parts (parts.ts). */
export interface Share {
  readonly holds: (part: number) => boolean;
  /**
   * When the one that held the part before scraped no more, ms since 1970; undefined where nobody
   * is known to have.
   */
  readonly sinceMs: (part: number) => number | undefined;
  /** Whether nothing is known of others, so that all is held, though others may hold the same. */
  readonly isAlone: boolean;
}

/** What became of a change of share. */
export interface Released {
  /** When nothing was scraped any more that is not held, ms since 1970. */
  readonly atMs: number;
  /** Parts of which a scrape was given up half-way. */
  readonly unfinished: readonly number[];
}

/** The collector's side. */
export interface ShareHolder {
  /**
   * Goes over to a share. Resolves when nothing else is scraped and what was scraped before has
   * left, or time is over.
   */
  readonly take: (share: Share) => Promise<Released>;
  /** How many targets each part has. */
  readonly loads: () => Uint32Array;
  /** Whether all lists of targets are there: who knows no targets can't take over any. */
  readonly isReady: () => boolean;
}

export interface Sharing {
  /** Runs until `leave`; shares are taken one after the other. */
  start(holder: ShareHolder): Promise<void>;
  /** Gives everything up to the others, in order; nothing is held when it resolves. */
  leave(): Promise<void>;
  /** After the collector has ended. */
  stop(): Promise<void>;
}

export const NOTHING: Share = { holds: () => false, sinceMs: () => undefined, isAlone: false };
