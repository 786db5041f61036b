import assert from 'node:assert/strict';
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
    segmentReceivers: [],
    forwarders: [],
    servers: [],
    log: {},
  } as const;
  const rendered = renderCheck('c.yml', { plan, findings: [], version: '', text: '' });
  assert.match(rendered, /  route "metrics" \(metrics\): prometheus\/x → filter\/a → batch → s\n/);
});

test('check config fails with a configuration error when there is one', async () => {
  const written: string[] = [];
  const run = createCheckCommand((text) => written.push(text)).parseAsync(
    ['config', 'no-such.yml'],
    {
      from: 'user',
    },
  );
  await assert.rejects(run, { name: 'ConfigError', message: 'no-such.yml: 1 error' });
  assert.deepEqual(written, [
    'error: no-such.yml:1:1: the file does not exist; check the path [CONFIG_FILE]\n',
  ]);
});
