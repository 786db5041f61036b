import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../test/kit/transforming.ts';
import { applyAll } from '../model/transform.ts';
import { labelValue } from '../model/labels.ts';
import { boundLabels } from './bound-labels.ts';

function boundOf(le: string): string {
  const series = makeSeries(
    { __name__: 'a_bucket', le },
    { family: { name: 'a', type: 'histogram' } },
  );
  return labelValue(applyAll([boundLabels], series)?.labels ?? [], 'le');
}

test('bounds are written as the shortest decimal number', () => {
  for (const [given, written] of [
    ['1.0', '1'],
    ['0.5', '0.5'],
    ['+Inf', '+Inf'],
    ['1e+06', '1000000'],
    ['1e-07', '0.0000001'],
    ['-2.5e-08', '-0.000000025'],
    ['1.5e+21', '1500000000000000000000'],
    ['0.1', '0.1'],
    ['', ''],
  ] as const)
    assert.equal(boundOf(given), written, given);
});

test('le of a gauge and quantile of a sum are labels as any other', () => {
  const gauge = makeSeries({ __name__: 'a_bucket', le: '1.0' });
  assert.equal(applyAll([boundLabels], gauge), gauge);
  const quantile = makeSeries(
    { __name__: 'a', quantile: '0.50' },
    { family: { name: 'a', type: 'summary' } },
  );
  assert.equal(labelValue(applyAll([boundLabels], quantile)?.labels ?? [], 'quantile'), '0.5');
});
