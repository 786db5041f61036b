import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeSeries } from '../../test/kit/transforming.ts';
import type { TransformedSeries } from '../model/open-series.ts';
import { applyAll, type SeriesTransform } from '../model/transform.ts';
import { attributeActions } from './attribute-actions.ts';
import { boundLabels } from './bound-labels.ts';
import { copiedResource } from './copied-resource.ts';
import { externalLabels } from './external-labels.ts';
import { groupByAttributes } from './group-by-attributes.ts';
import { resourceLabels } from './resource-labels.ts';
import { scrapedResource } from './scraped-resource.ts';
import { servedTargetInfo } from './served-target-info.ts';

const upsert = (key: string, value: string): SeriesTransform =>
  attributeActions([{ action: 'upsert', key, value }], { includes: () => true, identity: '' });

const TRANSFORMS: readonly SeriesTransform[] = [
  boundLabels, copiedResource({ withService: true }), externalLabels({ le: '2', z: '' }, 'set'),
  groupByAttributes(['le', 'a', 'quantile']), resourceLabels, scrapedResource, servedTargetInfo,
  upsert('le', '1.0'), upsert('a', ''), upsert('__name__', 'x'), upsert('quantile', '0.50'),
]; // prettier-ignore

test('transforms that share a series do to it what each does to a series of its own', () => {
  const name = fc.constantFrom('a_bucket', 'a', 'a_total', 'a_created', 'target_info', 'other');
  const type = fc.constantFrom('counter', 'gauge', 'histogram', 'summary', 'info');
  const more = fc.dictionary(
    fc.constantFrom('le', 'quantile', 'a', 'job'),
    fc.constantFrom('1.0', 'x'),
  );
  fc.assert(
    fc.property(name, type, more, fc.array(fc.constantFrom(...TRANSFORMS)), (n, t, labels, run) => {
      const family = { name: 'a', type: t as 'gauge' };
      const series = makeSeries(
        { ...labels, __name__: n },
        { family, resource: { a: '1', le: '3' } },
      );
      let alone: TransformedSeries | undefined = series;
      for (const one of run) alone = alone && applyAll([one], alone);
      assert.deepEqual(applyAll(run, series), alone);
    }),
    { numRuns: 2_000 },
  );
});
