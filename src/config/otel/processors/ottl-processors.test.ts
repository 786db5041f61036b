import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../../settings/finding.ts';
import { makeSeries, openRoute } from '../../../../test/kit/transforming.ts';
import { checkConfigText } from '../../load.ts';
import { transformsBetween } from '../../plan.ts';

const HEAD = `receivers:
  prometheus:
    config: { scrape_configs: [{ job_name: web, static_configs: [{ targets: ['a:1'] }] }] }
exporters:
  prometheusremotewrite: { endpoint: 'http://one/w', target_info: { enabled: false } }
service:
  pipelines:
    metrics: { receivers: [prometheus], processors: [NAME], exporters: [prometheusremotewrite] }
processors:
`;
const LINES = HEAD.split('\n').length;

/** Findings, with lines counted from the processor's own first one, and the plan. */
async function check(processor: string, allowPartial = false) {
  const name = processor.slice(0, processor.indexOf(':')).trim();
  const text = HEAD.replace('NAME', name) + processor;
  const { plan, findings } = await checkConfigText(text, '/c.yml', { env: {}, allowPartial });
  const lines = findings.map((one) =>
    formatFinding({ ...one, file: '', line: one.line - LINES + 1 }).slice(1),
  );
  return { plan, lines };
}

/** Which of some series arrive, and how. */
async function sent(processor: string, series: Record<string, string>[]): Promise<string[]> {
  const { plan, lines } = await check(processor);
  const [route, sink] = [plan?.routes[0], plan?.sinks[0]];
  assert.ok(plan && route && sink, lines.join('\n'));
  const { appender, sent: read, refs } = openRoute(...transformsBetween(plan, route, sink));
  for (const labels of series) {
    const [ref = -1] = refs(makeSeries({ job: 'web', instance: 'a:1', ...labels }));
    appender.append(ref, 1, 2);
  }
  appender.commit();
  return read().map((line) => line.replace(/instance="a:1", job="web"(?:, )?/, ''));
}

const SERIES = [{ __name__: 'up' }, { __name__: 'http_requests_total', path: '/a' }];

test('a filter of either form drops what it says', async () => {
  const filter = (keys: string) => sent(`  filter: ${keys}\n`, SERIES);
  const match = '{ match_type: regexp, regexp: { cacheenabled: true }, metric_names: [^http] }';
  assert.deepEqual(await filter(`{ metrics: { include: ${match} } }`), [
    'http_requests_total{path="/a"} 2 @1',
  ]);
  const up = ['up{} 2 @1'];
  assert.deepEqual(await filter(`{ metrics: { exclude: ${match} } }`), up);
  assert.deepEqual(await filter(`{ metrics: { metric: ['name != "up"'] } }`), up);
  assert.deepEqual(await filter(`{ metrics: { datapoint: ['attributes["path"] != nil'] } }`), up);
  assert.deepEqual(await filter(`{ metric_conditions: ['metric.name != "up"'] }`), up);
  const group = `{ context: Metric, conditions: ['name != "up"'], error_mode: SILENT }`;
  assert.deepEqual(await filter(`{ metric_conditions: [${group}] }`), up);
  const resource = `['resource.attributes["service.name"] == "web"']`;
  assert.deepEqual(await filter(`{ metrics: { resource: ${resource} } }`), []);
});

test('a transform of either form changes what it says', async () => {
  const transform = (keys: string) => sent(`  transform: ${keys}\n`, SERIES.slice(1));
  const statement = `'replace_pattern(attributes["path"], "a", "b")'`;
  assert.deepEqual(
    await transform(`{ metric_statements: [{ context: datapoint, statements: [${statement}] }] }`),
    ['http_requests_total{path="/b"} 2 @1'],
  );
  const flat = `['set(metric.name, "n")', 'set(resource.attributes["service.name"], "x")']`;
  assert.deepEqual(await transform(`{ metric_statements: ${flat} }`), [
    'n{instance="a:1", job="x", path="/a"} 2 @1',
  ]);
});

test('a fault is told at its text and its character', async () => {
  const filter = await check(`  filter:
    metric_conditions:
      - metric.name == "a"
      - metric.name = "a"
`);
  assert.deepEqual(filter.lines, [
    '4:9: "metric.name = \\"a\\"" at character 13: expected a comparison, such as == "a" or ' +
      '!= nil, ' +
      'found "=" [CONFIG_VALUE]',
  ]);
  const transform = await check(`  transform:
    metric_statements:
      - context: metric
        conditions: ['nme == "a"']
        statements:
          - set(name, "a")
          - convert_sum_to_gauge()
`);
  assert.match(
    transform.lines[0] ?? '',
    /^4:22: "nme == .*not in the context metric.*CONFIG_VALUE/,
  );
  assert.match(transform.lines[1] ?? '', /^7:13: .*--allow-partial leaves it out \[CONFIG_UNSUPP/);
  assert.equal(transform.lines.length, 2);
});

test("with allow-partial, only the text that can't be done is left out", async () => {
  const texts = `['datapoint.value_double > 1', 'metric.name == "up"']`;
  const { plan, lines } = await check(`  filter: { metric_conditions: ${texts} }\n`, true);
  assert.match(lines[0] ?? '', /left out: .*value_double/);
  const drop = plan?.transforms.find(({ id }) => id.startsWith('processor:filter'));
  assert.match(drop?.transform.identity ?? '', /metric\.name.*up/);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['filter: { metrics: { include: { metric_names: [a] } } }', /"match_type" is needed/],
  ['filter: { metrics: { include: { match_type: glob, metric_names: [a] } } }', /strict or regexp/],
  ['filter: { metrics: { include: { match_type: regexp, metric_names: ["("] } } }', /invalid regex/],
  ['filter: { metrics: { exclude: { match_type: strict, resource_attributes: [{ key: "" }] ' +
'} } }', /key is empty/],
  ['filter: { metrics: { exclude: { match_type: strict, resource_attributes: [{ key: a, ' +
'value: 8 }] } } }', /in quotes/],
  [`filter: { metrics: { exclude: { match_type: expr, expressions: ['Label("a") == "b" && ` +
`!HasLabel("c")'] } } }`, /… = datapoint.attributes\["a"\] == "b" and not datapoint.attributes\["c"\] != nil/],
  [`filter: { metrics: { metric: ['name == "a"'], include: { match_type: strict } } }`, /exclude each other/],
  [`filter: { metrics: { metric: [] }, metric_conditions: ['metric.name == "a"'] }`, /exclude each other/],
  [`filter: { metric_conditions: ['metric.name == "a"', { conditions: [] }] }`, /list of texts or a list of groups/],
  ['filter: { metric_conditions: [null] }', /expected a text or a group/],
  [`filter: { metric_conditions: [{ context: span, conditions: ['name == "a"'] }] }`, /none of metrics/],
  [`filter: { metric_conditions: [{ context: scope, conditions: ['name == "a"'] }] }`, /have none/],
  ['filter: { metric_conditions: [{ context: nothing }] }', /CONFIG_VALUE/],
  [`transform: { metric_statements: [{ contxt: metric }] }`, /unknown key "contxt".*did you mean "context"/],
  ['filter: { error_mode: loud }', /CONFIG_VALUE/],
  ['filter: { metric: [] }', /CONFIG_UNKNOWN_KEY/],
  [`filter: { traces: { span: ['name = "a"'] } }`, /character 6/],
  [`transform: { metric_statements: ['set(name, "a")'] }`, /names? no context|no path says/],
  [`transform: { metric_statements: ['set(metric.name, "a")', { statements: [] }] }`, /list of texts or a list of groups/],
  [`transform: { metric_statements: [{ flatten: true, statements: ['set(metric.name, "a")'] ` +
'}] }', /log records/],
  ['transform: { flatten_data: true }', /log records/],
  [`transform: { log_statements: ['set(a'] }`, /character 6/],
]; // prettier-ignore

test("what the Collector refuses, and what can't be done, is an error", async () => {
  for (const [keys, message] of REFUSED) {
    const { plan, lines } = await check(`  ${keys}\n`);
    assert.equal(plan, undefined, keys);
    assert.match(lines.join('\n'), message, keys);
  }
});

test('what is for other signals is checked, and said to have no effect', async () => {
  for (const keys of [
    `filter: { traces: { span: ['attributes["a"] == "b"'], spanevent: [], resource: [] } }`,
    `filter: { logs: { log_record: ['body == "b"'], include: { match_type: strict, bodies: ` +
      '[a] } } }',
    `filter: { spans: { include: { match_type: strict, services: [a] } } }`,
    `filter: { trace_conditions: ['span.name == "b"'], log_conditions: [{ conditions: [] }] }`,
    `transform: { trace_statements: [{ context: span, statements: ['set(name, "b")'] }] }`,
    `transform: { log_statements: ['set(log.body, "b")'], error_mode: propagate }`,
    'filter: {}',
    'transform: {}',
  ]) {
    const { plan, lines } = await check(`  ${keys}\n`);
    assert.ok(plan, lines.join('\n'));
    assert.match(lines.join('\n'), /no effect/, keys);
  }
});

test('a list of names that is empty is told to have no effect', async () => {
  const { plan, lines } = await check(
    '  filter: { metrics: { include: { match_type: strict } } }\n',
  );
  assert.ok(plan);
  assert.match(lines.join('\n'), /include has no effect: it names no metric/);
});
