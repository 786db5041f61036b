import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import type { Finding } from '../../settings/finding.ts';
import { checkConfigFile } from '../load.ts';

const ENV = {
  AWS_REGION: 'us-east-1',
  AWS_PROMETHEUS_ENDPOINT: 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/w/api/v1/remote_write',
  AWS_PROMETHEUS_SCRAPING_ENDPOINT: 'localhost:8080',
  CWAGENT_ROLE_ARN: 'arn:aws:iam::123456789012:role/r',
}; // prettier-ignore

/** By file: what each error is about, and what of it is left with --allow-partial. */
interface Expected {
  /** `line subject` of each error. */
  readonly errors: readonly string[];
  /** Routes, as `sources → sinks`; none where nothing is left, which is an error too. */
  readonly partial: readonly string[];
}

const AMP = 'remote_write/prometheusremotewrite';

const ADOT: Readonly<Record<string, Expected>> = {
  'apprunner-default-config.yaml': { errors: [], partial: ['otlp → xray/awsxray'] },
  'ecs-amp-prometheus.yaml': {
    errors: [],
    partial: [`prometheus/otel-collector → ${AMP}`, `awsecscontainermetrics → ${AMP}`],
  },
  'ecs-amp.yaml': {
    errors: [],
    partial: [`otlp → ${AMP}`, `awsecscontainermetrics → ${AMP}`],
  },
  'ecs-cloudwatch-xray.yaml': {
    errors: [],
    partial: ['otlp → xray/awsxray', 'otlp → emf/awsemf/application'],
  },
  'ecs-default-config.yaml': {
    errors: [],
    partial: ['otlp,awsxray → xray/awsxray', 'otlp → emf/awsemf', 'statsd → emf/awsemf'],
  },
  'ecs-xray.yaml': { errors: [], partial: ['otlp → xray/awsxray'] },
};

const CLOUDWATCH_AGENT: Readonly<Record<string, Expected>> = {
  'default_otel_config_ecs.yaml': {
    errors: [
      '2 connector "forward/opentelemetry"',
      '3 connector "spanmetrics/opentelemetry"',
      '136 extension "awscloudwatchlogsprovisioner"',
      '149 header "x-aws-log-group"',
      '152 header "x-aws-log-stream"',
      '613 pipeline "logs/opentelemetry"',
      '625 pipeline "logs/otlp"',
    ],
    partial: [],
  },
  'log_ecs_metric_only.yaml': {
    errors: [
      '140 receiver "awscontainerinsightreceiver"',
      '203 pipeline "logs/emf_logs"',
    ],
    partial: [],
  },
  'otlp_metrics_config.yaml': {
    errors: [
      '2 exporter "awscloudwatch"',
      '34 processor "awsentity/service/otlp"',
      '44 processor "ec2tagger"',
    ],
    partial: [],
  },
  'prometheus_combined_config_linux.yaml': {
    errors: [
      '87 "resource_to_telemetry_conversion.clear_after_copy"',
      // A placeholder that YAML reads as a mapping.
      '159 receivers.prometheus.config.scrape_configs[0].file_sd_configs[0].files[0] ' +
'("cwagent-ecs-file-sd-config")',
      '179 receiver "telegraf_prometheus"',
    ],
    partial: [],
  },
  'prometheus_config_linux.yaml': {
    errors: ['99 receiver "telegraf_prometheus"'],
    partial: [],
  },
  // A Prometheus configuration with the same placeholder, as a text.
  'prometheus_ecs_config.yaml': {
    errors: ['8 scrape_configs[0].file_sd_configs[0].files[0] ("cwagent-ecs-file-sd-config")'],
    partial: [],
  },
}; // prettier-ignore

const ARTICLES: Readonly<Record<string, Expected>> = {
  'otel-collector-config.yaml.template': {
    errors: [],
    partial: [
      'prometheus/ecs_services → remote_write/awsprometheusremotewrite',
      'awsxray → xray/awsxray',
    ],
  },
  'otel-collector-config-cloudwatch.yaml.template': {
    errors: [],
    partial: ['prometheus/ecs_services → emf/awsemf', 'awsxray → xray/awsxray'],
  },
};

const FOLDERS = [
  ['otel/adot', ADOT, '.yaml'],
  ['cloudwatch-agent', CLOUDWATCH_AGENT, '.yaml'],
  ['articles/deploy-adot', ARTICLES, '.yaml.template'],
] as const;

for (const [folder, expected, suffix] of FOLDERS) {
  const options = { skip: skipWithoutConformance };
  test(`each configuration of ${folder} is taken over whole, or refused at its lines`, options, async () => {
    const files = readdirSync(conformancePath(folder)).filter(
      (name) => name.endsWith(suffix) && name !== 'ecs-cluster.yaml',
    );
    assert.deepEqual(files.sort(), Object.keys(expected).sort());
    for (const [name, { errors, partial }] of Object.entries(expected)) {
      const file = join(conformancePath(folder), name);
      const { findings, plan } = await checkConfigFile(file, { env: ENV });
      assert.deepEqual(told(findings, 'error'), errors, name);
      assert.equal(plan === undefined, errors.length > 0, name);
      await checkPartial(file, errors, partial);
    }
  }); // prettier-ignore
}

/** The same refusals as warnings; an error only where another stood, or where nothing is left. */
async function checkPartial(
  file: string,
  errors: readonly string[],
  partial: readonly string[],
): Promise<void> {
  const { findings, plan } = await checkConfigFile(file, { env: ENV, allowPartial: true });
  const routes = (plan?.routes ?? []).map(
    ({ sources, sinks }) => `${sources.join()} → ${sinks.join()}`,
  );
  assert.deepEqual(routes, partial, file);
  const leftOut = findings.filter(({ message }) => message.startsWith('left out: '));
  const warned = told(leftOut, 'warning');
  assert.deepEqual(warned, errors.filter((one) => !/ \S*files\[0\] /.test(one)), file);
  assert.equal(told(findings, 'error').length > 0, partial.length === 0, file);
} // prettier-ignore

function told(findings: readonly Finding[], severity: Finding['severity']): string[] {
  return findings
    .filter((one) => one.severity === severity)
    .map(({ line, message }) => {
      const [subject = ''] = message.replace('left out: ', '').split(/: | is /);
      return `${line} ${subject}`;
    });
}

test("the article's own pipeline is accepted, and signs", { skip: skipWithoutConformance }, async () => {
  const file = conformancePath('articles/deploy-adot', 'otel-collector-config.yaml.template');
  const { plan, findings } = await checkConfigFile(file, { env: {}, allowPartial: true });
  const [source] = plan?.sources ?? [];
  assert.deepEqual([source?.scrape.scrapeIntervalMs, source?.scrape.scrapeTimeoutMs], [15_000, 10_000]);
  assert.equal(plan?.sinks[0]?.remark, 'signed for REGION');
  assert.deepEqual(
    plan.servers.map(({ id, listen }) => [id, listen]),
    [
      ['pprof', '0.0.0.0:1888'],
      ['zpages', '0.0.0.0:55679'],
      ['health_check', '127.0.0.1:13133'],
    ],
  );
  assert.deepEqual(
    findings.filter((one) => one.code === 'CONFIG_NOTE').map(({ message }) => message),
    [
      '"awsxray" listens at localhost:2000, which only this task reaches, as in newer ' +
'Collectors; ' +
        'for other tasks write "endpoint: 0.0.0.0:2000"',
      '"aps-workspaces.region.amazonaws.com" names no region of AWS; AMP is at ' +
        'aps-workspaces.REGION.amazonaws.com, with a region such as us-east-1',
      'extension "pprof" only answers how this process is profiled',
    ],
  );
}); // prettier-ignore
