/**
 * Metric families in the making: samples of one name come together whatever the order they are put
 * in, so that several tasks and several name profiles share a page. Pure.
 */
import type { MetricFamily, MetricSample, MetricType } from '../model/metric-family.ts';

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Whether labels without a value are written as such. */
  readonly hasEmptyLabels?: boolean | undefined;
}

export function gauge(name: string, help: string): Metric {
  return { name, type: 'gauge', help };
}

export function counter(name: string, help: string): Metric {
  return { name, type: 'counter', help };
}

/**
 * A gauge that is always 1 and says all in its labels, those without a value too: as other
 * exporters write theirs.
 */
export function info(name: string, help: string): Metric {
  return { name, type: 'gauge', help, hasEmptyLabels: true };
}

export type SampleLabels = Readonly<Record<string, string>>;

/** Families stand in the order in which their names first came. */
export class FamilyList {
  readonly #families = new Map<string, MetricFamily & { samples: MetricSample[] }>();
  readonly #series = new Set<string>();

  /** Puts a sample; none where there is no value, and none for a series that is there already. */
  put(metric: Metric, labels: SampleLabels, value: number | undefined): void {
    if (value === undefined || Number.isNaN(value)) return;
    let family = this.#families.get(metric.name);
    if (family === undefined) {
      family = { ...metric, samples: [] };
      this.#families.set(metric.name, family);
    }
    // Two containers of one name may be in an answer (one stopped, one new): a page with a series
    // twice is refused.
    const series = `${metric.name}${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
    if (this.#series.has(series)) return;
    this.#series.add(series);
    family.samples.push({ labels, value });
  }

  families(): MetricFamily[] {
    return [...this.#families.values()];
  }
}
