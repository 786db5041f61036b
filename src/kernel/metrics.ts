/**
 * Our own metrics: counters, gauges and histograms in a registry that writes the text format 0.0.4.
 * Not a client library for others: just what the parts of Amperage say of themselves.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { assert } from './errors.ts';

export type MetricLabels = Readonly<Record<string, string>>;

export interface Counter {
  inc(by?: number): void;
  readonly value: number;
}

export interface Gauge {
  set(value: number): void;
  inc(by?: number): void;
  readonly value: number;
}

export interface Histogram {
  observe(value: number): void;
}

/** One metric name with its label names; `with` gives the child for label values, made on first use. */
export interface Family<Metric> {
  with(labels: MetricLabels): Metric;
  remove(labels: MetricLabels): void;
}

type Kind = 'counter' | 'gauge' | 'histogram';

interface FamilyState {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly children: Map<
    string,
    { readonly labels: MetricLabels; write(name: string, out: string[]): void }
  >;
}

/** Children of one family beyond this are folded into one with the value "other": cardinality stays bounded. */
const CHILDREN_MAX = 2_000;

export class Registry {
  readonly #families = new Map<string, FamilyState>();
  readonly #collectors: (() => void)[] = [];

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

  /** Runs before each exposition, to set gauges that are read and not kept. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** All metrics in text format 0.0.4, families in the order they were registered. */
  expose(): string {
    for (const collect of this.#collectors) collect();
    const out: string[] = [];
    for (const family of this.#families.values()) {
      if (family.children.size === 0) continue;
      out.push(
        `# HELP ${family.name} ${escapeHelp(family.help)}`,
        `# TYPE ${family.name} ${family.kind}`,
      );
      for (const child of family.children.values()) child.write(family.name, out);
    }
    return out.length === 0 ? '' : `${out.join('\n')}\n`;
  }

  #family<
    Metric extends { write(name: string, out: string[]): void; readonly labels: MetricLabels },
  >(
    name: string,
    help: string,
    kind: Kind,
    make: (labels: MetricLabels) => Metric,
  ): Family<Metric> {
    let state = this.#families.get(name);
    if (state === undefined) {
      state = { name, help, kind, children: new Map() };
      this.#families.set(name, state);
    }
    assert(state.kind === kind, `metric ${name} is registered as ${state.kind} and as ${kind}`);
    const children = state.children as Map<string, Metric>;
    return {
      with(labels) {
        const key = keyOf(labels);
        let child = children.get(key);
        if (child === undefined) {
          if (children.size >= CHILDREN_MAX) {
            const folded = Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']));
            child = children.get(keyOf(folded)) ?? make(folded);
            children.set(keyOf(folded), child);
            return child;
          }
          child = make({ ...labels });
          children.set(key, child);
        }
        return child;
      },
      remove: (labels) => void children.delete(keyOf(labels)),
    };
  }
}

function newNumber(
  labels: MetricLabels,
): Counter & Gauge & { readonly labels: MetricLabels; write(name: string, out: string[]): void } {
  let value = 0;
  return {
    labels,
    inc: (by = 1) => void (value += by),
    set: (next) => void (value = next),
    get value() {
      return value;
    },
    write: (name, out) => void out.push(`${name}${formatLabels(labels)} ${formatValue(value)}`),
  };
}

function newHistogram(
  labels: MetricLabels,
  buckets: readonly number[],
): Histogram & { readonly labels: MetricLabels; write(name: string, out: string[]): void } {
  const counts = new Float64Array(buckets.length);
  let sum = 0;
  let count = 0;
  return {
    labels,
    observe(value) {
      sum += value;
      count += 1;
      const index = buckets.findIndex((bound) => value <= bound);
      if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
    },
    write(name, out) {
      let below = 0;
      buckets.forEach((bound, index) => {
        below += counts[index] ?? 0;
        out.push(`${name}_bucket${formatLabels({ ...labels, le: formatValue(bound) })} ${below}`);
      });
      out.push(`${name}_bucket${formatLabels({ ...labels, le: '+Inf' })} ${count}`);
      out.push(`${name}_sum${formatLabels(labels)} ${formatValue(sum)}`);
      out.push(`${name}_count${formatLabels(labels)} ${count}`);
    },
  };
}

function keyOf(labels: MetricLabels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\u0000${labels[name] ?? ''}`)
    .join('\u0001');
}

function formatLabels(labels: MetricLabels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeLabelValue(value)}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabelValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
