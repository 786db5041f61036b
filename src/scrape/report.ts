/**
 * The series that a scrape makes of itself: up, scrape_duration_seconds and the counts of samples. They carry the
 * target's labels and see no metric_relabel_configs.
 * Source: https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series
 */
import { type LabelSet, labelSetOf, METRIC_NAME } from '../model/labels.ts';
import { type Appender, DROPPED_REF, type SeriesRef } from '../model/sample.ts';

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

export class ScrapeReport {
  readonly #appender: Appender;
  readonly #targetLabels: LabelSet;
  #refs: readonly SeriesRef[] | undefined;
  /** Extra ones that are no longer asked for, until their stale markers. */
  #ending: readonly SeriesRef[] = [];
  #names: readonly string[];

  constructor(appender: Appender, targetLabels: LabelSet, hasExtra: boolean) {
    this.#appender = appender;
    this.#targetLabels = targetLabels;
    this.#names = hasExtra ? [...NAMES, ...EXTRA_NAMES] : NAMES;
  }

  /** Whether the extra series are wanted from now on. */
  setExtra(hasExtra: boolean): void {
    const names = hasExtra ? [...NAMES, ...EXTRA_NAMES] : NAMES;
    if (names.length === this.#names.length) return;
    this.#names = names;
    if (this.#refs === undefined) return;
    this.#ending = this.#refs.slice(names.length);
    const kept = this.#refs.slice(0, names.length);
    this.#refs = [...kept, ...names.slice(kept.length).map((name) => this.#refOf(name))];
  }

  append(tMs: number, values: ReportValues): void {
    for (const ref of this.#ending) {
      this.#appender.appendStale(ref, tMs);
      if (ref !== DROPPED_REF) this.#appender.forget(ref);
    }
    this.#ending = [];
    this.#refs ??= this.#names.map((name) => this.#refOf(name));
    this.#refs.forEach((ref, index) => this.#appender.append(ref, tMs, values[index] ?? 0));
  }

  /** The target is gone. */
  appendStale(tMs: number): void {
    for (const ref of [...this.#ending, ...(this.#refs ?? [])])
      this.#appender.appendStale(ref, tMs);
  }

  #refOf(name: string): SeriesRef {
    const labels = this.#targetLabels.map((label): [string, string] => [label.name, label.value]);
    return this.#appender.refOf(labelSetOf([...labels, [METRIC_NAME, name]]));
  }
}
