/**
 * Goes over a request of metrics in steps, and hands its points to the appenders of their
 * resources. Nothing is committed here: the request may yet turn out to be malformed.
 */
import type { ProtoReader } from '../../wire/protobuf/reader.ts';
import { isSameKey, keepBytes } from './byte-keys.ts';
import {
  type KnownResource,
  type KnownScope,
  readRange,
  type ScopeRanges,
} from './known-resource.ts';
import type { KnownMetric, MetricKind } from './known-metric.ts';
import { MetricHead, readResourceHead, readScopeHead, type ResourceHead } from './message-heads.ts';
import { readPointAttributes } from './point-labels.ts';
import { PointScan } from './point-scan.ts';
import { PointWriter, type WriterOptions } from './point-writer.ts';
import { Rejections } from './rejections.ts';

/** Points between two steps: a histogram of a thousand bounds is a thousand samples. */
const POINTS_A_STEP = 64;

export interface WalkOptions extends Omit<WriterOptions, 'scan'> {
  /** The resource that is described by these bytes; undefined where there is no room for it. */
  readonly takeResource: (
    scan: PointScan,
    range: Pick<ResourceHead, 'resourceAt' | 'resourceEnd'>,
  ) => KnownResource | undefined;
}

export interface Walked {
  /** How many points were appended. */
  readonly items: number;
  readonly rejections: Rejections;
}

/** @throws WireError  where the body is no request of metrics; what was appended is to be undone */
export function* walkRequest(
  body: Uint8Array,
  options: WalkOptions,
): Generator<undefined, Walked, undefined> {
  const scan = new PointScan(body);
  const { reader } = scan;
  const walk = new Walk(scan, options);
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== 0x0a) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    yield* walk.resource();
    reader.leave(outer);
  }
  return walk;
}

class Walk implements Walked {
  items = 0;
  readonly rejections = new Rejections();
  readonly #scan: PointScan;
  readonly #reader: ProtoReader;
  readonly #options: WalkOptions;
  readonly #writerOptions: WriterOptions;
  readonly #head = new MetricHead();

  constructor(scan: PointScan, options: WalkOptions) {
    this.#scan = scan;
    this.#reader = scan.reader;
    this.#options = options;
    this.#writerOptions = { ...options, scan };
  }

  *resource(): Generator<undefined, void, undefined> {
    const reader = this.#reader;
    const { end } = reader;
    const head = readResourceHead(reader);
    const resource = this.#options.takeResource(this.#scan, head);
    let place = 0;
    for (let i = 0; i < head.scopes.length; i += 2) {
      reader.at = head.scopes[i] as number;
      reader.end = head.scopes[i + 1] as number;
      place = yield* this.#scope(resource, place);
    }
    reader.at = end;
    reader.end = end;
  }

  *#scope(
    resource: KnownResource | undefined,
    place: number,
  ): Generator<undefined, number, undefined> {
    const reader = this.#reader;
    const head = readScopeHead(reader);
    const scope = resource && this.#takeScope(resource, head, place);
    let metricPlace = 0;
    for (let i = 0; i < head.metrics.length; i += 2) {
      reader.at = head.metrics[i] as number;
      reader.end = head.metrics[i + 1] as number;
      this.#head.read(reader);
      if (resource === undefined || scope === undefined)
        this.rejections.add('resource_limit', this.#head.pointCount);
      else metricPlace = yield* this.#metric(resource, scope, metricPlace);
    }
    return scope === undefined ? place : scope.position + 1;
  }

  *#metric(
    resource: KnownResource,
    scope: KnownScope,
    place: number,
  ): Generator<undefined, number, undefined> {
    const head = this.#head;
    if (!head.hasData) return place;
    const hasTemporality = head.kind !== 'gauge' && head.kind !== 'summary';
    if (head.nameEnd === head.nameAt || (hasTemporality && !isTemporality(head.temporality))) {
      const reason = head.nameEnd === head.nameAt ? 'metric_name' : 'temporality';
      this.rejections.add(reason, head.pointCount);
      return place;
    }
    const metric = scope.take(this.#scan.request, head, place);
    this.#describe(metric);
    const writer = new PointWriter(this.#writerOptions, { resource, scope, metric });
    const reader = this.#reader;
    reader.at = head.dataAt;
    reader.end = head.dataEnd;
    let pointPlace = 0;
    for (let read = 0; reader.more(); read++) {
      if (read % POINTS_A_STEP === POINTS_A_STEP - 1) yield;
      const tag = reader.varint();
      if (tag !== 0x0a) {
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      readPoint(this.#scan, head.kind);
      const next = writer.write(pointPlace);
      if (typeof next === 'number') {
        pointPlace = next;
        this.items += 1;
      } else this.rejections.add(next, 1);
      reader.leave(outer);
    }
    yield;
    return metric.position + 1;
  }

  #describe(metric: KnownMetric): void {
    const { request } = this.#scan;
    const { descriptionAt, descriptionEnd } = this.#head;
    if (isSameKey(metric.description, request, descriptionAt, descriptionEnd)) return;
    metric.description = keepBytes(request.bytes, descriptionAt, descriptionEnd);
    metric.help = readRange(request, descriptionAt, descriptionEnd);
    metric.stamp += 1;
  }

  #takeScope(resource: KnownResource, ranges: ScopeRanges, place: number): KnownScope {
    const { request } = this.#scan;
    const known = resource.findScope(request, ranges, place);
    return known ?? resource.addScope(request, ranges, this.#readScope(ranges));
  }

  /** The labels of a scope. A name that it lacks is no label. */
  #readScope({ scopeAt, scopeEnd, schemaAt, schemaEnd }: ScopeRanges): Map<string, string> {
    const reader = this.#reader;
    const { request } = this.#scan;
    const labels = new Map<string, string>();
    reader.at = scopeAt;
    reader.end = scopeEnd;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a) {
        reader.skip(tag);
        continue;
      }
      const start = reader.at;
      const end = reader.lengthEnd();
      const text = readRange(request, reader.at, end);
      if (tag === 0x0a) labels.set('otel_scope_name', text);
      else if (tag === 0x12) labels.set('otel_scope_version', text);
      else {
        const attributes = readPointAttributes(request.bytes, start - 1, end) ?? [];
        for (const [name, value] of attributes) {
          const label = `otel_scope_${name}`;
          if (!labels.has(label)) labels.set(label, value);
        }
      }
      reader.at = end;
    }
    labels.set('otel_scope_schema_url', readRange(request, schemaAt, schemaEnd));
    return labels;
  }
}

function readPoint(scan: PointScan, kind: MetricKind): void {
  switch (kind) {
    case 'gauge':
    case 'sum':
      scan.readNumber();
      return;
    case 'histogram':
      scan.readHistogram();
      return;
    case 'exponential':
      scan.readExponential();
      return;
    case 'summary':
      scan.readSummary();
  }
}

/** Delta or cumulative. */
function isTemporality(value: number): boolean {
  return value === 1 || value === 2;
}
