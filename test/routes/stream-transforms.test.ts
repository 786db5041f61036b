import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../kit/transforming.ts';
import { labelValue, makeLabelSet } from '../../src/model/labels.ts';
import type { SeriesTransform, StreamTransform } from '../../src/model/transform.ts';
import { PassingAppender } from '../../src/transforms/passing-appender.ts';

function scaling(scale: number, name: string): SeriesTransform {
  return {
    identity: `scale ${scale}`,
    apply: (series) =>
      series.family.name === name ? { ...series, scale: series.scale * scale } : series,
  };
}

class Doubling extends PassingAppender {
  override append(ref: number, tMs: number, value: number): void {
    this.next.append(ref, tMs, value * 2);
  }
}

const doubling: StreamTransform = {
  identity: 'double',
  openAppender: (next) => new Doubling(next),
};

const renaming: SeriesTransform = {
  identity: 'rename',
  apply: (series) => ({
    ...series,
    labels: makeLabelSet({ __name__: `${labelValue(series.labels, '__name__')}_x` }),
    family: { name: `${series.family.name}_x`, type: 'counter', unit: 's' },
  }),
};

test('a transform of samples stands between the transforms before and behind it', () => {
  const { appender, sent, refs, recording } = openRoute(
    scaling(10, 'a'),
    doubling,
    renaming,
    doubling,
    scaling(3, 'a_x'),
  );
  const [a = -1, b = -1] = refs(makeSeries({ __name__: 'a' }), makeSeries({ __name__: 'b' }));
  appender.append(a, 1, 1);
  appender.append(b, 1, 1);
  appender.setMetadata(a, 'a', { type: 'gauge', help: 'h', unit: '' });
  appender.commit();
  assert.deepEqual(sent(), ['a_x 120 @1', 'b_x 4 @1']);
  assert.deepEqual([...recording.metadata], [['a_x', 'a_x counter [s] h']]);
  appender.append(a, 2, 1);
  appender.rollback();
  appender.forget(b);
  appender.appendStale(a, 3);
  appender.commit();
  assert.deepEqual(sent(), ['a_x stale @3']);
});
