/**
 * A resource that has sent metrics: what a target is elsewhere. It has an appender of its own, and
 * remembers its scopes and their metrics by place and by name, as known-metric.ts does its points.
 */
import type { LabelSet } from '../../model/labels.ts';
import {
  DROPPED_REF,
  type RoutedAppender,
  type SeriesFamily,
  type SeriesRef,
} from '../../model/sample.ts';
import {
  type Bytes,
  hashRange,
  isSameKey,
  keepBytes,
  type KeptBytes,
} from '../../kernel/byte-keys.ts';
import { KnownMetric, type KnownPoint, type MetricKind, NO_REF } from './known-metric.ts';
import type { MetricHead } from './message-heads.ts';

export class KnownScope {
  /** The bytes of the scope and of its schema's URL. */
  readonly key: readonly [scope: KeptBytes, schemaUrl: KeptBytes];
  /** A hash of these bytes. */
  readonly hash: string;
  readonly labels: ReadonlyMap<string, string>;
  /** What its labels add to each series. */
  readonly labelBytes: number;
  position = 0;
  readonly metrics: KnownMetric[] = [];
  readonly #byHead = new Map<string, KnownMetric>();

  constructor(key: KnownScope['key'], hash: string, labels: ReadonlyMap<string, string>) {
    this.key = key;
    this.hash = hash;
    this.labels = labels;
    this.labelBytes = key[0].length + key[1].length;
  }

  /** The metric of a head, a new one where it is unknown. @param place  where it is expected */
  take(request: Bytes, head: MetricHead, place: number): KnownMetric {
    const expected = this.metrics[place];
    if (expected !== undefined && isMetric(expected, request, head)) return expected;
    const name = readRange(request, head.nameAt, head.nameEnd);
    const unit = readRange(request, head.unitAt, head.unitEnd);
    const { kind, temporality, isMonotonic } = head;
    const key = makeKey(head, name, unit);
    const known = this.#byHead.get(key);
    if (known !== undefined) return known;
    const metric = new KnownMetric({
      name,
      kind,
      temporality,
      isMonotonic,
      family: makeFamily(name, unit, head),
      head: {
        name: keepBytes(request.bytes, head.nameAt, head.nameEnd),
        unit: keepBytes(request.bytes, head.unitAt, head.unitEnd),
      },
    });
    metric.position = this.metrics.length;
    this.metrics.push(metric);
    this.#byHead.set(key, metric);
    return metric;
  }

  /** Takes out a metric whose points were all refused: nothing bounds how many there are. */
  dropEmpty(metric: KnownMetric): boolean {
    // One without points was just added, so that it is the last.
    if (metric.points.length > 0 || metric !== this.metrics.at(-1)) return false;
    this.metrics.pop();
    this.#byHead.delete(makeKey(metric, metric.name, metric.family.unit));
    return true;
  }

  /** Takes out metrics without points, and returns the bytes of their texts. */
  sweep(): number {
    const left = this.metrics.filter(({ points }) => points.length > 0);
    if (left.length === this.metrics.length) return 0;
    let textBytes = 0;
    for (const metric of this.metrics)
      if (metric.points.length === 0) textBytes += metric.textBytes;
    this.metrics.length = 0;
    for (const metric of left) {
      metric.position = this.metrics.length;
      this.metrics.push(metric);
    }
    for (const [key, metric] of this.#byHead)
      if (metric.points.length === 0) this.#byHead.delete(key);
    return textBytes;
  }
}

function makeKey(
  { kind, temporality, isMonotonic }: Pick<KnownMetric, 'kind' | 'temporality' | 'isMonotonic'>,
  name: string,
  unit: string,
): string {
  return `${kind} ${temporality} ${isMonotonic} ${name}\n${unit}`;
}

export class KnownResource {
  readonly key: string;
  readonly appender: RoutedAppender;
  /** The bytes of the resource as they came last, and their hash. */
  bytes: KeptBytes;
  bytesHash: number;
  readonly scopes: KnownScope[] = [];
  readonly #scopesByHash = new Map<string, KnownScope>();
  readonly #budget: SeriesBudget;
  readonly #own: SeriesBudget = { count: 0, labelBytes: 0 };
  /** When the last request had it, by our clock. */
  seenMs = 0;
  /** The last request that had it. */
  seenIn = 0;

  constructor(options: {
    readonly key: string;
    readonly appender: RoutedAppender;
    readonly bytes: KeptBytes;
    readonly bytesHash: number;
    readonly budget: SeriesBudget;
  }) {
    this.#budget = options.budget;
    this.key = options.key;
    this.appender = options.appender;
    this.bytes = options.bytes;
    this.bytesHash = options.bytesHash;
    this.#count(0, options.bytes.length);
  }

  /** The scope whose bytes these are; undefined for a new one. */
  findScope(request: Bytes, ranges: ScopeRanges, place: number): KnownScope | undefined {
    const expected = this.scopes[place];
    if (expected !== undefined && isScope(expected, request, ranges)) return expected;
    const known = this.#scopesByHash.get(hashScope(request, ranges));
    return known !== undefined && isScope(known, request, ranges) ? known : undefined;
  }

  addScope(request: Bytes, ranges: ScopeRanges, labels: ReadonlyMap<string, string>): KnownScope {
    const { bytes } = request;
    const scope = new KnownScope(
      [
        keepBytes(bytes, ranges.scopeAt, ranges.scopeEnd),
        keepBytes(bytes, ranges.schemaAt, ranges.schemaEnd),
      ],
      hashScope(request, ranges),
      labels,
    );
    this.#scopesByHash.set(scope.hash, scope);
    scope.position = this.scopes.length;
    this.scopes.push(scope);
    return scope;
  }

  /** Takes out a metric whose points were all refused. */
  dropEmptyMetric(scope: KnownScope, metric: KnownMetric): void {
    if (scope.dropEmpty(metric)) this.#count(0, -metric.textBytes);
  }

  /** Counts the texts of a metric, whose description has come or changed. */
  countTexts(metric: KnownMetric, textBytes: number): void {
    this.#count(0, textBytes - metric.textBytes);
    metric.textBytes = textBytes;
  }

  /** Takes out a scope whose metrics have no points. */
  dropEmpty(scope: KnownScope): void {
    if (scope.metrics.length > 0 || scope !== this.scopes.at(-1)) return;
    this.scopes.pop();
    this.#scopesByHash.delete(scope.hash);
  }

  makeRef(
    labels: LabelSet,
    metric: { readonly family: SeriesFamily },
    labelBytes: number,
  ): SeriesRef {
    this.#count(1, labelBytes);
    return this.appender.refOf(labels, { family: metric.family });
  }

  /** Forgets the points for which `isGone` holds. */
  forget(isGone: (point: KnownPoint) => boolean): void {
    for (const scope of this.scopes) {
      for (const metric of scope.metrics)
        for (const point of metric.remove(isGone)) this.release(point.refs, point.labelBytes);
      this.#count(0, -scope.sweep());
    }
    const left = this.scopes.filter(({ metrics }) => metrics.length > 0);
    if (left.length < this.scopes.length) {
      this.scopes.length = 0;
      this.#scopesByHash.clear();
      for (const scope of left) {
        scope.position = this.scopes.length;
        this.scopes.push(scope);
        this.#scopesByHash.set(scope.hash, scope);
      }
    }
  }

  /** Forgets the refs. @param labelBytes  of each of them */
  release(refs: readonly SeriesRef[], labelBytes: number): void {
    for (const ref of refs) {
      if (ref === NO_REF) continue;
      this.#count(-1, -labelBytes);
      if (ref !== DROPPED_REF) this.appender.forget(ref);
    }
  }

  close(): void {
    this.#count(-this.#own.count, -this.#own.labelBytes);
    this.appender.close();
  }

  #count(series: number, labelBytes: number): void {
    for (const budget of [this.#own, this.#budget]) {
      budget.count += series;
      budget.labelBytes += labelBytes;
    }
  }
}

/** How many series all resources of an intake have. */
export interface SeriesBudget {
  count: number;
  /** Of resources and of texts of metrics once, of labels for each series. */
  labelBytes: number;
}

export interface ScopeRanges {
  readonly scopeAt: number;
  readonly scopeEnd: number;
  readonly schemaAt: number;
  readonly schemaEnd: number;
}

function hashScope({ bytes }: Bytes, at: ScopeRanges): string {
  const scope = hashRange(bytes, at.scopeAt, at.scopeEnd);
  return `${scope} ${hashRange(bytes, at.schemaAt, at.schemaEnd)}`;
}

function isScope({ key: [scope, schema] }: KnownScope, request: Bytes, at: ScopeRanges): boolean {
  return (
    isSameKey(scope, request, at.scopeAt, at.scopeEnd) &&
    isSameKey(schema, request, at.schemaAt, at.schemaEnd)
  );
}

function isMetric(metric: KnownMetric, request: Bytes, head: MetricHead): boolean {
  return (
    metric.kind === head.kind &&
    metric.temporality === head.temporality &&
    metric.isMonotonic === head.isMonotonic &&
    isSameKey(metric.head.name, request, head.nameAt, head.nameEnd) &&
    isSameKey(metric.head.unit, request, head.unitAt, head.unitEnd)
  );
}

/** Tolerant as attributes are: what is no UTF-8 is replaced. */
export function readRange({ bytes }: Bytes, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

export const DELTA = 1;

const TYPES = {
  gauge: 'gauge',
  histogram: 'histogram',
  exponential: 'histogram',
  summary: 'summary',
} as const satisfies Partial<Record<MetricKind, SeriesFamily['type']>>;

/** A sum that may fall is a gauge for Prometheus, and says that it is a sum. */
function makeFamily(
  name: string,
  unit: string,
  { kind, temporality, isMonotonic }: MetricHead,
): SeriesFamily {
  const delta = temporality === DELTA ? { isDelta: true } : {};
  if (kind !== 'sum') return { name, unit, type: TYPES[kind], ...delta };
  if (isMonotonic) return { name, unit, type: 'counter', ...delta };
  return { name, unit, type: 'gauge', isSum: true, ...delta };
}
