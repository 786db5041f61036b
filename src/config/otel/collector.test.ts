import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';
import { type CollectorPlan, transformsBetween } from '../plan.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { makeSeries, openRoute } from '../../../test/kit/transforming.ts';

async function check(text: string, options: { env?: Record<string, string>; allowPartial?: boolean } = {}) {
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {}, ...options });
  return { plan, lines: findings.map((one) => formatFinding(one).replace('/nowhere/', '')) };
} // prettier-ignore

async function planOf(text: string, env: Record<string, string> = {}): Promise<CollectorPlan> {
  const { plan, lines } = await check(text, { env });
  assert.ok(plan, lines.join('\n'));
  return plan;
}

/** What a series becomes on a route's way to a sink. */
function sent(plan: CollectorPlan, routeId: string, sinkId: string, series: Record<string, string>) {
  const route = plan.routes.find(({ id }) => id === routeId);
  const sink = plan.sinks.find(({ id }) => id === sinkId);
  assert.ok(route && sink);
  const { appender, sent: read, refs } = openRoute(...transformsBetween(plan, route, sink));
  const [ref = -1] = refs(makeSeries(series));
  appender.append(ref, 1, 2);
  appender.commit();
  return read();
} // prettier-ignore

const TWO = `
receivers:
  prometheus/a:
    config:
      global: { scrape_interval: 15s, sample_limit: 7, external_labels: { team: a, zone: '$ZONE' } }
      scrape_configs: [{ job_name: web, static_configs: [{ targets: ['a:1'] }] }]
  prometheus/b:
    config:
      global: { scrape_interval: 90s, scrape_protocols: [PrometheusText0.0.4] }
      scrape_configs: [{ job_name: web, static_configs: [{ targets: ['b:1'] }] }]
exporters:
  prometheusremotewrite: { endpoint: 'http://one/w' }
  prometheusremotewrite/two: { endpoint: 'http://two/w', external_labels: { team: two, env: 'a$$b' } }
service:
  pipelines:
    metrics/x: { receivers: [prometheus/a], exporters: [prometheusremotewrite] }
    metrics/y: { receivers: [prometheus/b], exporters: [prometheusremotewrite/two] }
`;

test('two pipelines are two routes, each with its own receiver, global settings and exporter', async () => {
  const plan = await planOf(TWO);
  assert.deepEqual(plan.routes, [
    {
      id: 'metrics/x',
      signal: 'metrics',
      sources: ['prometheus/a/web'],
      transforms: ['external_labels:prometheus/a', 'resource'],
      sinks: ['remote_write/prometheusremotewrite'],
    },
    {
      id: 'metrics/y',
      signal: 'metrics',
      sources: ['prometheus/b/web'],
      transforms: ['resource'],
      sinks: ['remote_write/prometheusremotewrite/two'],
    },
  ]);
  assert.deepEqual(
    plan.sources.map(({ id, scrape, discovery }) => [
      id,
      discovery.job,
      scrape.jobName,
      scrape.scrapeIntervalMs,
      scrape.limits.samples,
      scrape.protocols.length,
    ]),
    [
      ['prometheus/a/web', 'prometheus/a/web', 'web', 15_000, 7, 4],
      ['prometheus/b/web', 'prometheus/b/web', 'web', 90_000, 0, 1],
    ],
  );
  assert.deepEqual(
    plan.sinks.map(({ kind, name, folder, shownAddress: place }) => [kind, name, folder, place]),
    [
      ['remote_write', 'prometheusremotewrite', 'prometheusremotewrite', 'http://one/w'],
      ['remote_write', 'prometheusremotewrite/two', 'prometheusremotewrite%2Ftwo', 'http://two/w'],
    ],
  );
});

test('a receiver sets its external labels, an exporter adds those that a series lacks', async () => {
  const plan = await planOf(TWO, { ZONE: 'z1' });
  const series = { __name__: 'up', team: 'own' };
  assert.deepEqual(sent(plan, 'metrics/x', 'remote_write/prometheusremotewrite', series), [
    'up{team="a", zone="z1"} 2 @1',
  ]);
  assert.deepEqual(sent(plan, 'metrics/y', 'remote_write/prometheusremotewrite/two', series), [
    'up{env="a$b", team="own"} 2 @1',
  ]);
});

test('a receiver of two pipelines is scraped once, an exporter of two is one sink', async () => {
  const plan = await planOf(`
receivers:
  prometheus: { config: { scrape_configs: [{ job_name: a }, { job_name: b }] } }
exporters:
  prometheus_remote_write/1: { endpoint: 'http://one/w' }
  prometheus_remote_write/2: { endpoint: 'http://two/w' }
service:
  pipelines:
    metrics/x: { receivers: [prometheus], exporters: [prometheus_remote_write/1, prometheus_remote_write/2] }
    metrics/y: { receivers: [prometheus], exporters: [prometheus_remote_write/1] }
`);
  const sources = ['prometheus/a', 'prometheus/b'];
  assert.deepEqual(plan.sources.map(({ id }) => id), sources);
  assert.deepEqual(plan.sinks.map(({ name }) => name), ['prometheus_remote_write/1', 'prometheus_remote_write/2']);
  assert.deepEqual(plan.routes.map((route) => [route.id, route.sources, route.sinks.length]), [
    ['metrics/x', sources, 2],
    ['metrics/y', sources, 1],
  ]);
}); // prettier-ignore

test('a pipeline of several receivers is a route for each, with the labels of each', async () => {
  const text = TWO.replace('receivers: [prometheus/b]', 'receivers: [prometheus/a, prometheus/b]');
  const plan = await planOf(text, { ZONE: 'z' });
  assert.deepEqual(
    plan.routes.map(({ id, sources, transforms }) => [id, sources, transforms]),
    [
      ['metrics/x', ['prometheus/a/web'], ['external_labels:prometheus/a', 'resource']],
      [
        'metrics/y:prometheus/a',
        ['prometheus/a/web'],
        ['external_labels:prometheus/a', 'resource'],
      ],
      ['metrics/y:prometheus/b', ['prometheus/b/web'], ['resource']],
    ],
  );
  assert.equal(plan.sources.length, 2);
  assert.equal(plan.transforms.filter(({ id }) => id === 'external_labels:prometheus/a').length, 1);
});

test('jobs of two receivers whose names run together are told apart by an error', async () => {
  const { plan, lines } = await check(`
receivers:
  prometheus: { config: { scrape_configs: [{ job_name: a/b }] } }
  prometheus/a: { config: { scrape_configs: [{ job_name: b }] } }
exporters: { prometheusremotewrite: { endpoint: 'http://one/w' } }
service: { pipelines: { metrics: { receivers: [prometheus, prometheus/a], exporters: [prometheusremotewrite] } } }
`);
  assert.equal(plan, undefined);
  assert.deepEqual(lines, [
    'c.yml:4:17: jobs of receivers "prometheus" and "prometheus/a" are both called ' +
      '"prometheus/a/b"; rename one [CONFIG_DUPLICATE]',
  ]);
});

test('what a Prometheus configuration asks of a server is left out with --allow-partial', async () => {
  const text = `
rule_files: [a.rules]
alerting: { alertmanagers: [{}] }
scrape_configs: [{ job_name: a, consul_sd_configs: [{ server: x }] }]
`;
  assert.equal((await check(text)).plan, undefined);
  const { plan, lines } = await check(text, { allowPartial: true });
  assert.deepEqual(plan?.sources.map(({ id, discovery }) => [id, discovery.entries]), [['a', []]]);
  assert.deepEqual(
    lines.map((line) => line.replace(/: left out: .* \[/, ' [')),
    ['c.yml:2:1 [CONFIG_UNSUPPORTED]', 'c.yml:3:1 [CONFIG_UNSUPPORTED]', 'c.yml:4:33 [CONFIG_UNSUPPORTED]'],
  );
  const unsigned = await check('remote_write: [{ url: "http://x/w", azuread: {} }]', { allowPartial: true });
  assert.equal(unsigned.plan, undefined, 'credentials are never left out');
}); // prettier-ignore

/** One pipeline with this receiver. */
function withReceiver(receiver: string): string {
  return `
receivers:
  prometheus: ${receiver}
exporters: { prometheusremotewrite: { endpoint: 'http://one/w' } }
service: { pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] } } }
`;
}

test("a receiver's keys beside its config are taken over, told or refused", async () => {
  const jobs = 'config: { scrape_configs: [{ job_name: a }, { job_name: b, extra_scrape_metrics: false ' +
'}] }';
  const extra = await planOf(withReceiver(`{ report_extra_scrape_metrics: true, ${jobs} }`));
  assert.deepEqual(extra.sources.map(({ scrape }) => scrape.hasExtraMetrics), [true, false]);
  const told = await check(withReceiver(`{ use_start_time_metric: true, api_server: { enabled: true }, buffer_count: 45, ${jobs} }`));
  assert.ok(told.plan);
  assert.deepEqual(told.lines.map((line) => line.slice(0, 42)), [
    'c.yml:3:17: use_start_time_metric has no ef',
    'c.yml:3:46: api_server has no effect: the A',
    'c.yml:3:77: buffer_count has no effect, as ',
  ].map((line) => line.slice(0, 42)));
  for (const key of ['trim_metric_suffixes: true', 'target_allocator: { endpoint: x }']) {
    const text = withReceiver(`{ ${key}, ${jobs} }`);
    assert.match((await check(text)).lines[0] ?? '', /^c\.yml:3:17: .*\[CONFIG_UNSUPPORTED\]$/);
    assert.equal((await check(text, { allowPartial: true })).plan?.sources.length, 2);
  }
  const allocated = await check(withReceiver('{ target_allocator: { endpoint: x } }'), { allowPartial: true });
  assert.match(allocated.lines[0] ?? '', /no pipeline is left/);
}); // prettier-ignore

test('what a receiver can not be asked for in its config is refused there, and left out with --allow-partial', async () => {
  const text = withReceiver(`
    config:
      rule_files: [a]
      remote_write: [{ url: 'http://x' }]
      scrape_configs:
        - job_name: a
          kubernetes_sd_configs: [{ role: pod }]`);
  const { plan, lines } = await check(text);
  assert.equal(plan, undefined);
  assert.deepEqual(lines.map((line) => line.split(';')[0]), [
    'c.yml:5:7: "rule_files" in receivers.prometheus.config: a collector evaluates no rules',
    'c.yml:6:7: "remote_write" in receivers.prometheus.config: a receiver sends nothing',
    'c.yml:9:11: "kubernetes_sd_configs" in receivers.prometheus.config.scrape_configs[0] ' +
'("a"): this discovery is not built in',
  ]);
  const partial = await check(text, { allowPartial: true });
  assert.deepEqual(partial.plan?.sources.map(({ id }) => id), ['prometheus/a']);
  assert.equal(partial.lines.length, 3);
}); // prettier-ignore

test('jobs of included files belong to the receiver, and their faults to their file', async (context) => {
  const folder = temporaryFolder(context);
  const include = (job: string) => writeFile(join(folder, 'jobs.yml'), `scrape_configs: [{ job_name: ${job} }]`);
  const text = withReceiver("{ config: { scrape_configs: [{ job_name: a }], scrape_config_files: ['*.yml'] } }");
  const checkThere = async () => {
    const { plan, findings } = await checkConfigText(text, join(folder, 'c.yaml'), { env: {} });
    return { ids: plan?.sources.map(({ id }) => id), lines: findings.map((one) => formatFinding(one).replace(`${folder}/`, '')) };
  };
  await include('b');
  assert.deepEqual(await checkThere(), { ids: ['prometheus/a', 'prometheus/b'], lines: [] });
  await include('a');
  const { lines } = await checkThere();
  assert.match(lines[0] ?? '', /^jobs\.yml:1:30: job_name "a" is used by another/);
}); // prettier-ignore

test('connectors join no pipelines here, and never share a name with what they join', async () => {
  const text = `
receivers: { prometheus: { config: { scrape_configs: [{ job_name: a }] } } }
exporters: { prometheusremotewrite: { endpoint: 'http://one/w' } }
connectors: { count: {} }
service:
  pipelines:
    metrics: { receivers: [prometheus], exporters: [prometheusremotewrite, count] }
    metrics/counts: { receivers: [count], exporters: [prometheusremotewrite] }
`;
  const { lines } = await check(text);
  assert.deepEqual(lines, [
    'c.yml:4:15: connector "count" is not built in; run an OpenTelemetry collector beside ' +
'this one for connector count; --allow-partial leaves it out [CONFIG_UNSUPPORTED]',
  ]);
  const partial = await check(text, { allowPartial: true });
  assert.deepEqual(partial.plan?.routes.map(({ id }) => id), ['metrics']);
  const twice = await check(text.replace('count: {}', 'prometheus: {}'));
  assert.ok(twice.lines.some((line) => line.startsWith('c.yml:4:27: connector "prometheus" is called as receiver "prometheus" is')), twice.lines.join('\n'));
}); // prettier-ignore

test('a reference that fails is told, and not what its value then lacks', async () => {
  const { lines } = await check(`
receivers: { prometheus: { config: { scrape_configs: [{ job_name: a, static_configs: [{ targets: ['\${env:NO}'] }] }] } } }
exporters: { prometheusremotewrite: { endpoint: '\${env:NOTHING}', tiemout: 5s } }
service: { pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] } } }
`);
  assert.deepEqual(lines.map((line) => line.split(';')[0]), [
    'c.yml:2:99: the environment has no NO',
    'c.yml:3:49: the environment has no NOTHING',
    'c.yml:3:67: unknown key "tiemout" in exporters.prometheusremotewrite',
  ]);
}); // prettier-ignore
