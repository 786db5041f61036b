/**
 * Reads what stands round the points of a request: of each resource, scope and metric where its
 * parts are. A field may come behind those that it is needed for, so each message is passed over
 * once, length by length, before its inner ones are read; what may have many fields in steps. Pure.
 * Source: opentelemetry-proto's metrics.proto
 */
import type { ProtoReader } from '../../wire/protobuf/reader.ts';
import type { MetricKind } from './known-metric.ts';

/** Fields that are passed over in one step: a request may have ten million empty ones. */
const FIELDS_A_STEP = 4_096;

/** Where a resource stands. */
export interface ResourceHead {
  resourceAt: number;
  resourceEnd: number;
}

/** Goes over a ResourceMetrics to the reader's end. */
export function* readResourceHead(
  reader: ProtoReader,
): Generator<undefined, ResourceHead, undefined> {
  const head: ResourceHead = { resourceAt: 0, resourceEnd: 0 };
  for (let fields = 1; reader.more(); fields++) {
    if (fields % FIELDS_A_STEP === 0) yield;
    const tag = reader.tag();
    if (tag === 0x0a) {
      head.resourceEnd = reader.lengthEnd();
      head.resourceAt = reader.at;
      reader.at = head.resourceEnd;
    } else reader.skip(tag);
  }
  return head;
}

/** Where a scope and its schema's URL stand. */
export interface ScopeHead {
  scopeAt: number;
  scopeEnd: number;
  schemaAt: number;
  schemaEnd: number;
}

/** Goes over a ScopeMetrics to the reader's end. */
export function* readScopeHead(reader: ProtoReader): Generator<undefined, ScopeHead, undefined> {
  const head: ScopeHead = { scopeAt: 0, scopeEnd: 0, schemaAt: 0, schemaEnd: 0 };
  for (let fields = 1; reader.more(); fields++) {
    if (fields % FIELDS_A_STEP === 0) yield;
    const tag = reader.tag();
    if (tag === 0x0a) {
      head.scopeEnd = reader.lengthEnd();
      head.scopeAt = reader.at;
      reader.at = head.scopeEnd;
    } else if (tag === 0x1a) {
      head.schemaEnd = reader.lengthEnd();
      head.schemaAt = reader.at;
      reader.at = head.schemaEnd;
    } else reader.skip(tag);
  }
  return head;
}

/** Of a metric; one object is used for all of a request. */
export class MetricHead {
  nameAt = 0;
  nameEnd = 0;
  descriptionAt = 0;
  descriptionEnd = 0;
  unitAt = 0;
  unitEnd = 0;
  /** Undefined for a metric without data, or of a kind that is not known. */
  kind: MetricKind = 'gauge';
  hasData = false;
  /** 0: not stated, 1: delta, 2: cumulative. */
  temporality = 0;
  isMonotonic = false;
  /** Where the message with the points is. */
  dataAt = 0;
  dataEnd = 0;
  pointCount = 0;

  /** Reads a metric, from its beginning to the reader's end. */
  read(reader: ProtoReader): void {
    this.nameAt = this.nameEnd = 0;
    this.descriptionAt = this.descriptionEnd = 0;
    this.unitAt = this.unitEnd = 0;
    this.hasData = false;
    this.temporality = 0;
    this.isMonotonic = false;
    this.pointCount = 0;
    while (reader.at < reader.end) {
      const tag = reader.varint();
      switch (tag) {
        case 0x0a:
          this.nameEnd = reader.lengthEnd();
          this.nameAt = reader.at;
          reader.at = this.nameEnd;
          break;
        case 0x12:
          this.descriptionEnd = reader.lengthEnd();
          this.descriptionAt = reader.at;
          reader.at = this.descriptionEnd;
          break;
        case 0x1a:
          this.unitEnd = reader.lengthEnd();
          this.unitAt = reader.at;
          reader.at = this.unitEnd;
          break;
        case 0x2a:
          this.#readData(reader, 'gauge');
          break;
        case 0x3a:
          this.#readData(reader, 'sum');
          break;
        case 0x4a:
          this.#readData(reader, 'histogram');
          break;
        case 0x52:
          this.#readData(reader, 'exponential');
          break;
        case 0x5a:
          this.#readData(reader, 'summary');
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  /** Counts the points, and reads what stands behind them. */
  #readData(reader: ProtoReader, kind: MetricKind): void {
    const outer = reader.enter();
    this.kind = kind;
    this.hasData = true;
    this.dataAt = reader.at;
    this.dataEnd = reader.end;
    this.pointCount = 0;
    while (reader.at < reader.end) {
      const tag = reader.varint();
      if (tag === 0x0a) {
        reader.at = reader.lengthEnd();
        this.pointCount += 1;
      } else if (tag === 0x10) this.temporality = reader.varint();
      else if (tag === 0x18) this.isMonotonic = reader.varint() !== 0;
      else reader.skip(tag);
    }
    reader.leave(outer);
  }
}
