import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../test/kit/transforming.ts';
import { formatLabelSet } from '../model/labels.ts';
import { applyAll, type SeriesTransform } from '../model/transform.ts';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { externalLabels } from './external-labels.ts';
import { relabelling } from './relabelling.ts';

const SERIES = makeSeries({ __name__: 'a', zone: 'own' });

function shown(...transforms: SeriesTransform[]): string | undefined {
  const series = applyAll(transforms, SERIES);
  return series && formatLabelSet(series.labels);
}

test('external labels are added where a series lacks them, or set whatever it says', () => {
  const labels = { zone: 'z', cluster: 'c' };
  assert.equal(shown(externalLabels(labels)), 'a{cluster="c", zone="own"}');
  assert.equal(shown(externalLabels(labels, 'set')), 'a{cluster="c", zone="z"}');
});

test('relabelling changes a series, drops it, and drops what has no label left', () => {
  const replace = compileRelabelRule({ target_label: 'zone', replacement: 'x' });
  const drop = compileRelabelRule({ source_labels: ['zone'], regex: 'own', action: 'drop' });
  const strip = compileRelabelRule({ regex: '.*', action: 'labeldrop' });
  assert.equal(shown(relabelling([replace])), 'a{zone="x"}');
  assert.equal(shown(relabelling([drop])), undefined);
  assert.equal(shown(relabelling([strip])), undefined);
});

test('transforms are applied in order, and none is applied to what one of them dropped', () => {
  const drop = compileRelabelRule({ source_labels: ['zone'], regex: 'z', action: 'drop' });
  assert.equal(shown(externalLabels({ zone: 'z' }, 'set'), relabelling([drop])), undefined);
  assert.equal(shown(relabelling([drop]), externalLabels({ zone: 'z' }, 'set')), 'a{zone="z"}');
});

test('two transforms are the same when they do the same, and not else', () => {
  const rule = (replacement: string) =>
    compileRelabelRule({ target_label: 'zone', replacement, source_labels: ['a', 'b'] });
  const identities = [
    externalLabels({ a: '1', b: '2' }),
    externalLabels({ a: '1', b: '2' }, 'set'),
    externalLabels({ a: '1' }),
    externalLabels({ a: '1,b="2"' }),
    relabelling([rule('x')]),
    relabelling([rule('y')]),
    relabelling([rule('x'), rule('x')]),
    relabelling([
      compileRelabelRule({ target_label: 'zone', replacement: 'x', source_labels: ['a,b'] }),
    ]),
  ].map(({ identity }) => identity);
  assert.equal(new Set(identities).size, identities.length);
  assert.equal(
    externalLabels({ b: '2', a: '1' }).identity,
    externalLabels({ a: '1', b: '2' }).identity,
  );
  assert.equal(relabelling([rule('x')]).identity, relabelling([rule('x')]).identity);
});
