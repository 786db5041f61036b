/**
 * Divides the metrics of a large commit into parts of bounded size, so that each is short work.
 * Points of the same attributes, which become one event, are in one part as far as it has room.
 * Pure.
 */
import type { LabelSet } from '../../model/labels.ts';
import {
  countMetrics,
  type MetricData,
  type MetricPoint,
  type OtelMetric,
  type ResourceMetrics,
} from '../../model/otel-metrics.ts';

/** Points that are looked at between two yields. */
const SLICE = 4_096;

/** One part that is being filled. */
interface Part {
  readonly resources: { readonly resource: LabelSet; readonly metrics: OtelMetric[] }[];
  /** The metric that is added to, and its points. */
  metric: OtelMetric | undefined;
  points: MetricPoint[];
  count: number;
}

/** In slices. Without points there is no part; what fits is one part, as it came. */
export function* divideByAttributes(
  all: readonly ResourceMetrics[],
  pointsMax: number,
): Generator<undefined, readonly (readonly ResourceMetrics[])[], undefined> {
  const { points: count } = countMetrics(all);
  if (count <= pointsMax) return count === 0 ? [] : [all];
  const parts: (readonly ResourceMetrics[])[] = [];
  // Parts are filled side by side, with some room for what hashes unevenly.
  const open = Array.from({ length: Math.ceil((1.25 * count) / pointsMax) }, newPart);
  let looked = 0;
  for (const { resource, metrics } of all)
    for (const metric of metrics)
      for (const point of metric.data.points) {
        if (++looked % SLICE === 0) yield;
        const at = hashLabels(point.attributes) % open.length;
        let part = open[at] as Part;
        if (part.count >= pointsMax) {
          parts.push(part.resources);
          open[at] = part = newPart();
        }
        add(part, resource, metric, point);
      }
  for (const { resources } of open) if (resources.length > 0) parts.push(resources);
  return parts;
}

function newPart(): Part {
  return { resources: [], metric: undefined, points: [], count: 0 };
}

function add(part: Part, resource: LabelSet, metric: OtelMetric, point: MetricPoint): void {
  part.count += 1;
  let last = part.resources.at(-1);
  if (last?.resource !== resource) part.resources.push((last = { resource, metrics: [] }));
  else if (part.metric === metric) {
    part.points.push(point);
    return;
  }
  part.metric = metric;
  part.points = [point];
  last.metrics.push({
    ...metric,
    data: { ...metric.data, points: part.points } as unknown as MetricData,
  });
}

function hashLabels(labels: LabelSet): number {
  let hash = FNV_OFFSET;
  for (const { name, value } of labels) hash = hashUnits(value, hashUnits(name, hash));
  return hash;
}

const FNV_OFFSET = 0x811c9dc5;

/** FNV-1a of the UTF-16 units: the same after a restart. */
export function hashUnits(text: string, before = FNV_OFFSET): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
