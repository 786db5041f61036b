/**
 * Processors as relabelling rules: what `check convert` writes for a processor does to series what
 * the processor does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { rulesOfProcessor } from '../src/config/convert/processor-rules.ts';
import { compileRelabelRule } from '../src/relabel/relabel.ts';
import type { Transform } from '../src/model/transform.ts';
import { relabelling } from '../src/transforms/relabelling.ts';
import { checkProcessors } from './kit/collector-processors.ts';
import { makeSeries, openRoute, type SeriesParts } from './kit/transforming.ts';

const NAMES = ['a', 'ab', 'a_total', 'other'];
const VALUES = ['', 'x', 'y', 'x$1', 'long value'];

type Given = readonly [labels: Readonly<Record<string, string>>, parts: SeriesParts];

const labelsOf = (name: string, k: string, l: string): Record<string, string> => ({
  __name__: name,
  ...(k === '' ? {} : { k }),
  ...(l === '' ? {} : { l }),
});

/** Gauges and parts of histograms with labels k and l. */
const series: fc.Arbitrary<Given> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    k: fc.constantFrom(...VALUES),
    l: fc.constantFrom(...VALUES),
    part: fc.constantFrom('', '_bucket', '_sum', '_count'),
  })
  .map(({ name, k, l, part }) => {
    const labels = labelsOf(name + part, k, l);
    return [
      part === '_bucket' ? { ...labels, le: '1' } : labels,
      { family: { name, type: part === '' ? 'gauge' : 'histogram' } },
    ];
  });

const PROCESSORS = [
  ['filter', '{ metrics: { include: { match_type: strict, metric_names: [a, other] } } }'],
  ['filter', '{ metrics: { include: { match_type: regexp, metric_names: [^a$, "t.e"] } } }'],
  ['filter', '{ metrics: { include: { match_type: regexp, metric_names: ["^ab|her$", "^(a|b)$"] } } }'],
  ['filter', '{ metrics: { exclude: { match_type: regexp, metric_names: ["^a"] } } }'],
  ['filter', '{ metrics: { include: { match_type: strict, metric_names: [a, ab] }, exclude: { ' +
'match_type: strict, metric_names: [ab] } } }'],
  ['attributes', '{ actions: [{ key: k, value: "n$$1", action: insert }] }'],
  ['attributes', '{ actions: [{ key: k, value: n, action: update }, { key: l, action: delete }] }'],
  ['attributes', '{ actions: [{ key: k, value: n, action: upsert }] }'],
  ['attributes', '{ actions: [{ key: k, from_attribute: l, action: insert }] }'],
  ['attributes', '{ actions: [{ key: k, from_attribute: l, action: update }] }'],
  ['attributes', '{ actions: [{ key: m, from_attribute: l, action: upsert }] }'],
  ['metricstransform', '{ transforms: [{ include: a, action: update, new_name: b }] }'],
  ['metricstransform', '{ transforms: [{ include: ".*", match_type: regexp, action: update, operations: [{ ' +
'action: update_label, label: k, new_label: K }] }] }'],
  ['metricstransform', '{ transforms: [{ include: a, action: update, new_name: b, operations: [{ action: ' +
'add_label, new_label: n, new_value: "v$$" }] }] }'],
] as const; // prettier-ignore

for (const [name, keys] of PROCESSORS)
  test(`${name} ${keys} as rules`, async () => {
    const { lines, transforms = [] } = await checkProcessors(`  ${name}: ${keys}\n`, name);
    assert.deepEqual(lines.filter((line) => !line.includes('CONFIG_NOTE')), []);
    const input = parse(keys.replaceAll('$$', '$')) as Readonly<Record<string, unknown>>;
    const rules = rulesOfProcessor(name, input);
    assert.ok(!('reason' in rules), 'reason' in rules ? rules.reason : '');
    const own = transforms.slice(1);
    fc.assert(
      fc.property(series, ([labels, parts]) => {
        const through = (...chain: Transform[]) => {
          const { appender, sent, refs } = openRoute(...chain);
          const [ref = -1] = refs(makeSeries(labels, parts));
          appender.append(ref, 1, 1);
          appender.commit();
          return sent();
        };
        const asRules = relabelling(rules.map((rule) => compileRelabelRule(rule)));
        const rest = own.slice(transformCount(own));
        assert.deepEqual(through(asRules, ...rest), through(...own));
      }),
    );
  }); // prettier-ignore

function transformCount(transforms: readonly { readonly identity: string }[]): number {
  return transforms.findIndex(({ identity }) => identity.startsWith('cumulative_only'));
}
