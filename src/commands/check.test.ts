import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { checkConfigText } from '../config/load.ts';
import { createCheckCommand, renderCheck } from './check.ts';

test('check config says what a collector would do', async () => {
  const text = [
    'scrape_configs:',
    '  - job_name: ecs',
    '    static_configs: [{targets: [a]}, {targets: [b]}]',
    '    file_sd_configs: [{files: [a.json], refresh_interval: 30}]',
    'remote_write:',
    '  - {url: "http://user:secret@host/w?token=1", name: amp, sigv4: {region: us-east-1}}',
  ].join('\n');
  const rendered = renderCheck('c.yml', await checkConfigText(text, 'c.yml', { env: {} }));
  assert.deepEqual(rendered.split('\n'), [
    `warning: c.yml:4:32: there is no file ${resolve('a.json')} yet; ` +
      'no targets of it [CONFIG_NOTE]',
    'warning: c.yml:4:59: refresh_interval 30 has no unit and is taken as 30s, as published ' +
      'ADOT examples mean it; Prometheus refuses it: write 30s [CONFIG_NOTE]',
    'c.yml: valid, 1 job, 1 sink, 1 route',
    '  job "ecs": every 1m, timeout 10s, http://…/metrics, targets from static_configs × 2, ' +
      'file_sd_configs',
    '  remote_write "amp": http://host/w, signed for us-east-1',
    '  route "metrics" (metrics): ecs → remote_write/amp',
    '',
  ]);
});

test('check config shows the pipelines of a collector with their processors', async () => {
  const text = [
    'receivers:',
    '  prometheus: {config: {global: {external_labels: {a: b}},' +
      ' scrape_configs: [{job_name: x}]}}',
    '  prometheus/2: {config: {scrape_configs: [{job_name: y}]}}',
    'exporters: {prometheusremotewrite: {endpoint: "http://host/w"}}',
    'service:',
    '  pipelines:',
    '    metrics/all: {receivers: [prometheus, prometheus/2],' +
      ' exporters: [prometheusremotewrite]}',
  ].join('\n');
  const rendered = renderCheck('c.yml', await checkConfigText(text, 'c.yml', { env: {} }));
  assert.deepEqual(
    rendered.split('\n').filter((line) => line.startsWith('  route')),
    [
      '  route "metrics/all:prometheus" (metrics): prometheus/x → external_labels → ' +
        'remote_write/prometheusremotewrite',
      '  route "metrics/all:prometheus/2" (metrics): prometheus/2/y → ' +
        'remote_write/prometheusremotewrite',
    ],
  );
});

test('the steps of a route are its processors, each once, without what is made for all', () => {
  const plan = {
    sources: [],
    transforms: [],
    sinks: [],
    routes: [
      {
        id: 'metrics',
        signal: 'metrics',
        sources: ['prometheus/x'],
        transforms: [
          'resource',
          'processor:filter/a:0',
          'processor:filter/a:1',
          'processor:batch:0',
        ],
        sinks: ['s'],
      },
    ],
    taskSources: [],
    traceReceivers: [],
    otlpReceivers: [],
    statsdReceivers: [],
    forwarders: [],
    spanTransforms: [],
    servers: [],
    log: {},
  } as const;
  const rendered = renderCheck('c.yml', { plan, findings: [], version: '', text: '' });
  assert.match(rendered, /  route "metrics" \(metrics\): prometheus\/x → filter\/a → batch → s\n/);
});

test('check config fails with a configuration error when there is one', async () => {
  const written: string[] = [];
  const parsers = { load: () => assert.fail(), normalize: () => [] };
  const run = createCheckCommand(parsers, (text) => written.push(text)).parseAsync(
    ['config', 'no-such.yml'],
    {
      from: 'user',
    },
  );
  await assert.rejects(run, { name: 'ConfigError', message: 'no-such.yml: 1 error' });
  assert.deepEqual(written, [
    'error: no-such.yml: the file does not exist; check the path [CONFIG_FILE]\n',
  ]);
});

const TRACES = [
  'xray_receivers:',
  '  - {listen: ":2000", proxy: {region: eu-west-1}}',
  '  - {name: two, listen: "0.0.0.0:3000", proxy: {enabled: false}}',
].join('\n');

test('check config shows what receives segments, what signs for their senders, and their route', async () => {
  const text = `${TRACES}\nxray_write: [{name: x, region: eu-west-1}]\ndebug_write: [{name: d}]\n`;
  const rendered = renderCheck('c.yml', await checkConfigText(text, 'c.yml', { env: {} }));
  assert.deepEqual(rendered.split('\n'), [
    'c.yml: valid, 0 jobs, 2 of segments, 2 sinks, 1 route',
    '  segments "xray": received at 127.0.0.1:2000 by UDP',
    '  segments "two": received at 0.0.0.0:3000 by UDP',
    '  proxy "xray.proxy": sampling from 127.0.0.1:2000 to xray, signed for eu-west-1',
    '  debug "d": log',
    '  xray "x": X-Ray in eu-west-1',
    '  route "traces" (traces): xray, two → debug/d, xray/x',
    '',
  ]);
}); // prettier-ignore

test('check config shows the region of traces, or where it comes from', async () => {
  const text = [
    'xray_receivers: [{listen: ":2000"}]',
    'xray_write:',
    '  - {name: found}',
    '  - {name: given, region: eu-west-1, endpoint: "https://xray.test"}',
    '  - {name: role, endpoint: "https://xray2.test", role_arn: ' +
'"arn:aws:iam::123456789012:role/r"}',
  ].join('\n');
  const rendered = renderCheck('c.yml', await checkConfigText(text, 'c.yml', { env: {} }));
  const lines = rendered.split('\n').filter((line) => /^ {2}(?:xray|proxy) /.test(line));
  const where = 'the region where the collector runs';
  assert.deepEqual(lines, [
    `  proxy "xray.proxy": sampling from 127.0.0.1:2000 to xray, signed for ${where}`,
    `  xray "found": X-Ray, in ${where}`,
    '  xray "given": https://xray.test, signed for eu-west-1',
    `  xray "role": https://xray2.test, in ${where}, as arn:aws:iam::123456789012:role/r`,
  ]);
}); // prettier-ignore

const LOOSE = [
  [TRACES, /no xray_write and no other sink of traces: segments that are received go nowhere/],
  ['xray_write: [{name: x}]', /xray\/x: nothing receives segments for it; write xray_receivers/],
  ['scrape_configs: [{job_name: a}]', /no remote_write and no other sink of metrics: what is sc/],
  ['scrape_configs: [{job_name: a}]\nxray_write: [{name: x}]', /no remote_write and no other sink/],
] as const;
for (const [text, message] of LOOSE)
  test(`check config tells of ${String(message)}`, async () => {
    const checked = await checkConfigText(text, 'c.yml', { env: {} });
    assert.match(renderCheck('c.yml', checked), message);
  });

test('metrics go to no sink of traces, and segments to none of metrics', async () => {
  const text =
    `${TRACES}\nscrape_configs: [{job_name: a}]\nremote_write: [{url: "http://h/w", name: r}]\n` +
    'xray_write: [{name: x}]\n';
  const { plan } = await checkConfigText(text, 'c.yml', { env: {} });
  assert.deepEqual(
    plan?.routes.map(({ signal, sources, sinks }) => [signal, sources, sinks]),
    [
      ['metrics', ['a'], ['remote_write/r']],
      ['traces', ['xray', 'two'], ['xray/x']],
    ],
  );
});

const REFUSED = [
  ['[{}, {}]', /name "xray" is used by another entry of xray_receivers already/],
  ['[{}, {name: b}]', /receiver "b" listens on 127\.0\.0\.1:2000, as receiver "xray" does/],
  ['[{listen: "h:1"}, {name: b, listen: "h:2", proxy: {listen: "h:1"}}]', /proxy of "b" listens on h:1, as proxy of "xray" does/],
  ['[{listen: "2000"}]', /"2000" is not host:port/],
  ['[{proxy: {region: "a b"}}]', /"a b" is no region of AWS/],
  ['[{proxy: {endpoint: xray}}]', /endpoint "xray" must begin with http/],
  ['[{proxy: {external_id: e}}]', /"external_id" needs "role_arn"/],
  ['[{proxy: {access_key: a}}]', /must be set both or neither/],
  ['[{name: ""}]', /a name is empty/],
] as const; // prettier-ignore
for (const [entries, message] of REFUSED)
  test(`xray_receivers ${entries} is refused`, async () => {
    const text = `xray_receivers: ${entries}\nxray_write: [{name: x}]\n`;
    const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
    assert.equal(plan, undefined);
    assert.match(findings.map((one) => one.message).join('\n'), message);
  });

test('check config shows the region of CloudWatch Logs, and what its metrics are', async () => {
  const text = [
    'scrape_configs: [{job_name: a}]',
    'emf_write:',
    '  - {name: found, log_group_name: /a}',
    '  - {name: given, region: eu-west-1, endpoint: "https://logs.test", namespace: Shop,',
    '     log_group_name: /b, metric_declarations: [{metric_name_selectors: [a], ' +
      'dimensions: [[x], [y]]}]}',
    '  - {name: pipe, output_destination: stdout, log_group_name: /c}',
  ].join('\n');
  const rendered = renderCheck('c.yml', await checkConfigText(text, 'c.yml', { env: {} }));
  assert.deepEqual(
    rendered.split('\n').filter((line) => line.startsWith('  emf ')),
    [
      '  emf "found": CloudWatch Logs, in the region where the collector runs, log group /a',
      '  emf "given": https://logs.test, signed for eu-west-1, log group /b, namespace Shop, ' +
        '1 declaration with 2 sets of dimensions',
      '  emf "pipe": stdout, log group /c',
    ],
  );
});
