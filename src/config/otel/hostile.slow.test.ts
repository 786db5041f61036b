import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

async function check(text: string, allowPartial = false) {
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {}, allowPartial });
  return { plan, lines: findings.map(formatFinding) };
}

test('what is no collector configuration is told with its place, whatever stands there', async () => {
  const cases: [text: string, first: RegExp][] = [
    ['receivers:', /^c\.yml:1:1: missing key "service" in the top level \[CONFIG_MISSING_KEY\]/],
    ['receivers: null\nservice:', /^c\.yml:2:1: missing key "service"/],
    ['service: {}', /^c\.yml:1:10: service needs at least one pipeline/],
    ['service: []', /^c\.yml:1:10: "service" in the top level: expected a mapping, got a list/],
    ['service: { pipelines: null }', /service needs at least one pipeline/],
    ['service: { pipelines: [a] }', /^c\.yml:1:23: "pipelines" in service: expected a mapping, got a list/],
    ['receivers: [a]\nservice: {}', /^c\.yml:1:12: "receivers" in the top level: expected a mapping, got a list/],
    ['receivers: { prometheus: [] }\nservice: {}', /^c\.yml:1:26: "prometheus" in receivers: expected a mapping, got a list/],
    ['receivers: { prometheus: text }\nservice: {}', /^c\.yml:1:26: "prometheus" in receivers: expected a mapping, got text/],
    ['service: { pipelines: { metrics: } }', /pipeline "metrics" needs at least one of receivers/],
    ['service: { pipelines: { metrics: { receivers: prometheus } } }', /^c\.yml:1:47: "receivers" in service\.pipelines\.metrics: expected a list/],
    ['service: { pipelines: { metrics: { receivers: [null] } } }', /receivers\[0\]/],
    ['service: { pipelines: { metrics: { receivers: [{ a: b }] } } }', /receivers\[0\]/],
    ['service: { pipelines: { metrics: { recievers: [a] } } }', /unknown key "recievers" in service\.pipelines\.metrics; did you mean "receivers"\?/],
    ['service: { pipelines: { 1: { receivers: [2], exporters: [3] } } }', /pipeline "1" is of no known signal/],
    ['service: { pipeline: {} }', /unknown key "pipeline" in service; did you mean "pipelines"\?/],
    ['recievers: {}\nservice: {}', /^c\.yml:1:1: unknown key "recievers" in the top level; did you mean "receivers"\?/],
    ['global: {}\nservice: {}', /^c\.yml:1:1: unknown key "global" in the top level/],
  ];
  for (const [text, first] of cases)
    for (const allowPartial of [false, true]) {
      const { plan, lines } = await check(text, allowPartial);
      assert.equal(plan, undefined, text);
      assert.ok(lines.some((line) => first.test(line)), `${text}: ${lines.join('\n')}`);
    }
}); // prettier-ignore

test('values of the wrong shape inside components are told, never thrown', async () => {
  const shapes = ['null', '[]', '[1]', '{}', '{ a: b }', 'text', '7', 'true', '""', '~'];
  const keys = ['config', 'endpoint', 'tls', 'http', 'auth', 'headers', 'external_labels', 'timeout'];
  for (const key of keys)
    for (const shape of shapes) {
      const { plan, lines } = await check(`
receivers: { prometheus: { ${key}: ${shape} } }
exporters: { prometheusremotewrite: { ${key}: ${shape} } }
extensions: { sigv4auth: { assume_role: ${shape} } }
service:
  extensions: [sigv4auth]
  pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] } }
`);
      assert.equal(plan, undefined);
      assert.ok(lines.length > 0 && lines.every((line) => /^c\.yml:\d+:\d+: .+\[CONFIG_/.test(line)));
    }
}); // prettier-ignore

test('names of JavaScript itself are names', async () => {
  const { lines } = await check(`
receivers: { constructor: {}, __proto__/x: {} }
exporters: { toString: {} }
service: { pipelines: { metrics: { receivers: [constructor, hasOwnProperty], exporters: [toString, __proto__] } } }
`);
  assert.deepEqual(lines.map((line) => line.split(';')[0]), [
    'c.yml:2:14: receiver "constructor" is not built in',
    'c.yml:2:31: receiver "__proto__/x" has a type that is not letters, digits and "_" after ' +
      'a letter, at most 63 [CONFIG_UNKNOWN_KEY]',
    'c.yml:3:14: exporter "toString" is not built in',
    'c.yml:4:61: pipeline "metrics" names receiver "hasOwnProperty", which "receivers" does ' +
'not define [CONFIG_VALUE]',
    'c.yml:4:100: pipeline "metrics" names exporter "__proto__", which "exporters" does not ' +
'define [CONFIG_VALUE]',
    'c.yml:2:31: receiver "__proto__/x" does nothing: no pipeline uses it [CONFIG_NOTE]',
  ]);
}); // prettier-ignore

test('anchors and merges work in components, and findings stand where the text does', async () => {
  const { plan, lines } = await check(`
receivers:
  prometheus/a:
    config: &config
      global: &global { scrape_interval: 5s }
      scrape_configs: [{ job_name: j }]
  prometheus/b:
    config:
      <<: *config
      global: { <<: *global, scrape_timeout: 2s }
exporters:
  prometheusremotewrite: { endpoint: 'http://x/w' }
service:
  pipelines:
    metrics: &pipeline { receivers: [prometheus/a], exporters: [prometheusremotewrite] }
    metrics/b: { <<: *pipeline, receivers: [prometheus/b] }
`);
  assert.deepEqual(lines, []);
  assert.deepEqual(
    plan?.sources.map(({ id, scrape }) => [id, scrape.scrapeIntervalMs, scrape.scrapeTimeoutMs]),
    [
      ['prometheus/a/j', 5_000, 5_000],
      ['prometheus/b/j', 5_000, 2_000],
    ],
  );
});

test('ten thousand receivers, all used or all wrong, are checked in bounded time', async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `prometheus/${index}`);
  const frame = (used: readonly string[]): string => `
exporters: { prometheusremotewrite: { endpoint: 'http://x/w' } }
service: { pipelines: { metrics: { receivers: [${used.join()}], exporters: [prometheusremotewrite] } } }
receivers:
`;
  const good = names.map((name) => `  ${name}: { config: { scrape_configs: [{ job_name: j }] } }\n`);
  // Of this process: other work on the machine does not count.
  const before = process.cpuUsage();
  const { plan } = await check(frame(names) + good.join(''));
  assert.equal(plan?.routes.length, 10_000);
  const wrong = names.map((name) => `  ${name}: { confg: {} }\n`);
  assert.equal((await check(frame(names) + wrong.join(''))).lines.length, 10_000);
  const missing = await check(frame(names.map((name) => `${name}x`)) + good.join(''));
  assert.equal(missing.lines.length, 20_000);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 60_000_000, `${user + system} µs`);
}); // prettier-ignore
