/**
 * The seam between the division of the targets and their scraping: a share, and how a collector
 * goes over to another share.
 */

/** The parts (parts.ts) that a collector holds at present. */
export interface Share {
  readonly holds: (part: number) => boolean;
  /**
   * When the part's former holder stopped scraping it, ms since 1970; undefined when no former
   * holder is known.
   */
  readonly sinceMs: (part: number) => number | undefined;
  /** Whether all parts are held because nothing is known of others, who may hold them too. */
  readonly isAlone: boolean;
}

/** What became of a change of share. */
export interface Released {
  /** Since when only held parts are scraped, ms since 1970. */
  readonly atMs: number;
  /** Parts of which a scrape was cut off before it was committed. */
  readonly unfinished: readonly number[];
  /** Resolves when the samples of before are sent that were not in time; absent without any. */
  readonly rest?: Promise<void> | undefined;
}

/** The collector's side: it scrapes the share that it is given. */
export interface ShareHolder {
  /**
   * Goes over to a share. Resolves when nothing else is scraped and the samples of what was given
   * up have been sent, or when the time for that is over.
   */
  readonly take: (share: Share) => Promise<Released>;
  /** How many targets each part has. */
  readonly loads: () => Uint32Array;
  /** Whether all lists of targets have been read; without them, no targets can be taken over. */
  readonly isReady: () => boolean;
  /** Sends nothing that was appended at this elapsed time or later; infinite ends that. */
  readonly holdFrom: (appendedMs: number) => void;
  /** Whether something waits that was appended before this elapsed time. */
  readonly hasBefore: (appendedMs: number) => boolean;
}

export interface Sharing {
  /** Begins to give shares to `holder`, until `leave`. */
  start(holder: ShareHolder): Promise<void>;
  /** Gives all parts up, to the others if they take over in time. No part is held afterwards. */
  leave(): Promise<void>;
  /** To be called after the collector has ended. */
  stop(): Promise<void>;
  /** Who holds what, as far as it is known here. */
  describe(): SharingStatus;
  /** Whether it is the turn of what a process that is gone left in its folder. */
  mayTakeOver(folder: string): boolean;
}

/** One of the collectors that divide the targets. */
export interface MemberStatus {
  readonly id: string;
  readonly isOwn: boolean;
  /** What asking it comes to, and what it says of itself. */
  readonly state: string;
  /** How many targets it has under the newest division, of those that are known here. */
  readonly targets: number;
  /** Its folder in the shared storage. */
  readonly folder?: string | undefined;
}

export interface SharingStatus {
  readonly members: readonly MemberStatus[];
  /** Whether what was scraped since a hand-over waits for what others scraped before it. */
  readonly isHolding: boolean;
}

export const NOTHING: Share = { holds: () => false, sinceMs: () => undefined, isAlone: false };
