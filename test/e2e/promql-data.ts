/**
 * Deterministic random series for comparing query engines, as an in-memory `Queryable` and as
 * OpenMetrics text for `promtool tsdb create-blocks-from openmetrics`. Without stale markers, which
 * OpenMetrics can't express.
 */
import { compareLabelSets, makeLabelSet, type LabelSet } from '../../src/model/labels.ts';
import { compileMatchers } from '../../src/workspace/promql/matcher.ts';
import type { Queryable, SeriesData } from '../../src/workspace/promql/queryable.ts';

export const START_MS = 1_700_000_000_000;
export const END_MS = START_MS + 2 * 3_600_000;
const STEP_MS = 15_000;

/** mulberry32: small, seeded, the same on every machine. */
function newRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Series {
  readonly labels: LabelSet;
  readonly times: number[];
  readonly values: number[];
}

/** All series, sorted by their labels. */
export function makeSeries(seed = 1): SeriesData[] {
  const random = newRandom(seed);
  const all: Series[] = [];
  const add = (
    labels: Readonly<Record<string, string>>,
    valueAt: (index: number, tMs: number) => number | undefined,
    jitterMs = 0,
  ): void => {
    const series: Series = { labels: makeLabelSet(labels), times: [], values: [] };
    for (let tMs = START_MS, i = 0; tMs <= END_MS; tMs += STEP_MS, i++) {
      const value = valueAt(i, tMs);
      if (value === undefined) continue;
      series.times.push(tMs + Math.floor(random() * jitterMs));
      series.values.push(value);
    }
    all.push(series);
  };
  for (const [index, instance] of ['a:1', 'b:2', 'c:3'].entries()) {
    const own = { instance, job: index === 2 ? 'batch' : 'web' };
    for (const method of ['GET', 'POST']) {
      for (const status of ['200', '404', '500']) {
        add(
          { __name__: 'http_requests_total', ...own, method, status },
          newCounter(random),
          status === '404' ? 5_000 : 0,
        );
      }
    }
    add({ __name__: 'memory_bytes', ...own }, () => Math.round(random() * 1e9) - 1e8);
    add({ __name__: 'cpus', ...own }, () => 2 ** (index + 1));
    add({ __name__: 'zero_or_one', ...own }, () => (random() < 0.5 ? 0 : 1));
    add({ __name__: 'temperature_celsius', ...own }, (i) => 20 + 5 * Math.sin(i / 20) + random());
    add({ __name__: 'gappy', ...own }, (i) => (Math.floor(i / 40) % 3 === index ? i : undefined));
    for (const version of ['1', '2']) {
      const isLate = version === '2';
      add({ __name__: 'build_info', ...own, version }, (i) =>
        i > 200 + index * 20 === isLate ? 1 : undefined,
      );
    }
    addHistogram(own, random, add);
  }
  const odd = [NaN, Infinity, -Infinity, 0, -0, 1e300, -1e-300, 0.1, 1, -1.5, 2.5];
  for (const kind of ['x', 'y']) {
    add({ __name__: 'odd_values', kind }, () => odd[Math.floor(random() * odd.length)]);
    add({ __name__: 'huge', kind }, () => (random() < 0.5 ? 1.7e308 : 1.1e308));
  }
  add({ __name__: 'constant' }, () => 42);
  add({ __name__: 'epoch_seconds' }, (i) => 951_782_400 + i * 86_400 * 3 + i * 61);
  return all
    .map(({ labels, times, values }) => ({
      labels,
      timestampsMs: Float64Array.from(times),
      values: Float64Array.from(values),
    }))
    .toSorted((a, b) => compareLabelSets(a.labels, b.labels));
}

function newCounter(random: () => number): (index: number) => number | undefined {
  let total = Math.floor(random() * 100);
  let gap = 0;
  return () => {
    total += random() < 0.3 ? 0 : Math.floor(random() * 50);
    if (random() < 0.01) total = Math.floor(random() * 5);
    if (gap === 0 && random() < 0.01) gap = Math.floor(random() * 30);
    if (gap === 0) return total;
    gap -= 1;
    return undefined;
  };
}

type Add = (
  labels: Readonly<Record<string, string>>,
  valueAt: (index: number, tMs: number) => number | undefined,
) => void;

function addHistogram(own: Readonly<Record<string, string>>, random: () => number, add: Add): void {
  const bounds = ['0.1', '0.25', '0.5', '1', '2.5', '+Inf'];
  const points = Array.from({ length: (END_MS - START_MS) / STEP_MS + 1 }, () =>
    bounds.map(() => Math.floor(random() * 10)),
  );
  bounds.forEach((le, upTo) => {
    let total = 0;
    add({ __name__: 'latency_seconds_bucket', ...own, le }, (i) => {
      total += (points[i] ?? []).slice(0, upTo + 1).reduce((sum, count) => sum + count, 0);
      return total;
    });
  });
}

/** A `Queryable` over arrays. */
export function inMemory(all: readonly SeriesData[]): Queryable {
  return {
    select(matchers, fromMs, toMs) {
      const matches = compileMatchers(matchers);
      return all
        .filter(({ labels }) => matches(labels))
        .map(({ labels, timestampsMs, values }) => {
          const from = countUpTo(timestampsMs, fromMs);
          const to = countUpTo(timestampsMs, toMs);
          return {
            labels,
            timestampsMs: timestampsMs.subarray(from, to),
            values: values.subarray(from, to),
          };
        })
        .filter(({ values }) => values.length > 0);
    },
  };
}

function countUpTo(times: Float64Array, tMs: number): number {
  let count = 0;
  while (count < times.length && (times[count] ?? 0) <= tMs) count += 1;
  return count;
}

export function openMetrics(all: readonly SeriesData[]): string {
  const lines: string[] = [];
  for (const { labels, timestampsMs, values } of all) {
    const name = labels.find((label) => label.name === '__name__')?.value ?? '';
    const pairs = labels
      .filter((label) => label.name !== '__name__')
      .map((label) => `${label.name}="${label.value}"`);
    timestampsMs.forEach((tMs, i) => {
      lines.push(`${name}{${pairs.join(',')}} ${formatFloat(values[i] ?? 0)} ${tMs / 1_000}`);
    });
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
