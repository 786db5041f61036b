/**
 * Target groups: what a discovery mechanism yields and what a scrape pool turns into targets. Values only.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/ (the JSON shape of a group)
 */

/** Targets of one source. A later group with the same `source` replaces the earlier one; no targets means gone. */
export interface TargetGroup {
  /** Unique within one configured mechanism: a file name and index, a service id. */
  readonly source: string;
  /** Per target its own labels; `__address__` is required. */
  readonly targets: readonly Readonly<Record<string, string>>[];
  /** Labels that all targets of the group share; a target's own win. */
  readonly labels: Readonly<Record<string, string>>;
}
