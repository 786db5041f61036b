import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProcessors } from '../../../../test/kit/collector-processors.ts';

test('attributes, resource and groupbyattrs change series in the order of the pipeline', async () => {
  const { lines, route } = await checkProcessors(`
  attributes:
    include: { match_type: regexp, metric_names: ['^a', 'z$'] }
    exclude: { match_type: strict, metric_names: [ab] }
    actions:
      - { key: n, value: 5, action: INSERT }
      - { key: b, value: true, action: insert }
      - { key: path, pattern: '^/(?P<area>[a-z]+)', action: extract }
  resource:
    attributes: [{ key: service.name, from_attribute: owner, action: upsert, default_value: none }]
  groupbyattrs: { keys: [owner] }
`, 'groupbyattrs, resource, attributes'); // prettier-ignore
  assert.deepEqual(lines, []);
  assert.deepEqual(route?.({ __name__: 'a', job: 'j', owner: 'me', path: '/x/y' }), [
    'a{area="x", b="true", job="me", n="5", path="/x/y"} 1 @1000',
  ]);
  assert.deepEqual(route?.({ __name__: 'ab' }), ['ab{job="none"} 1 @1000']);
  assert.deepEqual(route?.({ __name__: 'c' }), ['c{job="none"} 1 @1000']);
});

test('faults of actions are errors at their line', async () => {
  for (const [action, line] of [
    ['{ action: delete }', 'delete needs "key" or "pattern"'],
    ['{ action: insert, value: 1 }', 'insert needs "key"'],
    ['{ action: insert, key: a }', 'insert needs "value", "from_attribute" or "default_value"'],
    ['{ action: insert, key: a, value: 1, from_attribute: b }', 'only one of "value" and "from_'],
    ['{ action: update, key: a, value: 1, pattern: x }', 'action update does not use "pattern"'],
    ['{ action: hash, key: a, value: 1 }', 'action hash does not use "value"'],
    ['{ action: delete, pattern: "(" }', 'invalid regex "("'],
    ['{ action: extract, key: a }', 'extract needs "pattern"'],
    ['{ action: extract, key: a, pattern: "x" }', 'name each group of the pattern'],
    ['{ action: extract, key: a, pattern: "(?P<b>x)(y)" }', 'name each group of the pattern'],
    ['{ action: convert, key: a }', 'convert needs "converted_type"'],
    ['{ action: convert, key: a, converted_type: bool }', 'converted_type'],
    ['{ action: insert, key: a, from_context: x }', 'there are no clients'],
    ['{ action: move, key: a }', 'expected one of insert, update'],
  ] as const)
    for (const [name, key] of [['attributes', 'actions'], ['resource', 'attributes']] as const) {
      const { lines } = await checkProcessors(`  ${name}: { ${key}: [${action}] }`, name);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.ok(lines[0]?.startsWith('c.yml:2:'), lines.join("\n"));
      assert.ok(lines[0]?.includes(line), `${action}: ${lines[0] ?? ""}`);
    } // prettier-ignore
});

test('include and exclude are of metrics, as the Collector takes them', async () => {
  const attributes = (match: string) =>
    checkProcessors(
      `  attributes: { actions: [{ key: a, action: delete }], include: ${match} }`,
      'attributes',
    );
  for (const [match, line] of [
    ['{ match_type: strict }', 'expected "metric_names"'],
    ['{ metric_names: [a] }', 'need "match_type"'],
    ['{ match_type: expr, metric_names: [a] }', 'expected strict or regexp'],
    ['{ match_type: regexp, metric_names: ["("] }', 'invalid regex'],
    ['{ match_type: strict, services: [a] }', 'use metric_names'],
    ['{ match_type: strict, attributes: [{ key: a }], metric_names: [a] }', 'use metric_names'],
  ] as const) {
    const { lines } = await attributes(match);
    assert.ok(lines.some((one) => one.includes(line)), `${match}: ${lines.join('\n')}`); // prettier-ignore
  }
  const { lines, route } = await attributes('{ resources: [{ key: a }] }');
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /resources.*has no effect|Has no effect/);
  assert.deepEqual(route?.({ __name__: 'm', a: 'x' }), ['m 1 @1000']);
});

test('groupbyattrs without keys says that it has no effect', async () => {
  const { lines } = await checkProcessors('  groupbyattrs: {}', 'groupbyattrs');
  assert.match(lines.join('\n'), /groupbyattrs has no effect without keys/);
});
