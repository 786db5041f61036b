/**
 * The report series that a scrape adds to those of its target: up, scrape_duration_seconds and the
 * counts of samples. They carry the target's labels and are not subject to metric_relabel_configs.
 * Source:
 *   https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series
 */
import { type LabelSet, makeLabelSet, METRIC_NAME } from '../model/labels.ts';
import { DROPPED_REF, type RoutedAppender, type SeriesRef } from '../model/sample.ts';

export const REPORT_NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
/** The names after those, where `extra_scrape_metrics` asks for them. */
export const EXTRA_REPORT_NAMES = [
  'scrape_timeout_seconds',
  'scrape_sample_limit',
  'scrape_body_size_bytes',
] as const;

/** In the order of REPORT_NAMES. */
export type ReportValues = readonly [
  up: number,
  durationSeconds: number,
  scraped: number,
  kept: number,
  added: number,
  ...extra: number[],
];

/**
 * Labels that all reports of a process carry besides their target's. They are compared by identity:
 * set another array to change them.
 */
export interface ReportMarks {
  labels: LabelSet;
}

export class ScrapeReport {
  readonly #appender: RoutedAppender;
  readonly #targetLabels: LabelSet;
  /** The refs of the names that were appended last, in order. */
  #refs: SeriesRef[] = [];
  /** The generation under which the refs are complete. */
  #generation: number;
  #names: readonly string[];
  readonly #marks: ReportMarks;
  /** The mark labels that the refs have. */
  #marked: LabelSet;

  constructor(
    appender: RoutedAppender,
    targetLabels: LabelSet,
    hasExtra: boolean,
    marks: ReportMarks = { labels: [] },
  ) {
    this.#appender = appender;
    this.#targetLabels = targetLabels;
    this.#marks = marks;
    this.#marked = marks.labels;
    this.#generation = appender.generation;
    this.#names = hasExtra ? [...REPORT_NAMES, ...EXTRA_REPORT_NAMES] : REPORT_NAMES;
  }

  /** Sets whether the report has the extra series from now on. */
  setExtra(hasExtra: boolean): void {
    this.#names = hasExtra ? [...REPORT_NAMES, ...EXTRA_REPORT_NAMES] : REPORT_NAMES;
  }

  append(tMs: number, values: ReportValues): void {
    // Ends extra series that are no longer wanted, and all series if their mark labels have
    // changed.
    const isMarked = this.#marked === this.#marks.labels;
    for (const ref of this.#refs.splice(isMarked ? this.#names.length : 0)) {
      this.#appender.appendStale(ref, tMs);
      if (ref !== DROPPED_REF) this.#appender.forget(ref);
    }
    this.#marked = this.#marks.labels;
    const { generation } = this.#appender;
    if (generation !== this.#generation)
      this.#refs = this.#refs.map((ref, index) =>
        this.#appender.renew(ref, this.#buildLabels(index)),
      );
    this.#generation = generation;
    for (let index = this.#refs.length; index < this.#names.length; index++)
      this.#refs.push(this.#appender.refOf(this.#buildLabels(index)));
    this.#refs.forEach((ref, index) => this.#appender.append(ref, tMs, values[index] ?? 0));
  }

  /** Appends stale markers for all series of the report: the target is gone. */
  appendStale(tMs: number): void {
    for (const ref of this.#refs) this.#appender.appendStale(ref, tMs);
  }

  /** The labels of the report's series at this index. */
  #buildLabels(index: number): LabelSet {
    const labels = [...this.#targetLabels, ...this.#marked].map((label): [string, string] => [
      label.name,
      label.value,
    ]);
    return makeLabelSet([...labels, [METRIC_NAME, this.#names[index] ?? '']]);
  }
}
