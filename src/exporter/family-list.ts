/**
 * Collects samples into metric families. Samples of one name come together in whatever order they
 * are put in, so that several tasks and profiles can share an exposition. Pure.
 */
import type { MetricFamily, MetricSample, MetricType } from '../model/metric-family.ts';

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Whether labels with an empty value are written. */
  readonly hasEmptyLabels?: boolean | undefined;
}

export function gauge(name: string, help: string): Metric {
  return { name, type: 'gauge', help };
}

export function counter(name: string, help: string): Metric {
  return { name, type: 'counter', help };
}

/**
 * A gauge that is always 1 and has its information in its labels. Labels with an empty value are
 * written too, as other exporters do.
 */
export function info(name: string, help: string): Metric {
  return { name, type: 'gauge', help, hasEmptyLabels: true };
}

export type SampleLabels = Readonly<Record<string, string>>;

/** The families, in the order in which their names were first put. */
export class FamilyList {
  readonly #families = new Map<string, MetricFamily & { samples: MetricSample[] }>();
  readonly #series = new Set<string>();

  /** Puts a sample, unless it has no value or its series has one already. */
  put(metric: Metric, labels: SampleLabels, value: number | undefined): void {
    if (value === undefined || Number.isNaN(value)) return;
    let family = this.#families.get(metric.name);
    if (family === undefined) {
      family = { ...metric, samples: [] };
      this.#families.set(metric.name, family);
    }
    // An answer may have two containers of one name (one stopped, one new). Prometheus refuses an
    // exposition that has a series twice.
    const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const series = `${metric.name}${JSON.stringify(sorted)}`;
    if (this.#series.has(series)) return;
    this.#series.add(series);
    family.samples.push({ labels, value });
  }

  list(): MetricFamily[] {
    return [...this.#families.values()];
  }
}
