/**
 * What senders have said of metric families, and the metrics that have series here. 1.0 says it of
 * families, beside the series and mostly in messages of its own; 2.0 says it of each series.
 * Limits: families that were told, and the bytes of their texts; those told first make room.
 */
import type { SeriesMetadata, SeriesType } from '../model/sample.ts';
import { familyNameOf, type MetricMetadata } from '../wire/remote-write/metadata.ts';

const FAMILIES_MAX = 100_000;
const TEXT_BYTES_MAX = 64 * 1024 * 1024;
/** What stays of both where room is made. */
const ROOM = 3 / 4;
/** What series names may have behind the name of their family. */
const SUFFIXES = ['', '_total', '_bucket', '_sum', '_count'] as const;

/** A name that series have. */
export interface PushedMetric {
  readonly name: string;
  /** How many series have it. */
  series: number;
  told: { readonly family: string; readonly metadata: SeriesMetadata } | undefined;
  /** Grows when something else is told. */
  stamp: number;
}

export class PushedMetrics {
  readonly #metrics = new Map<string, PushedMetric>();
  /** In the order in which they were told. */
  readonly #families = new Map<string, SeriesMetadata>();
  #textBytes = 0;

  /** The metric of a new series. */
  take(name: string): PushedMetric {
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      metric = { name, series: 0, told: undefined, stamp: 0 };
      this.#metrics.set(name, metric);
      this.#lookUp(metric);
    }
    metric.series += 1;
    return metric;
  }

  /** Lets go of a series. */
  release(metric: PushedMetric): void {
    metric.series -= 1;
    if (metric.series === 0) this.#metrics.delete(metric.name);
  }

  /** What 1.0 says of a family. */
  tellFamily({ name, type, help, unit }: MetricMetadata): void {
    const metadata = { type, help, unit };
    const before = this.#families.get(name);
    if (name === '' || saysNothing(metadata) || isSame(before, metadata)) return;
    this.#forget(name);
    this.#families.set(name, metadata);
    this.#textBytes += textBytes(name, metadata);
    if (this.#families.size > FAMILIES_MAX || this.#textBytes > TEXT_BYTES_MAX) this.#makeRoom();
    for (const suffix of SUFFIXES) {
      const metric = this.#metrics.get(name + suffix);
      if (metric !== undefined) this.#lookUp(metric);
    }
  }

  /** What 2.0 says of a series of the metric. */
  tellSeries(metric: PushedMetric, metadata: SeriesMetadata): void {
    if (saysNothing(metadata) || isSame(metric.told?.metadata, metadata)) return;
    metric.told = { family: familyNameOf(metric.name, metadata.type), metadata };
    metric.stamp += 1;
  }

  #lookUp(metric: PushedMetric): void {
    for (const suffix of SUFFIXES) {
      if (!metric.name.endsWith(suffix)) continue;
      const family = metric.name.slice(0, metric.name.length - suffix.length);
      const metadata = this.#families.get(family);
      if (metadata === undefined || !hasSeries(metadata.type, suffix)) continue;
      metric.told = { family, metadata };
      metric.stamp += 1;
      return;
    }
  }

  /** By a quarter: to find the oldest one, a Map walks over all that were deleted before it. */
  #makeRoom(): void {
    const [families, bytes] = [this.#families.size, this.#textBytes];
    for (const name of this.#families.keys()) {
      if (this.#families.size <= families * ROOM && this.#textBytes <= bytes * ROOM) return;
      this.#forget(name);
    }
  }

  #forget(name: string): void {
    const before = this.#families.get(name);
    if (before === undefined) return;
    this.#families.delete(name);
    this.#textBytes -= textBytes(name, before);
  }
}

/** Whether a family of a type has series whose names end so. */
function hasSeries(type: SeriesType, suffix: (typeof SUFFIXES)[number]): boolean {
  if (suffix === '') return true;
  if (suffix === '_total') return type === 'counter';
  if (suffix === '_bucket') return type === 'histogram' || type === 'gaugehistogram';
  return type === 'histogram' || type === 'gaugehistogram' || type === 'summary';
}

function saysNothing({ type, help, unit }: SeriesMetadata): boolean {
  return type === 'unknown' && help === '' && unit === '';
}

function isSame(one: SeriesMetadata | undefined, other: SeriesMetadata): boolean {
  return one?.type === other.type && one.help === other.help && one.unit === other.unit;
}

function textBytes(name: string, { help, unit }: SeriesMetadata): number {
  return Buffer.byteLength(name) + Buffer.byteLength(help) + Buffer.byteLength(unit);
}
