/**
 * What the catalogue says of one error code. The tables beside this file hold the entries, a file
 * for each family; `catalogue.ts` joins them; docs/errors.md and `amperage explain` are made from
 * them.
 */

/** Both are plain sentences, for someone who has just met the code on a terminal or in a log. */
export interface CodeEntry {
  /** What has happened, and what it means for samples or for the start. */
  readonly means: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** An error that drops its batch or scrape: counted under a bounded word. */
export interface CountedEntry extends CodeEntry {
  /** The value of the label `reason`, and of the text in `lastError`. */
  readonly reason: string;
}
