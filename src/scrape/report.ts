/**
 * The series that a scrape makes of itself: up, scrape_duration_seconds and the counts of samples.
 * They carry the target's labels and see no metric_relabel_configs.
 * Source:
 * https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series
 */
import { type LabelSet, makeLabelSet, METRIC_NAME } from '../model/labels.ts';
import { DROPPED_REF, type RoutedAppender, type SeriesRef } from '../model/sample.ts';

const NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
/** Behind them, where asked for. */
const EXTRA_NAMES = [
  'scrape_timeout_seconds',
  'scrape_sample_limit',
  'scrape_body_size_bytes',
] as const;

/** In the order of NAMES. */
export type ReportValues = readonly [
  up: number,
  durationSeconds: number,
  scraped: number,
  kept: number,
  added: number,
  ...extra: number[],
];

/** What all reports of a process say beyond their target; another list is another mark. */
export interface ReportMarks {
  labels: LabelSet;
}

export class ScrapeReport {
  readonly #appender: RoutedAppender;
  readonly #targetLabels: LabelSet;
  /** Of the names that were appended last, in order. */
  #refs: SeriesRef[] = [];
  /** Under which the refs are complete. */
  #generation: number;
  #names: readonly string[];
  readonly #marks: ReportMarks;
  /** Those that the refs have. */
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
    this.#names = hasExtra ? [...NAMES, ...EXTRA_NAMES] : NAMES;
  }

  /** Whether the extra series are wanted from now on. */
  setExtra(hasExtra: boolean): void {
    this.#names = hasExtra ? [...NAMES, ...EXTRA_NAMES] : NAMES;
  }

  append(tMs: number, values: ReportValues): void {
    // Extra ones that are no longer asked for; all of them under marks that are no longer true.
    const isMarked = this.#marked === this.#marks.labels;
    for (const ref of this.#refs.splice(isMarked ? this.#names.length : 0)) {
      this.#appender.appendStale(ref, tMs);
      if (ref !== DROPPED_REF) this.#appender.forget(ref);
    }
    this.#marked = this.#marks.labels;
    const { generation } = this.#appender;
    if (generation !== this.#generation)
      this.#refs = this.#refs.map((ref, index) => this.#appender.renew(ref, this.#labels(index)));
    this.#generation = generation;
    for (let index = this.#refs.length; index < this.#names.length; index++)
      this.#refs.push(this.#appender.refOf(this.#labels(index)));
    this.#refs.forEach((ref, index) => this.#appender.append(ref, tMs, values[index] ?? 0));
  }

  /** The target is gone. */
  appendStale(tMs: number): void {
    for (const ref of this.#refs) this.#appender.appendStale(ref, tMs);
  }

  /** Of the report's series in this place. */
  #labels(index: number): LabelSet {
    const labels = [...this.#targetLabels, ...this.#marked].map((label): [string, string] => [
      label.name,
      label.value,
    ]);
    return makeLabelSet([...labels, [METRIC_NAME, this.#names[index] ?? '']]);
  }
}
