/**
 * What cases about requests consist of: a target's exposition, the requests that came of it, and
 * the questions that a case asks of them.
 */
import assert from 'node:assert/strict';
import type { DecodedRequest, DecodedSeries } from './decoded.ts';

/** What arrived of one target. */
export class Seen {
  readonly version: 1 | 2;
  /** Requests of all targets. */
  readonly requests: readonly DecodedRequest[];
  /** Requests that contain series of this target. */
  readonly own: readonly DecodedRequest[];
  readonly series: readonly DecodedSeries[];
  readonly #startMs: number;

  constructor(version: 1 | 2, requests: readonly DecodedRequest[], job: string, startMs: number) {
    this.version = version;
    this.requests = requests;
    this.#startMs = startMs;
    const isOwn = (one: DecodedSeries): boolean => valueOf(one, 'job') === job;
    this.own = requests.filter(({ series }) => series.some(isOwn));
    this.series = requests.flatMap(({ series }) => series.filter(isOwn));
  }

  /** The series with this name and these labels, once for each request that contains them. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): DecodedSeries[] {
    return this.series.filter(
      (one) =>
        valueOf(one, '__name__') === name &&
        Object.entries(labels).every(([label, value]) => valueOf(one, label) === value),
    );
  }

  /** The same as `all`, but at least one. */
  some(name: string, labels: Readonly<Record<string, string>> = {}): DecodedSeries[] {
    const found = this.all(name, labels);
    assert.ok(found.length > 0, `no series ${name} ${JSON.stringify(labels)}`);
    return found;
  }

  /** Asserts that every sample of the series has this value. */
  value(name: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    const samples = this.some(name, labels).flatMap((one) => one.samples);
    assert.ok(samples.length > 0, `no samples of ${name}`);
    for (const sample of samples) assert.ok(Object.is(sample.value, value), `${sample.value}`);
  }

  /**
   * Metadata of a family. 2.0 sends it beside the series of this name, 1.0 under the family's name.
   */
  metadata(series: string, family: string): { type: number; help: string; unit: string } {
    if (this.version === 2) {
      const found = this.some(series).map((one) => one.metadata);
      assert.ok(
        found.every((one) => one !== undefined),
        `no metadata beside ${series}`,
      );
      for (const one of found) assert.deepEqual(one, found[0]);
      return found[0]!;
    }
    const found = this.requests
      .flatMap(({ metadata }) => metadata)
      .find(({ name }) => name === family);
    assert.ok(found, `no metadata of ${family}`);
    return found;
  }

  /** Asserts that timestamps lie within the time of the run. */
  isRecent(tMs: number): boolean {
    return tMs >= this.#startMs - 1_000 && tMs <= Date.now() + 1_000;
  }
}

export function valueOf({ labels }: DecodedSeries, name: string): string | undefined {
  return labels.find(([label]) => label === name)?.[1];
}

export interface DataCase {
  readonly name: string;
  readonly level: 'MUST' | 'SHOULD' | 'RECOMMENDED' | 'MAY';
  readonly page: string | (() => Uint8Array);
  /** The target answers only every second scrape, so that series end. */
  readonly blinks?: boolean;
  /** The only version that can express the case; by default both can. */
  readonly only?: 1 | 2;
  readonly honorLabels?: boolean;
  readonly check: (seen: Seen) => void;
}

type Row = [
  name: string,
  level: DataCase['level'],
  page: DataCase['page'],
  check: DataCase['check'],
  more?: Partial<DataCase>,
];

/** The cases of one group of the suites, in their order. */
export const rows = (group: string, list: readonly Row[]): DataCase[] =>
  list.map(([name, level, page, check, more]) => ({
    name: `${group}/${name}`,
    level,
    page,
    check,
    ...more,
  }));

/** Lines made from their numbers. */
export const many = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

export const FUTURE_MS = Date.now() + 120_000;
export const HISTOGRAM_PAGE = `# HELP lat Latency.
# TYPE lat histogram
lat_bucket{le="0.1"} 5
lat_bucket{le="0.5"} 7
lat_bucket{le="+Inf"} 10
lat_sum 4.5
lat_count 10
`;
