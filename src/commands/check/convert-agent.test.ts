/** Files of CloudWatch's agent as configurations: each is checked as `check config` checks it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { checkConfigText } from '../../config/load.ts';
import { formatFinding } from '../../settings/finding.ts';
import { convertAgentFile } from './convert-agent.ts';

const JOBS = `
global: { scrape_interval: 30s, external_labels: { team: a } }
scrape_configs:
  - job_name: ecs
    file_sd_configs: [{ files: [/tmp/cwagent_ecs_auto_sd.yaml] }]
  - job_name: own
    static_configs: [{ targets: ['a:1'] }]
`;

interface Converted {
  readonly text: string;
  readonly losses: number;
  readonly value: Readonly<Record<string, unknown>>;
}

async function convertText(text: string, jobs = JOBS, file = 'agent.json'): Promise<Converted> {
  const found = await convertAgentFile(file, { text }, { PROMETHEUS_CONFIG_CONTENT: jobs });
  assert.ok(found);
  return { ...found, value: parse(found.text) as Record<string, unknown> };
}

/** A file whose section logs has this in its part prometheus. */
function withLogs(prometheus: object, more: object = {}): string {
  const part = { prometheus_config_path: 'env:PROMETHEUS_CONFIG_CONTENT', ...prometheus };
  return JSON.stringify({ logs: { metrics_collected: { prometheus: part } }, ...more }, null, 2);
}

const DECLARATION = {
  source_labels: ['job'],
  label_matcher: '^ecs$',
  dimensions: [['ClusterName', 'TaskDefinitionFamily']],
  metric_selectors: ['^http_requests_total$'],
};

test('discovery takes the place of its file, and the events get their entry', async () => {
  const { text, losses, value } = await convertText(
    withLogs(
      {
        cluster_name: 'prod',
        ecs_service_discovery: {
          sd_frequency: '15s',
          docker_label: { sd_port_label: 'PORT' },
          task_definition_list: [
            {
              sd_task_definition_arn_pattern: ':task-definition/java',
              sd_metrics_ports: '9404; 9406',
            },
          ],
        },
        emf_processor: {
          metric_declaration_dedup: true,
          metric_unit: { http_requests_total: 'Count', other: 'Second' },
          metric_declaration: [DECLARATION],
        },
      },
      { agent: { region: 'us-east-1', credentials: { role_arn: 'arn:aws:iam::1:role/r' } } },
    ),
  );
  assert.equal(losses, 1, text);
  assert.match(
    text,
    /^# - logs\.metrics_collected\.prometheus\.emf_processor\.metric_unit\.other \(line \d+\): "Second" is no unit/m,
  );
  const clusters = { region: 'us-east-1', clusters: ['prod'], refresh_interval: '15s' };
  assert.deepEqual(value, {
    global: { scrape_interval: '30s', external_labels: { ClusterName: 'prod', team: 'a' } },
    scrape_configs: [
      {
        job_name: 'ecs',
        amperage_ecs_sd_configs: [
          {
            ...clusters,
            labels: 'cloudwatch-agent',
            task_definitions: [
              { arn_pattern: ':task-definition/java', metrics_ports: [9404, 9406] },
            ],
            docker_labels: [
              {
                port_label: 'PORT',
                metrics_path_label: 'ECS_PROMETHEUS_METRICS_PATH',
                job_name_label: 'job',
              },
            ],
          },
        ],
      },
      { job_name: 'own', static_configs: [{ targets: ['a:1'] }] },
    ],
    emf_write: [
      {
        region: 'us-east-1',
        role_arn: 'arn:aws:iam::1:role/r',
        log_group_name: '/aws/ecs/containerinsights/prod/prometheus',
        log_stream_name: '{JobName}',
        emf_processor: {
          metric_namespace: 'ECS/ContainerInsights/Prometheus',
          metric_unit: { http_requests_total: 'Count' },
          metric_declaration: [DECLARATION],
        },
      },
    ],
  });
  const { plan, findings } = await checkConfigText(text, 'prometheus.yml', { env: {} });
  assert.ok(plan, findings.map(formatFinding).join('\n'));
});

test('what the agent finds by itself is a variable, and its defaults are written', async () => {
  const { text, losses, value } = await convertText(withLogs({ ecs_service_discovery: {} }));
  assert.equal(losses, 0, text);
  assert.match(
    text,
    /^# - the agent finds the name of its own cluster by itself: .*CLUSTER_NAME$/m,
  );
  assert.match(text, /^# - without metric_declaration all is in the log alone/m);
  const [entry] = value['emf_write'] as Record<string, unknown>[];
  assert.equal(
    entry?.['log_group_name'],
    '/aws/ecs/containerinsights/${env:CLUSTER_NAME}/prometheus',
  );
  assert.equal(entry?.['disable_metric_extraction'], true);
  const checked = await checkConfigText(text, 'p.yml', { env: { CLUSTER_NAME: 'prod' } });
  assert.ok(checked.plan);
  assert.equal((await checkConfigText(text, 'p.yml', { env: {} })).plan, undefined);
});

test('the workspace is an entry of remote_write, and other destinations are lost', async () => {
  const file = (more: object): string =>
    JSON.stringify({
      agent: { region: 'us-east-1' },
      metrics: {
        metrics_destinations: { amp: { workspace_id: 'ws-1' }, ...more },
        metrics_collected: {
          prometheus: { prometheus_config_path: 'env:PROMETHEUS_CONFIG_CONTENT' },
        },
      },
    });
  const { losses, value } = await convertText(file({}));
  assert.equal(losses, 0);
  assert.deepEqual(value['remote_write'], [
    {
      url: 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write',
      sigv4: { region: 'us-east-1' },
    },
  ]);
  const { text } = await convertText(file({ cloudwatch: {} }));
  assert.match(
    text,
    /^# - metrics\.metrics_destinations\.cloudwatch \(line 1\): .*write emf_write$/m,
  );
});

test('jobs of two files are not mixed, and the words of the receiver are unwrapped', async () => {
  const metrics = {
    metrics_destinations: { amp: { workspace_id: 'ws-1' } },
    metrics_collected: { prometheus: { prometheus_config_path: '/etc/other.yaml' } },
  };
  const part = { log_group_name: 'g', emf_processor: { metric_declaration: [DECLARATION] } };
  const jobs = 'config: { scrape_configs: [{ job_name: inner }] }\ntarget_allocator: {}';
  const { text, losses, value } = await convertText(withLogs(part, { metrics }), jobs);
  assert.equal(losses, 2, text);
  assert.match(text, /prometheus_config_path .*"target_allocator" there has no counterpart/);
  assert.match(
    text,
    /^# - metrics\.metrics_collected\.prometheus\.prometheus_config_path .*by itself$/m,
  );
  assert.deepEqual(value['scrape_configs'], [{ job_name: 'inner' }]);
});

test('what else the agent collects is lost by its path, with what to do instead', async () => {
  const { text, losses } = await convertText(
    withLogs(
      { log_group_name: 'g', emf_processor: { metric_declaration: [DECLARATION] }, odd: 1 },
      {
        metrics: { metrics_collected: { cpu: {}, statsd: {}, collectd: {} } },
        traces: { traces_collected: { xray: {} } },
        opentelemetry: {},
      },
    ),
  );
  const lost = [
    /logs\.metrics_collected\.prometheus\.odd \(line 26\): it has no counterpart/,
    /metrics\.metrics_collected\.cpu \(line \d+\): run a node exporter/,
    /metrics\.metrics_collected\.statsd \(line \d+\): write statsd_receivers/,
    /metrics\.metrics_collected\.collectd \(line \d+\): .*write_prometheus/,
    /traces\.traces_collected\.xray \(line \d+\): write xray_receivers/,
    /opentelemetry \(line \d+\): it has no counterpart/,
  ];
  for (const line of lost) assert.match(text, line);
  assert.equal(losses, lost.length, text);
});

test('jobs that are not there are lost; the discovery has a job of its own then', async () => {
  const given = withLogs({
    prometheus_config_path: '/etc/none.yaml',
    cluster_name: 'c',
    ecs_service_discovery: { docker_label: {} },
  });
  const { text, value } = await convertText(given);
  assert.match(text, /prometheus_config_path \(line \d+\): its jobs can't be read \(ENOENT/);
  const [job] = value['scrape_configs'] as Record<string, unknown>[];
  assert.equal(job?.['job_name'], 'ecs');
});

test('ports and regular expressions that are none are told by the check of the result', async () => {
  const { text, losses } = await convertText(
    withLogs({
      cluster_name: 'c',
      ecs_service_discovery: {
        task_definition_list: [{ sd_task_definition_arn_pattern: '(', sd_metrics_ports: 'x' }],
      },
    }),
  );
  assert.ok(losses >= 2, text);
  assert.match(text, /^# - prometheus\.yml:\d+:\d+: .*\[CONFIG_/m);
});

test('what is no file of the agent is none', async () => {
  for (const text of ['scrape_configs: []', '{"agent": {', '[]'])
    assert.equal(await convertAgentFile('a.json', { text }, {}), undefined);
});

test(
  'a published file with its jobs beside it',
  { skip: skipWithoutConformance },
  async (context) => {
    const folder = temporaryFolder(context);
    const read = (name: string): string =>
      readFileSync(conformancePath('cloudwatch-agent', name), 'utf8')
        .replaceAll('{ecsSdFileName}', '/tmp/sd.yaml')
        .replaceAll('{prometheusFileName}', '/etc/cwagent/prometheus.yaml');
    writeFileSync(join(folder, 'prometheus.yaml'), read('prometheus_ecs_config.yaml'));
    const file = join(folder, 'agent.json');
    const { text, losses, value } = await convertText(
      read('prometheus_config_linux.json'),
      '',
      file,
    );
    assert.equal(losses, 0, text);
    const [job] = value['scrape_configs'] as { amperage_ecs_sd_configs: object[] }[];
    assert.equal(job?.amperage_ecs_sd_configs.length, 1);
    const { plan } = await checkConfigText(text, 'p.yml', { env: {} });
    assert.match(plan?.sinks[0]?.remark ?? '', /4 declarations with 3 sets/);
  },
);
