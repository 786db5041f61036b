import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTOGRAM } from '../../test/kit/native-histogram.ts';
import { makeSeries, openRoute } from '../../test/kit/transforming.ts';
import { cumulativeOnly } from './cumulative-only.ts';

test('increases are left out and counted, each sample of them; totals pass', () => {
  const { appender, refs, sent, dropped } = openRoute(cumulativeOnly);
  const delta = { family: { type: 'counter', isDelta: true } } as const;
  const [a = -1, b = -1, total = -1] = refs(
    makeSeries({ __name__: 'a' }, delta),
    makeSeries({ __name__: 'b' }, delta),
    makeSeries({ __name__: 'c' }),
  );
  appender.setMetadata(a, 'a', { type: 'counter', unit: '', help: '' });
  appender.setCreated(a, 1);
  appender.append(a, 5, 1);
  appender.appendExemplar(a, { labels: [], value: 1, tMs: 5 });
  appender.appendHistogram(b, 5, HISTOGRAM);
  appender.append(total, 5, 7);
  appender.commit();
  appender.appendStale(a, 6);
  appender.forget(a);
  appender.append(b, 6, 1);
  appender.append(total, 6, 8);
  appender.commit();
  assert.deepEqual(sent(), ['c 7 @5', 'c 8 @6']);
  assert.deepEqual(
    dropped(),
    Array.from({ length: 3 }, () => 'cumulative_only delta 1'),
  );
});
