/** What is said of files of CloudWatch's agent, and that its Prometheus file is read as it is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/kit/conformance.ts';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';

const IS_AGENTS =
  /^agent\.json:\d+:3: this is a file of CloudWatch's agent, .*docs\/cloudwatch\.md/;

/** The findings of a file of this name. */
async function told(text: string): Promise<string[]> {
  const { plan, findings } = await checkConfigText(text, 'agent.json', { env: {} });
  assert.equal(plan, undefined);
  return findings.map(formatFinding);
}

const published = (name: string): string =>
  readFileSync(conformancePath('cloudwatch-agent', name), 'utf8');

for (const [name, ...parts] of [
  ['prometheus_config_linux.json', /:7:7: "prometheus".*check convert.*emf_write/],
  ['log_ecs_metric_only.json', /:7:7: "emf".*stdout/, /:9:7: "ecs".*leave .* to the agent/],
  ['otlp_metrics_config.json', /:10:7: "otlp" of the agent: write otlp_receivers/],
  ['prometheus_combined_config_linux.json', /:13:7: .*with remote_write/, /:20:7: .*emf_write/],
] as const)
  test(
    `${name} is known as the agent's, and its parts name what to write`,
    {
      skip: skipWithoutConformance,
    },
    async () => {
      const [first, ...rest] = await told(published(name));
      assert.match(first ?? '', IS_AGENTS);
      assert.equal(rest.length, parts.length);
      for (const [index, part] of parts.entries()) assert.match(rest[index] ?? '', part);
    },
  );

test('a file with the section "agent" alone is known; statsd and segments have counterparts', async () => {
  assert.match((await told('{\n  "agent": { "region": "us-east-1" }\n}'))[0] ?? '', IS_AGENTS);
  const rest = await told(
    '{\n  "metrics": { "metrics_collected": { "statsd": {} } },\n' +
      '  "traces": { "traces_collected": { "xray": {} } }\n}',
  );
  assert.match(rest[1] ?? '', /:2:\d+: "statsd" of the agent: write statsd_receivers/);
  assert.match(rest[2] ?? '', /:3:\d+: "xray" of the agent: write xray_receivers/);
});

test('a configuration with a key "agent" by mistake is still one of a collector', async () => {
  const lines = await told('scrape_configs: []\nagent: {}');
  assert.deepEqual(lines, [
    'agent.json:2:1: unknown key "agent" in the top level [CONFIG_UNKNOWN_KEY]',
  ]);
  const both = await told('receivers: {}\nmetrics: { metrics_collected: { otlp: {} } }');
  assert.match(both.join('\n'), /unknown key "metrics"/);
});

test(
  "the agent's file of Prometheus is read as it is",
  {
    skip: skipWithoutConformance,
  },
  async () => {
    // The agent itself writes its result file's path in place of this name.
    const text = published('prometheus_ecs_config.yaml').replace(
      '{ecsSdFileName}',
      '/tmp/cwagent_ecs_auto_sd.yaml',
    );
    const { plan, findings } = await checkConfigText(text, 'prometheus.yaml', { env: {} });
    assert.deepEqual(
      findings.map(({ message }) => message),
      ['there is no file /tmp/cwagent_ecs_auto_sd.yaml yet; no targets of it'],
    );
    assert.equal(plan?.sources[0]?.scrape.jobName, 'cwagent-ecs-file-sd-config');
  },
);
