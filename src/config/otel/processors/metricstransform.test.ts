import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProcessors } from '../../../../test/kit/collector-processors.ts';
import { makeSeries, openRoute } from '../../../../test/kit/transforming.ts';

const one = (entry: string) =>
  checkProcessors(`  metricstransform: { transforms: [${entry}] }`, 'metricstransform');

test('labels of an ECS article get the names that CloudWatch has', async () => {
  const { lines, route } = await checkProcessors(`
  metricstransform/labelling:
    transforms:
      - include: .*
        match_type: regexp
        action: update
        operations:
          - { action: update_label, label: cluster, new_label: ClusterName }
          - { action: update_label, label: service, new_label: SdServiceName }
          - { action: update_label, label: taskid, new_label: SdTaskID }
          - { action: update_label, label: namespace, new_label: SdNamespaceName }
`, 'metricstransform/labelling'); // prettier-ignore
  assert.deepEqual(lines, []);
  assert.deepEqual(
    route?.({ __name__: 'http_requests_total', cluster: 'c', service: 's', taskid: 't', job: 'j' }),
    ['http_requests_total{ClusterName="c", SdServiceName="s", SdTaskID="t", job="j"} 1 @1000'],
  );
});

test('a configuration with every action sends what it says', async () => {
  const { lines, transforms } = await checkProcessors(`
  metricstransform:
    transforms:
      - { include: '^cpu_(user|idle)$', match_type: regexp, action: combine, new_name: cpu,
          aggregation_type: max, submatch_case: upper,
          operations: [{ action: update_label, label: $$1, new_label: mode }] }
      - { include: cpu, action: insert, new_name: cpu_mean,
          operations: [{ action: aggregate_labels, aggregation_type: mean }] }
      - { include: '^(c)pu$$', match_type: regexp, action: update, new_name: '$\${1}_max',
          operations: [{ action: experimental_scale_value, experimental_scale: 0.5 }] }
`, 'metricstransform'); // prettier-ignore
  assert.deepEqual(lines, []);
  const { appender, refs, sent } = openRoute(...(transforms ?? []));
  const own = refs(
    makeSeries({ __name__: 'cpu_user', job: 'j' }),
    makeSeries({ __name__: 'cpu_idle', job: 'j' }),
  );
  appender.append(own[0] ?? -1, 1, 30);
  appender.append(own[1] ?? -1, 1, 10);
  appender.commit();
  assert.deepEqual(sent().sort(), [
    'c_max{job="j", mode="IDLE"} 5 @1',
    'c_max{job="j", mode="USER"} 15 @1',
    'cpu_mean{job="j"} 20 @1',
  ]);
});

test('faults are errors at their line', async () => {
  const update = (operation: string) =>
    `{ include: m, action: update, operations: [${operation}] }`;
  for (const [entry, line] of [
    ['{ action: update }', 'update needs "include"'],
    ['{ include: m, action: insert }', 'insert needs "new_name"'],
    ['{ include: m, action: combine, aggregation_type: sum }', 'combine needs "new_name"'],
    ['{ include: m, action: combine, new_name: n }', 'combine needs "aggregation_type"'],
    ['{ include: m, action: group }', 'group needs "group_resource_labels"'],
    ['{ include: m, action: move }', 'expected one of update, insert, combine, group'],
    ['{ include: m, action: update, match_type: expr }', 'expected strict or regexp'],
    ['{ include: "(", action: update, match_type: regexp }', 'invalid regex "("'],
    ['{ include: m, action: update, match_type: regexp, experimental_match_labels: { a: ' +
'"(" } }', 'invalid regex "("'],
    ['{ include: m, action: combine, new_name: n, aggregation_type: avg }', 'expected one of sum, mean'],
    ['{ include: m, action: combine, new_name: n, aggregation_type: sum, submatch_case: Up }', 'expected lower or upper'],
    [update('{ action: move }'), 'expected one of add_label'],
    [update('{ action: update_label }'), 'update_label needs "label"'],
    [update('{ action: add_label, new_value: a }'), 'add_label needs "new_label"'],
    [update('{ action: add_label, new_label: a }'), 'add_label needs "new_value"'],
    [update('{ action: add_label, new_label: a, new_value: "" }'), 'add_label needs "new_value"'],
    [update('{ action: experimental_scale_value }'), 'needs "experimental_scale"'],
    [update('{ action: experimental_scale_value, experimental_scale: 0 }'), 'must not be 0'],
    [update('{ action: aggregate_labels, label_set: [a] }'), 'needs "aggregation_type"'],
    [update('{ action: aggregate_labels, aggregation_type: p99 }'), 'expected one of sum, mean'],
    [update('{ action: add_label, new_label: v, new_value: "{{version}}" }'), 'write a text'],
    [update('{ action: update_label, label: v, value_actions: [{ value: a, new_value: "v{{version}}" ' +
'}] }'), 'write a text'],
  ] as const) {
    const { lines } = await one(entry);
    assert.equal(lines.length, 1, `${entry}: ${lines.join('\n')}`);
    assert.ok(lines[0]?.startsWith('c.yml:2:') && lines[0].includes(line), lines[0] ?? '');
  } // prettier-ignore
});

test('what has no effect, or another one than in the Collector, is a warning', async () => {
  for (const [entry, line] of [
    ['{ include: m, action: update, submatch_case: lower }', '"submatch_case" has no effect'],
    ['{ include: m, action: group, group_resource_labels: { a: b }, new_name: n }', '"new_name"'],
    ['{ include: m, action: update, operations: [{ action: toggle_scalar_data_type }] }', 'one type'],
    ['{ include: m, action: update, operations: [{ action: aggregate_labels, ' +
'aggregation_type: sum, new_value: a }] }', '"new_value" has no effect'],
    ['{ include: m, action: update, experimental_match_labels: { a: b } }', 'is changed by itself'],
    ['{ include: m, action: group, experimental_match_labels: { a: b }, ' +
'group_resource_labels: { a: b } }', 'stay as they are'],
  ] as const) {
    const { lines, transforms } = await one(entry);
    assert.equal(lines.length, 1, `${entry}: ${lines.join('\n')}`);
    assert.ok(lines[0]?.includes(line), lines[0] ?? '');
    assert.ok(transforms !== undefined);
  } // prettier-ignore
});

test('entries that may do something different have different identities', async () => {
  const identities = new Set<string>();
  const entries = [
    '{ include: m, action: insert, new_name: n }',
    '{ include: m, action: insert, new_name: o }',
    '{ include: m, match_type: regexp, action: insert, new_name: n }',
    '{ include: m, action: update, new_name: n }',
    '{ include: m, action: combine, new_name: n, aggregation_type: sum }',
    '{ include: m, action: combine, new_name: n, aggregation_type: max }',
    '{ include: m, action: update, operations: [{ action: add_label, new_label: a, ' +
'new_value: b }] }',
    '{ include: m, action: update, operations: [{ action: add_label, new_label: a, ' +
'new_value: c }] }',
  ]; // prettier-ignore
  for (const entry of entries) {
    const { transforms = [] } = await one(entry);
    const [own] = transforms.filter(({ identity }) => identity.startsWith('metrics_transform'));
    identities.add(own?.identity ?? '');
  }
  assert.equal(identities.size, entries.length);
});
