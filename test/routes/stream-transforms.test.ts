import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../kit/transforming.ts';
import type { SeriesTransform, StreamTransform } from '../../src/model/transform.ts';
import { PassingAppender } from '../../src/model/passing-appender.ts';

function scaling(scale: number, name: string): SeriesTransform {
  return {
    identity: `scale ${scale}`,
    change: (series) => {
      if (series.family.name !== name) return 'unchanged';
      series.scale *= scale;
      return 'changed';
    },
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
  change: (series) => {
    const { labels, family } = series;
    const name = `${labels.get('__name__') ?? ''}_x`;
    labels.clear();
    labels.set('__name__', name);
    series.family = { name: `${family.name}_x`, type: 'counter', unit: 's' };
    return 'changed';
  },
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
