/**
 * Target groups: what a discovery mechanism finds, and what a scrape pool makes targets of. Values
 * only.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/ (the JSON shape of a group)
 */

/**
 * Targets of one source. A later group with the same `source` replaces the earlier one; a group
 * without targets removes it.
 */
export interface TargetGroup {
  /** Unique within one configured mechanism: a file name and index, a service id. */
  readonly source: string;
  /** The labels of each target; `__address__` is required. */
  readonly targets: readonly Readonly<Record<string, string>>[];
  /** Labels that all targets of the group share; a target's own labels win. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * The part that each target belongs to, in the order of `targets`; set where several collectors
   * divide the targets.
   */
  readonly parts?: readonly number[];
}

/** Which parts this process holds, and what it knows of the others. */
export interface HeldParts {
  readonly holds: (part: number) => boolean;
  /**
   * When another collector ceased to scrape the part, ms since 1970; undefined where none is known
   * to have scraped it.
   */
  readonly sinceMs: (part: number) => number | undefined;
  /** Called when a scrape of a part that is no longer held was given up half-way. */
  readonly onUnfinished: (part: number) => void;
}
