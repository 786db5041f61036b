/**
 * Target groups: what a discovery mechanism yields and what a scrape pool turns into targets.
 * Values only.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/ (the JSON shape of a group)
 */

/**
 * Targets of one source. A later group with the same `source` replaces the earlier one; no targets
 * means gone.
 */
export interface TargetGroup {
  /** Unique within one configured mechanism: a file name and index, a service id. */
  readonly source: string;
  /** Per target its own labels; `__address__` is required. */
  readonly targets: readonly Readonly<Record<string, string>>[];
  /** Labels that all targets of the group share; a target's own win. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Where targets are divided among several that scrape: of each target, the part of all that it
   * belongs to.
   */
  readonly parts?: readonly number[];
}

/** Which parts of all targets fall to whom, as one that scrapes sees it. */
export interface HeldParts {
  readonly holds: (part: number) => boolean;
  /**
   * Until when another has scraped the part, ms since 1970; undefined where nobody is known to
   * have.
   */
  readonly sinceMs: (part: number) => number | undefined;
  /** A scrape of this part, which is not held any more, was given up half-way. */
  readonly onUnfinished: (part: number) => void;
}
