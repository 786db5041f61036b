/** Rules of a workspace: what of a file is refused, and what their evaluation writes and lists. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createWorld, metricOf } from '../../../test/kit/world.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { encodeLabels } from '../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../wire/remote-write/encoder.ts';
import { compress } from '../../wire/snappy.ts';
import { evaluateInstant } from '../promql/engine.ts';
import { Store, STORE_DEFAULTS } from '../storage/store.ts';
import { makeRuleCalls } from './calls.ts';
import { RuleEvaluator } from './evaluator.ts';
import { readRuleGroups } from './groups.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

async function setUp(context: TestContext) {
  const world = createWorld();
  await world.clock.advance(START - world.clock.nowMs());
  const store = new Store({ ...STORE_DEFAULTS, directory: temporaryFolder(context) }, world);
  await store.start();
  context.after(() => store.stop());
  const rules = new RuleEvaluator(store, world);
  const write = async (samples: Record<string, number>): Promise<void> => {
    const encoder = new WriteRequestEncoder();
    for (const [job, value] of Object.entries(samples)) {
      const labels = makeLabelSet({ __name__: 'up', job });
      encoder.append(encodeLabels(labels), world.clock.nowMs(), value);
    }
    await store.write(compress(encoder.bytes()));
  };
  const query = (text: string): string[] => {
    const result = evaluateInstant(text, world.clock.nowMs(), store);
    assert.equal(result.type, 'vector');
    return result.type !== 'vector'
      ? []
      : result.columns.map(({ labels, values }) => {
          const pairs = labels.map(({ name, value }) => `${name}=${value}`);
          return `${pairs.join(',')} ${values[0]}`;
        });
  };
  const list = async (path: string, search = ''): Promise<Record<string, unknown[]>> => {
    const call = makeRuleCalls(() => rules.groups).find((known) => known.path === path);
    const { json } = await call!.handle(new URLSearchParams(search), {} as never);
    return JSON.parse(json) as Record<string, unknown[]>;
  };
  return { world, rules, write, query, list };
}

test('a recorded series is written, seen by the next rule, and ended when it is gone', async (context) => {
  const { world, rules, write, query } = await setUp(context);
  rules.setFile(
    'a',
    `groups:
  - name: g
    interval: 1m
    rules:
      - { record: job:down, expr: up == 0, labels: { team: x } }
      - { record: downs, expr: count(job:down) }
`,
  );
  await write({ a: 0, b: 1 });
  await rules.evaluateDue();
  assert.deepEqual(query('job:down'), ['__name__=job:down,job=a,team=x 0']);
  assert.deepEqual(query('downs'), ['__name__=downs 1']);
  await world.clock.advance(30_000);
  await rules.evaluateDue();
  assert.equal(metricOf(world.metrics, 'workspace_rule_evaluations_total{outcome="ok"}'), 2);
  await world.clock.advance(30_000);
  await write({ a: 1, b: 1 });
  await rules.evaluateDue();
  assert.deepEqual([query('job:down'), query('downs')], [[], []]);
});

test('an alert is pending, then fires, then ends, and is told each time', async (context) => {
  const { world, rules, write, query, list } = await setUp(context);
  rules.setFile(
    'a',
    `groups:
  - name: g
    interval: 1m
    rules:
      - alert: Down
        expr: up == 0
        for: 1m
        labels: { severity: page }
        annotations: { summary: '{{ $labels.job }} is {{ $value }}, {{ humanize 1 }}' }
`,
  );
  await write({ a: 0 });
  await rules.evaluateDue();
  const alert = 'alertname=Down,alertstate';
  assert.deepEqual(query('ALERTS'), [`__name__=ALERTS,${alert}=pending,job=a,severity=page 1`]);
  await world.clock.advance(60_000);
  await write({ a: 0 });
  await rules.evaluateDue();
  assert.deepEqual(query('ALERTS'), [`__name__=ALERTS,${alert}=firing,job=a,severity=page 1`]);
  assert.deepEqual(query('ALERTS_FOR_STATE'), [
    `__name__=ALERTS_FOR_STATE,alertname=Down,job=a,severity=page ${START / 1_000}`,
  ]);
  assert.deepEqual(await list('alerts'), {
    alerts: [
      {
        labels: { alertname: 'Down', job: 'a', severity: 'page' },
        annotations: { summary: 'a is 0, {{ humanize 1 }}' },
        state: 'firing',
        activeAt: new Date(START).toISOString(),
        value: '0',
      },
    ],
  });
  const { groups } = await list('rules', 'type=alert');
  assert.partialDeepStrictEqual(groups, [
    {
      name: 'g',
      file: 'a',
      interval: 60,
      rules: [{ state: 'firing', health: 'ok', duration: 60 }],
    },
  ]);
  assert.deepEqual(await list('rules', 'type=record'), { groups: [] });
  await world.clock.advance(60_000);
  await write({ a: 1 });
  await rules.evaluateDue();
  assert.deepEqual([query('ALERTS'), (await list('alerts'))['alerts']], [[], []]);
});

test('a rule that fails is told, and the others go on', async (context) => {
  const { world, rules, write, query, list } = await setUp(context);
  rules.setFile(
    'a',
    `groups:
  - name: g
    rules:
      - { record: same, expr: up, labels: { job: '' } }
      - { record: fine, expr: sum(up) }
`,
  );
  await write({ a: 1, b: 1 });
  await rules.evaluateDue();
  assert.deepEqual(query('fine'), ['__name__=fine 2']);
  assert.equal(metricOf(world.metrics, 'workspace_rule_evaluations_total{outcome="error"}'), 1);
  const { groups } = await list('rules');
  const lastError = 'vector contains metrics with the same labelset after applying rule labels';
  assert.partialDeepStrictEqual(groups, [
    { rules: [{ health: 'err', lastError }, { health: 'ok' }] },
  ]);
  rules.setFile('a', undefined);
  assert.deepEqual(await list('rules'), { groups: [] });
});

test('what is no file of rules, and a rule that cannot be evaluated, is refused with its place', () => {
  const cases: [string, RegExp][] = [
    ['groups: [', /^unreadable: line 1/],
    ['group: []', /^unreadable: .*group/s],
    ['groups: [{ name: a }, { name: a }]', /^unreadable: the group "a" is given twice/],
    ['groups: [{ name: a, interval: 5x }]', /^unreadable: .*is not a duration/s],
    [
      'groups: [{ name: a, rules: [{ record: b, expr: "sum(" }] }]',
      /^faulty: group "a", rule "b": could not parse/,
    ],
    ['groups: [{ name: a, rules: [{ record: b, alert: c, expr: up }] }]', /^faulty: .*one of/],
    ['groups: [{ name: a, rules: [{ record: b, expr: "up[5m]" }] }]', /^faulty: .*is a matrix/],
    [
      'groups: [{ name: a, rules: [{ record: b, expr: up, for: 5m }] }]',
      /^faulty: .*for alerts alone/,
    ],
    [
      'groups: [{ name: a, rules: [{ alert: b, expr: up, labels: { "a-b": c } }] }]',
      /^faulty: .*label name/,
    ],
  ];
  for (const [text, wanted] of cases) {
    const [[kind, words] = []] = Object.entries(readRuleGroups(text));
    assert.match(`${kind}: ${String(words)}`, wanted, text);
  }
  const reading = readRuleGroups('groups: [{ name: a, rules: [{ alert: b, expr: up, for: 5m }] }]');
  assert.partialDeepStrictEqual(reading, {
    groups: [{ intervalMs: 60_000, rules: [{ holdMs: 300_000 }] }],
  });
});
