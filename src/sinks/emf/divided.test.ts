import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gauge } from '../../../test/kit/emf-events.ts';
import { runAtOnce } from '../../kernel/giving-way.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { countMetrics, type OtelMetric, type ResourceMetrics } from '../../model/otel-metrics.ts';
import { divideByAttributes } from './divided.ts';

const POINTS_MAX = 256;
const RESOURCES = ['a', 'b'].map((job) => makeLabelSet({ job }));

function divide(metrics: readonly OtelMetric[]): readonly (readonly ResourceMetrics[])[] {
  const all = RESOURCES.map((resource) => ({ resource, metrics }));
  return runAtOnce(divideByAttributes(all, POINTS_MAX));
}

/** Each point as a text, sorted. */
function listPoints(all: readonly ResourceMetrics[]): string[] {
  return all
    .flatMap(({ resource, metrics }) =>
      metrics.flatMap(({ name, data }) =>
        data.points.map(({ attributes }) => JSON.stringify([resource, name, attributes])),
      ),
    )
    .toSorted();
}

test('parts have all points once, none too many, and those of an event together', () => {
  const paths = Array.from({ length: 1_000 }, (_, i) => ({ path: `/${i}` }));
  const metrics = ['one', 'two', 'three'].flatMap((name) =>
    paths.map((labels) => gauge(name, labels, 1)),
  );
  const parts = divide(metrics);
  const all = RESOURCES.map((resource) => ({ resource, metrics }));
  assert.deepEqual(listPoints(parts.flat()), listPoints(all));
  for (const part of parts) assert.ok(countMetrics(part).points <= POINTS_MAX);
  const { length } = parts;
  assert.ok(length <= 40, `${length} parts of 6,000 points`);
  let pieces = 0;
  for (const part of parts)
    pieces += new Set(
      part.flatMap(({ metrics: own }) =>
        own.flatMap(({ data }) => data.points.map(({ attributes }) => JSON.stringify(attributes))),
      ),
    ).size;
  // Each set has six points. Where a part is full, those of some are in two.
  assert.ok(pieces < 1_300, `${pieces} pieces of 1,000 sets of attributes`);
});

test('points of the same attributes are in several parts where one has no room', () => {
  const metrics = Array.from({ length: 1_000 }, (_, i) => gauge(`m${i}`, { a: 'b' }, i));
  const parts = divide(metrics);
  assert.deepEqual(
    parts.map((part) => countMetrics(part).points).toSorted((a, b) => b - a),
    [...new Array<number>(7).fill(POINTS_MAX), 2_000 - 7 * POINTS_MAX],
  );
});

test('what fits is one part, as it came, and without points there is none', () => {
  const one = [{ resource: makeLabelSet({}), metrics: [gauge('m', {}, 1)] }];
  assert.deepEqual(runAtOnce(divideByAttributes(one, POINTS_MAX)), [one]);
  assert.deepEqual(runAtOnce(divideByAttributes([], POINTS_MAX)), []);
});

test('a million points are gone over in slices', () => {
  const [point] = gauge('m', { a: 'b' }, 1).data.points;
  const points = new Array(1_000_000).fill(point);
  const metric = { ...gauge('m', {}, 1), data: { kind: 'gauge', points } } as OtelMetric;
  const steps = divideByAttributes([{ resource: makeLabelSet({}), metrics: [metric] }], POINTS_MAX);
  let slices = 0;
  while (steps.next().done !== true) slices += 1;
  assert.ok(slices >= 200, `${slices} slices`);
});
