/**
 * What the catalogue says about one error code. The tables beside this file hold the entries, one
 * file for each family; `catalogue.ts` joins them; docs/errors.md and `amperage explain` are made
 * from them.
 */

/** Plain sentences, for a reader who has just met the code on a terminal or in a log. */
export interface CodeEntry {
  /** What has happened, and what it means for samples or for the start. */
  readonly means: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** The entry of an error that drops its batch or scrape, which is counted under `reason`. */
export interface CountedEntry extends CodeEntry {
  /** The value of the label `reason`: one of a bounded set of words. */
  readonly reason: string;
}
