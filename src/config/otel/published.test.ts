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

/** By file: `line code` of each error, and what of it is left with --allow-partial. */
interface Expected {
  readonly errors: readonly string[];
  /** Routes, as `sources → sinks`; none where nothing is left, which is an error too. */
  readonly partial: readonly string[];
}

const unsupported = (...lines: number[]): string[] =>
  lines.map((line) => `${line} CONFIG_UNSUPPORTED`);

const ADOT: Readonly<Record<string, Expected>> = {
  // awsproxy; traces.
  'apprunner-default-config.yaml': { errors: unsupported(3, 29), partial: [] },
  // filter, resource attributes as labels.
  'ecs-amp-prometheus.yaml': {
    errors: unsupported(27, 47),
    partial: [
      'prometheus/otel-collector → remote_write/prometheusremotewrite',
      'awsecscontainermetrics → remote_write/prometheusremotewrite',
    ],
  },
  // otlp, filter, resource attributes as labels.
  'ecs-amp.yaml': {
    errors: unsupported(7, 24, 44),
    partial: ['awsecscontainermetrics → remote_write/prometheusremotewrite'],
  },
  // otlp, resource, awsemf; traces.
  'ecs-cloudwatch-xray.yaml': { errors: unsupported(5, 23, 80, 89), partial: [] },
  // otlp, statsd, awsemf; traces.
  'ecs-default-config.yaml': { errors: unsupported(4, 13, 26, 32), partial: [] },
  // traces.
  'ecs-xray.yaml': { errors: unsupported(28), partial: [] },
};

const CLOUDWATCH_AGENT: Readonly<Record<string, Expected>> = {
  'default_otel_config_ecs.yaml': {
    errors: unsupported(2, 3, 54, 136, 149, 152, 206, 485, 560, 582, 591, 613, 625, 652, 662),
    partial: [],
  },
  // awsemf, filter, awscontainerinsightreceiver; logs.
  'log_ecs_metric_only.yaml': { errors: unsupported(38, 125, 140, 203), partial: [] },
  // awscloudwatch, awsentity, cumulativetodelta, ec2tagger, otlp twice.
  'otlp_metrics_config.yaml': { errors: unsupported(2, 34, 44, 56, 68), partial: [] },
  // awsemf, resource attributes as labels, telegraf_prometheus; and a placeholder that YAML reads
  // as a mapping.
  'prometheus_combined_config_linux.yaml': {
    errors: ['2 CONFIG_UNSUPPORTED', '87 CONFIG_UNSUPPORTED', '159 CONFIG_TYPE', '179 CONFIG_UNSUPPORTED'],
    partial: [],
  },
  // awsemf, telegraf_prometheus.
  'prometheus_config_linux.yaml': { errors: unsupported(2, 99), partial: [] },
  // A Prometheus configuration with the same placeholder, as a text.
  'prometheus_ecs_config.yaml': { errors: ['8 CONFIG_VALUE'], partial: [] },
}; // prettier-ignore

const ARTICLES: Readonly<Record<string, Expected>> = {
  // X-Ray alone.
  'otel-collector-config.yaml.template': {
    errors: unsupported(35),
    partial: ['prometheus/ecs_services → remote_write/awsprometheusremotewrite'],
  },
  // EMF, the filter before it, and X-Ray.
  'otel-collector-config-cloudwatch.yaml.template': {
    errors: unsupported(35, 44, 69),
    partial: [],
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
  const warned = told(findings, 'warning').filter((one) => one.endsWith('CONFIG_UNSUPPORTED'));
  assert.deepEqual(warned, errors.filter((one) => one.endsWith('CONFIG_UNSUPPORTED')), file);
  assert.equal(told(findings, 'error').length > 0, partial.length === 0, file);
} // prettier-ignore

function told(findings: readonly Finding[], severity: Finding['severity']): string[] {
  return findings
    .filter((one) => one.severity === severity)
    .map(({ line, code }) => `${line} ${code}`);
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
    ['extension "pprof" only answers how this process is profiled'],
  );
}); // prettier-ignore
