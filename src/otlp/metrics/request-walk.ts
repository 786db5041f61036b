/**
 * Goes over a request of metrics in steps, and hands its points to the appenders of their
 * resources. Nothing is committed here: the request may yet turn out to be malformed.
 */
import type { ProtoReader } from '../../wire/protobuf/reader.ts';
import { isSameKey, keepBytes } from '../../kernel/byte-keys.ts';
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
import { PointWriter, type WriterOptions, type WriterPlace } from './point-writer.ts';
import { Rejections, type RejectReason } from './rejections.ts';

/** Points between two steps: a histogram of a thousand bounds is a thousand samples. */
const POINTS_A_STEP = 64;
/** Or bytes: a point may have ten thousand attributes, a scope as many empty metrics. */
const BYTES_A_STEP = 32 * 1024;
/** Of a point, a resource, a scope or a text of a metric; usual ones have some hundred. */
const PART_BYTES_MAX = 128 * 1024;

export interface WalkOptions extends Omit<WriterOptions, 'scan'> {
  /** The resource that is described by these bytes, or why there is no room for it. */
  readonly takeResource: (scan: PointScan, range: ResourceHead) => KnownResource | RejectReason;
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
    if (walk.isStepDue()) yield;
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
  #stepAt = 0;
  #resourceHead: ResourceHead = { resourceAt: 0, resourceEnd: 0 };
  /** Of the resource that is read; undefined while no metric of it has points. */
  #resource: KnownResource | RejectReason | undefined;

  constructor(scan: PointScan, options: WalkOptions) {
    this.#scan = scan;
    this.#reader = scan.reader;
    this.#options = options;
    this.#writerOptions = { ...options, scan };
  }

  /** Reads a ResourceMetrics, from its beginning to the reader's end. */
  *resource(): Generator<undefined, void, undefined> {
    const reader = this.#reader;
    const { at, end } = reader;
    this.#resourceHead = yield* readResourceHead(reader);
    this.#resource = undefined;
    let place = 0;
    reader.at = at;
    while (reader.more()) {
      if (this.isStepDue()) yield;
      const tag = reader.tag();
      if (tag !== 0x12) {
        reader.skip(tag);
        continue;
      }
      reader.enter();
      place = yield* this.#scope(place);
      reader.end = end;
    }
  }

  *#scope(place: number): Generator<undefined, number, undefined> {
    const reader = this.#reader;
    const { at, end } = reader;
    const head = yield* readScopeHead(reader);
    let scope: KnownScope | undefined;
    let metricPlace = 0;
    reader.at = at;
    while (reader.more()) {
      if (this.isStepDue()) yield;
      const tag = reader.tag();
      if (tag !== 0x12) {
        reader.skip(tag);
        continue;
      }
      reader.enter();
      const metricEnd = reader.end;
      this.#head.read(reader);
      // What has no points is not remembered: nothing would bound how much of it there is.
      if (this.#head.hasData && this.#head.pointCount > 0) {
        const resource = (this.#resource ??= this.#takeResource());
        const refusal = typeof resource === 'string' ? resource : findHeadFault(this.#head, head);
        if (refusal !== undefined) this.rejections.add(refusal, this.#head.pointCount);
        else {
          const known = resource as KnownResource;
          scope ??= this.#takeScope(known, head, place);
          metricPlace = yield* this.#metric(known, scope, metricPlace);
        }
      }
      reader.at = metricEnd;
      reader.end = end;
    }
    if (scope === undefined) return place;
    (this.#resource as KnownResource).dropEmpty(scope);
    return scope.position + 1;
  }

  /** Whether so many bytes have been gone over that other work has a turn. */
  isStepDue(): boolean {
    const { at } = this.#reader;
    if (Math.abs(at - this.#stepAt) < BYTES_A_STEP) return false;
    this.#stepAt = at;
    return true;
  }

  #takeResource(): KnownResource | RejectReason {
    const { resourceAt, resourceEnd } = this.#resourceHead;
    if (resourceEnd - resourceAt > PART_BYTES_MAX) return 'too_large';
    return this.#options.takeResource(this.#scan, this.#resourceHead);
  }

  *#metric(
    resource: KnownResource,
    scope: KnownScope,
    place: number,
  ): Generator<undefined, number, undefined> {
    const head = this.#head;
    const metric = scope.take(this.#scan.request, head, place);
    const refusal = this.#describe(resource, metric);
    if (refusal === undefined) yield* this.#points({ resource, scope, metric });
    else this.rejections.add(refusal, head.pointCount);
    yield;
    resource.dropEmptyMetric(scope, metric);
    return metric.position + 1;
  }

  *#points(at: WriterPlace): Generator<undefined, void, undefined> {
    const head = this.#head;
    const { resource } = at;
    const writer = new PointWriter(this.#writerOptions, at);
    const reader = this.#reader;
    reader.at = head.dataAt;
    reader.end = head.dataEnd;
    let pointPlace = 0;
    for (let read = 0; reader.more(); read++) {
      if (read % POINTS_A_STEP === POINTS_A_STEP - 1 || this.isStepDue()) {
        yield* resource.appender.prepare?.() ?? [];
        yield;
      }
      const tag = reader.varint();
      if (tag !== 0x0a) {
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      const next = this.#point(writer, head.kind, pointPlace);
      if (typeof next === 'number') {
        pointPlace = next;
        this.items += 1;
      } else this.rejections.add(next, 1);
      reader.leave(outer);
    }
  }

  #point(writer: PointWriter, kind: MetricKind, place: number): number | RejectReason {
    const reader = this.#reader;
    if (reader.end - reader.at > PART_BYTES_MAX) {
      reader.at = reader.end;
      return 'too_large';
    }
    readPoint(this.#scan, kind);
    return writer.write(place);
  }

  /** Takes over the description, or says why there is no room for it. */
  #describe(resource: KnownResource, metric: KnownMetric): RejectReason | undefined {
    const { request } = this.#scan;
    const { descriptionAt, descriptionEnd } = this.#head;
    const isSame = isSameKey(metric.description, request, descriptionAt, descriptionEnd);
    if (isSame && metric.textBytes > 0) return undefined;
    const { name, unit } = metric.head;
    const textBytes = name.length + unit.length + descriptionEnd - descriptionAt;
    const refusal = this.#options.makeRoom(0, textBytes - metric.textBytes);
    if (refusal !== undefined) return refusal;
    resource.countTexts(metric, textBytes);
    if (isSame) return undefined;
    metric.description = keepBytes(request.bytes, descriptionAt, descriptionEnd);
    metric.help = readRange(request, descriptionAt, descriptionEnd);
    metric.stamp += 1;
    return undefined;
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
    const { at, end: outer } = reader;
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
    reader.at = at;
    reader.end = outer;
    return labels;
  }
}

/** Why no point of a metric is taken; undefined where they may be. */
function findHeadFault(head: MetricHead, scope: ScopeRanges): RejectReason | undefined {
  if (head.nameEnd === head.nameAt) return 'metric_name';
  const hasTemporality = head.kind !== 'gauge' && head.kind !== 'summary';
  if (hasTemporality && !isTemporality(head.temporality)) return 'temporality';
  const longest = Math.max(
    head.nameEnd - head.nameAt,
    head.unitEnd - head.unitAt,
    head.descriptionEnd - head.descriptionAt,
    scope.scopeEnd - scope.scopeAt,
    scope.schemaEnd - scope.schemaAt,
  );
  return longest > PART_BYTES_MAX ? 'too_large' : undefined;
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
