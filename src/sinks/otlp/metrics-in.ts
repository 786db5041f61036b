/**
 * The way of metrics into the queue: a commit becomes requests in protobuf, each of at most as many
 * points and bytes as the receiver takes, and each a chunk.
 */
import { countMetrics, type ResourceMetrics, splitMetrics } from '../../model/otel-metrics.ts';
import { type CutRequest, cutRequest } from '../../wire/otlp/cutting.ts';
import type { Scope } from '../../wire/otlp/metrics-json.ts';
import { writeMetricsRequest } from '../../wire/otlp/metrics-writer.ts';
import { makeOtlpChunk } from './chunk.ts';
import { hashTarget, laneOf } from './lanes.ts';
import type { OtlpWayIn } from './way-in.ts';

/** Data points of a chunk, at most: some milliseconds of work. */
const POINTS_MAX = 1_024;

/** @param key  of the target: its samples stay in order, in one lane */
export function takeMetrics(
  wayIn: OtlpWayIn,
  key: string,
  scope: Scope,
): (all: readonly ResourceMetrics[]) => Generator<undefined, void, undefined> {
  const hash = hashTarget(key);
  return function* take(all) {
    const { maxItems, maxBytes, queue } = wayIn.options;
    const limits = { maxItems: maxItems.metrics, maxBytes };
    for (const part of splitMetrics(all, Math.min(limits.maxItems, POINTS_MAX))) {
      const bytes = writeMetricsRequest(part, scope);
      const { points: items } = countMetrics(part);
      const whole: readonly CutRequest[] = [{ bytes, items }];
      const times = findTimes(part);
      const lane = laneOf('metrics', hash, queue.lanes);
      const cut = bytes.length > maxBytes ? cutRequest('metrics', bytes, limits) : whole;
      for (const one of cut)
        wayIn.append(makeOtlpChunk({ signal: 'metrics', ...one, ...times, lane }));
      yield;
    }
  };
}

function findTimes(all: readonly ResourceMetrics[]): { oldestMs: number; newestMs: number } {
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  for (const { metrics } of all)
    for (const { data } of metrics)
      for (const { tMs } of data.points) {
        if (tMs < oldestMs) oldestMs = tMs;
        if (tMs > newestMs) newestMs = tMs;
      }
  return { oldestMs, newestMs };
}
