/** Requests of OTLP metrics for tests: what a test does not name has a plain value. */
import { encodeMessage } from '../../src/wire/protobuf/encode.ts';
import type { AnyValue, KeyValue } from '../../src/wire/otlp/attribute-tables.ts';
import {
  METRICS_REQUEST,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpMetric,
  type OtlpNumberPoint,
  type OtlpResourceMetrics,
  type OtlpSummaryPoint,
} from '../../src/wire/otlp/metrics-request.ts';

export type Attributes = Readonly<Record<string, string | number | boolean | AnyValue>>;

/** A whole number is an int, all others doubles. */
export function makeAttributes(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: makeValue(value) }));
}

function makeValue(value: Attributes[string]): AnyValue {
  switch (typeof value) {
    case 'string':
      return { value: { is: 'text', value } };
    case 'boolean':
      return { value: { is: 'boolean', value } };
    case 'number':
      return { value: { is: Number.isInteger(value) ? 'whole' : 'double', value } };
    default:
      return value;
  }
}

type PointParts<Point> = Partial<Omit<Point, 'attributes'>> & { readonly attributes?: Attributes };

/** A point of the time 1,700,000,000,000. */
export function numberPoint(
  value: number,
  { attributes = {}, ...parts }: PointParts<OtlpNumberPoint> = {},
): OtlpNumberPoint {
  return {
    startMs: 0,
    timeMs: POINT_MS,
    value: { is: 'double', value },
    exemplars: [],
    flags: 0,
    ...parts,
    attributes: makeAttributes(attributes),
  };
}

export function histogramPoint({
  attributes = {},
  ...parts
}: PointParts<OtlpHistogramPoint> = {}): OtlpHistogramPoint {
  return {
    startMs: 0,
    timeMs: POINT_MS,
    count: 0,
    sum: undefined,
    bucketCounts: [],
    explicitBounds: [],
    exemplars: [],
    flags: 0,
    min: undefined,
    max: undefined,
    ...parts,
    attributes: makeAttributes(attributes),
  };
}

export function exponentialPoint({
  attributes = {},
  ...parts
}: PointParts<OtlpExponentialPoint> = {}): OtlpExponentialPoint {
  return {
    startMs: 0,
    timeMs: POINT_MS,
    count: 0,
    sum: undefined,
    scale: 0,
    zeroCount: 0,
    positive: undefined,
    negative: undefined,
    flags: 0,
    exemplars: [],
    min: undefined,
    max: undefined,
    zeroThreshold: 0,
    ...parts,
    attributes: makeAttributes(attributes),
  };
}

export function summaryPoint({
  attributes = {},
  ...parts
}: PointParts<OtlpSummaryPoint> = {}): OtlpSummaryPoint {
  return {
    startMs: 0,
    timeMs: POINT_MS,
    count: 0,
    sum: 0,
    quantileValues: [],
    flags: 0,
    ...parts,
    attributes: makeAttributes(attributes),
  };
}

export const POINT_MS = 1_700_000_000_000;

type Data = NonNullable<OtlpMetric['data']>;

export function metric(
  name: string,
  data: Data,
  { unit = '', description = '' }: Partial<Pick<OtlpMetric, 'unit' | 'description'>> = {},
): OtlpMetric {
  return { name, unit, description, data, metadata: [] };
}

export function gauge(...points: OtlpNumberPoint[]): Data {
  return { is: 'gauge', value: { points } };
}

type Temporality = 'cumulative' | 'delta' | 'unspecified';

export function sum(
  points: OtlpNumberPoint[],
  temporality: Temporality = 'cumulative',
  isMonotonic = true,
): Data {
  return { is: 'sum', value: { points, temporality, isMonotonic } };
}

export function histogram(
  points: OtlpHistogramPoint[],
  temporality: Temporality = 'cumulative',
): Data {
  return { is: 'histogram', value: { points, temporality } };
}

export function exponential(
  points: OtlpExponentialPoint[],
  temporality: Temporality = 'cumulative',
): Data {
  return { is: 'exponential', value: { points, temporality } };
}

export function summary(...points: OtlpSummaryPoint[]): Data {
  return { is: 'summary', value: { points } };
}

export interface ScopeParts {
  readonly name?: string;
  readonly version?: string;
  readonly schemaUrl?: string;
  readonly attributes?: Attributes;
}

/** The metrics of a resource, of one scope. */
export function resourceMetrics(
  attributes: Attributes,
  metrics: OtlpMetric[],
  scope: ScopeParts = {},
): OtlpResourceMetrics {
  return {
    resource: { attributes: makeAttributes(attributes), droppedAttributesCount: 0, entityRefs: [] },
    scopeMetrics: [
      {
        scope: {
          name: scope.name ?? '',
          version: scope.version ?? '',
          attributes: makeAttributes(scope.attributes ?? {}),
          droppedAttributesCount: 0,
        },
        metrics,
        schemaUrl: scope.schemaUrl ?? '',
      },
    ],
    schemaUrl: '',
  };
}

export function encodeRequest(...resources: OtlpResourceMetrics[]): Buffer {
  return Buffer.from(encodeMessage(METRICS_REQUEST, { resourceMetrics: resources }));
}
