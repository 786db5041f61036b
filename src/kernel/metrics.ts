/**
 * Amperage's own metrics: counters, gauges, histograms and summaries in a registry that writes the
 * text format 0.0.4. Not a client library for other programs.
 * Limits: 2,000 children of a family; further ones are counted together under the value "other".
 * A function that fails to read its values costs these, not the exposition: it is counted.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import {
  type MetricExemplar,
  type MetricFamily,
  type MetricSample,
} from '../model/metric-family.ts';
import { formatSampleValue, writeExposition } from '../wire/exposition/writer.ts';
import { assert } from './errors.ts';

export type MetricLabels = Readonly<Record<string, string>>;

export interface Counter {
  /** @param exemplar  of the last increase that has one; only OpenMetrics shows it */
  inc(by?: number, exemplar?: MetricExemplar): void;
  readonly value: number;
}

export interface Gauge {
  set(value: number): void;
  inc(by?: number): void;
  readonly value: number;
}

export interface Histogram {
  /** @param exemplar  the last one of each bucket is kept; only OpenMetrics shows it */
  observe(value: number, exemplar?: MetricExemplar): void;
}

/** Quantiles of the last 1,024 observations, for names under which Prometheus has a summary. */
export interface Summary {
  observe(value: number): void;
}

/**
 * One metric name with its label names; `with` returns the child for given label values and makes
 * it on first use.
 */
export interface Family<Metric> {
  with(labels: MetricLabels): Metric;
  remove(labels: MetricLabels): void;
}

type Kind = 'counter' | 'gauge' | 'histogram' | 'summary';

interface Child {
  samples(): readonly MetricSample[];
}

interface FamilyState {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly children: Map<string, Child>;
}

/**
 * Most children of one family. Further ones are folded into one child whose labels all have the
 * value "other", so that cardinality stays bounded.
 */
const CHILDREN_MAX = 2_000;
/** Shown from the first failure on. */
const FAILURES = 'amperage_metrics_read_failures_total';

export class Registry {
  readonly #families = new Map<string, FamilyState>();
  readonly #collectors = new Set<() => void>();

  counter(name: string, help: string): Counter {
    return this.counters(name, help).with({});
  }

  gauge(name: string, help: string): Gauge {
    return this.gauges(name, help).with({});
  }

  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return this.histograms(name, help, buckets).with({});
  }

  counters(name: string, help: string): Family<Counter> {
    return this.#family(name, help, 'counter', newNumber);
  }

  gauges(name: string, help: string): Family<Gauge> {
    return this.#family(name, help, 'gauge', newNumber);
  }

  histograms(name: string, help: string, buckets: readonly number[]): Family<Histogram> {
    return this.#family(name, help, 'histogram', (labels) => newHistogram(labels, buckets));
  }

  summaries(name: string, help: string): Family<Summary> {
    return this.#family(name, help, 'summary', newSummary);
  }

  /**
   * Registers a function that runs before each exposition, for gauges whose value is read only
   * then. When it throws, the gauges that it has not set keep their values.
   *
   * @returns  a function that ends the registration
   */
  onCollect(collect: () => void): () => void {
    this.#collectors.add(collect);
    return () => void this.#collectors.delete(collect);
  }

  /** All metrics; families in the order of registration. */
  families(): MetricFamily[] {
    for (const collect of this.#collectors)
      try {
        collect();
      } catch {
        this.counter(FAILURES, 'Times that values of metrics could not be read.').inc();
      }
    return [...this.#families.values()].map(({ name, help, kind, children }) => ({
      name,
      help,
      type: kind,
      samples: [...children.values()].flatMap((child) => child.samples()),
    }));
  }

  /** All metrics in text format 0.0.4. */
  expose(): string {
    return writeExposition(this.families());
  }

  #family<Metric extends Child>(
    name: string,
    help: string,
    kind: Kind,
    make: (labels: MetricLabels) => Metric,
  ): Family<Metric> {
    let state = this.#families.get(name);
    if (state === undefined) {
      // OpenMetrics names the family of a counter without "_total": x and x_total are one there.
      const twin = kind === 'counter' ? name.replace(/_total$/, '') : `${name}_total`;
      assert(!this.#families.has(twin), `metric ${name} is ${twin} in OpenMetrics`);
      state = { name, help, kind, children: new Map() };
      this.#families.set(name, state);
    }
    assert(state.kind === kind, `metric ${name} is registered as ${state.kind} and as ${kind}`);
    const children = state.children as Map<string, Metric>;
    return {
      with(labels) {
        const key = formatKey(labels);
        let child = children.get(key);
        if (child === undefined) {
          if (children.size >= CHILDREN_MAX) {
            const folded = Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']));
            child = children.get(formatKey(folded)) ?? make(folded);
            children.set(formatKey(folded), child);
            return child;
          }
          child = make({ ...labels });
          children.set(key, child);
        }
        return child;
      },
      remove: (labels) => void children.delete(formatKey(labels)),
    };
  }
}

function newNumber(labels: MetricLabels): Counter & Gauge & Child {
  let value = 0;
  let last: MetricExemplar | undefined;
  return {
    inc: (by = 1, exemplar?: MetricExemplar) => {
      value += by;
      if (exemplar !== undefined) last = exemplar;
    },
    set: (next) => void (value = next),
    get value() {
      return value;
    },
    samples: () => [{ labels, value, ...(last === undefined ? {} : { exemplar: last }) }],
  };
}

function newHistogram(labels: MetricLabels, buckets: readonly number[]): Histogram & Child {
  const counts = new Float64Array(buckets.length);
  /** Of each bucket; the last is that of +Inf. */
  const exemplars: (MetricExemplar | undefined)[] = [];
  let sum = 0;
  let count = 0;
  return {
    observe(value, exemplar) {
      sum += value;
      count += 1;
      const index = buckets.findIndex((bound) => value <= bound);
      if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
      if (exemplar !== undefined) exemplars[index < 0 ? buckets.length : index] = exemplar;
    },
    samples() {
      let below = 0;
      const bucket = (le: string, value: number, index: number): MetricSample => {
        const exemplar = exemplars[index];
        const own = exemplar === undefined ? {} : { exemplar };
        return { suffix: '_bucket', labels: { ...labels, le }, value, ...own };
      };
      return [
        ...buckets.map((bound, index) => {
          below += counts[index] ?? 0;
          return bucket(formatSampleValue(bound), below, index);
        }),
        bucket('+Inf', count, buckets.length),
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ];
    },
  };
}

const QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.99] as const;
/** The number of observations of which quantiles are computed. */
const WINDOW = 1_024;

function newSummary(labels: MetricLabels): Summary & Child {
  const window = new Float64Array(WINDOW);
  let sum = 0;
  let count = 0;
  return {
    observe(value) {
      window[count % WINDOW] = value;
      sum += value;
      count += 1;
    },
    samples() {
      const sorted = window.slice(0, Math.min(count, WINDOW)).sort();
      return [
        ...QUANTILES.map((quantile) => ({
          labels: { ...labels, quantile: String(quantile) },
          value: sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? NaN,
        })),
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ];
    },
  };
}

function formatKey(labels: MetricLabels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\u0000${labels[name] ?? ''}`)
    .join('\u0001');
}
