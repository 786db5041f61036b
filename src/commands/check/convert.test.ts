import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { type CheckedConfig, checkConfigText } from '../../config/load.ts';
import { formatFinding } from '../../settings/finding.ts';
import { convertChecked, createCheckConvertCommand } from './convert.ts';

async function check(text: string, allowPartial = false): Promise<CheckedConfig> {
  const checked = await checkConfigText(text, '/nowhere/c.yml', { env: {}, allowPartial });
  assert.ok(checked.plan, checked.findings.map(formatFinding).join('\n'));
  return checked;
}

async function convert(text: string, allowPartial = false) {
  return convertChecked('c.yml', await check(text, allowPartial));
}

/** What a plan does, without the names that the dialects give its parts. */
function describe({ plan }: CheckedConfig): unknown {
  assert.ok(plan);
  return {
    jobs: plan.sources.map(({ scrape, discovery }) => ({
      ...scrape,
      id: '',
      replica: '',
      discovery: { ...discovery, job: '' },
    })),
    sinks: plan.sinks.map(({ shownAddress, remark }) => [shownAddress, remark]),
  };
}

const DEEP = { depth: 12 };

const COLLECTOR = `
receivers:
  prometheus:
    config:
      global: { scrape_interval: 15s, scrape_timeout: 3s }
      scrape_configs:
        - job_name: web
          static_configs: [{ targets: ['\${env:HOST_NAME:-a}:1', '\${PLAIN:-b}:2'] }]
          metric_relabel_configs:
            - { source_labels: [a], regex: 'x(.*)', target_label: b, replacement: '$$1-$$$$' }
        - job_name: other
          scrape_interval: 30s
          file_sd_configs: [{ files: [a.yml] }]
extensions: { sigv4auth: { region: eu-west-1, assume_role: { arn: 'arn:aws:iam::1:role/r' } } }
exporters:
  prometheusremotewrite:
    endpoint: https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/\${WS:-w}/api/v1/remote_write
    auth: { authenticator: sigv4auth }
    timeout: 7s
    headers: { X-Scope: a }
    tls: { min_version: '1.3' }
    external_labels: { k: 'v$$' }
    add_metric_suffixes: false
    target_info: { enabled: false }
service:
  extensions: [sigv4auth]
  pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] } }
`;

test('a collector configuration and back: the same jobs, the same entries', async () => {
  const { text, faults } = await convert(COLLECTOR);
  assert.deepEqual(faults, []);
  assert.match(text, /\$\{env:HOST_NAME:-a\}:1/, 'references stay');
  assert.match(text, /\$\{env:PLAIN:-b\}:2/);
  assert.match(text, /replacement: \$1-\$\$\n/);
  const there = await check(text);
  assert.equal(inspect(describe(there), DEEP), inspect(describe(await check(COLLECTOR)), DEEP));
  const back = await convert(text);
  assert.deepEqual(back.faults, []);
  const again = await check(back.text);
  assert.deepEqual(
    again.plan?.sinks.map(({ remark }) => remark),
    ['signed for eu-west-1'],
  );
  assert.deepEqual(
    again.plan?.sources.map(({ scrape }) => [scrape.jobName, scrape.metricRelabelRules.length]),
    [
      ['web', 2],
      ['other', 1],
    ],
    'external labels of the entry are rules of the jobs',
  );
});

const SINK = 'exporters: { prometheusremotewrite: { endpoint: "http://r/w" } }';
const JOB = 'config: { scrape_configs: [{ job_name: a, static_configs: [{ targets: ["a:1"] }] }] }';

function withProcessor(name: string, keys: string): string {
  return `
receivers: { prometheus: { ${JOB} } }
processors: { ${name}: ${keys} }
${SINK}
service: { pipelines: { metrics: { receivers: [prometheus], processors: [${name}], exporters: [prometheusremotewrite] } } }
`;
}

test('what has no equivalent is said, and nothing is written for it', async () => {
  const two = await convert(`
receivers:
  prometheus/a: { ${JOB} }
  prometheus/b: { ${JOB} }
${SINK.replace(' }', ' }, prometheusremotewrite/2: { endpoint: "http://s/w" } }').replace(/\}$/, '')}
service:
  pipelines:
    metrics/a: { receivers: [prometheus/a], exporters: [prometheusremotewrite] }
    metrics/b: { receivers: [prometheus/b], exporters: [prometheusremotewrite/2] }
`);
  assert.equal(two.faults.length, 3);
  assert.match(
    two.faults.join('\n'),
    /pipeline "metrics\/a" leads to exporter .* without receiver/,
  );
  assert.match(two.faults.join('\n'), /two receivers have a job "a"/);
  const rules = await convert('rule_files: [a]\nremote_write: [{ url: "http://r/w" }]', true);
  assert.match(rules.faults.join('\n'), /"rule_files" has no counterpart/);
});

test('each thing that changes has a line', async () => {
  const { text } = await convert(withProcessor('batch', '{}'));
  assert.match(text, /^# - names stay as they are exposed/m);
  assert.match(text, /^# - there is no series target_info$/m);
  assert.match(text, /^# - line 3: processor "batch" has no effect/m);
});

test('where there is no equivalent, what is printed is a comment', async (context) => {
  const file = join(temporaryFolder(context), 'c.yml');
  writeFileSync(file, withProcessor('deltatocumulative', '{}'));
  const written: string[] = [];
  const command = createCheckConvertCommand({
    write: (text) => void written.push(text),
    render: () => 'a plan\nof two lines\n',
    parsers: { load: () => assert.fail(), normalize: () => [] },
  });
  await assert.rejects(command.parseAsync([file], { from: 'user' }), /no equivalent/);
  assert.equal(
    written.join(''),
    '# There is no equivalent:\n# - processor deltatocumulative is no relabelling ' +
'("deltatocumulative")\n' +
      '# What it does:\n# a plan\n# of two lines\n',
  );
}); // prettier-ignore
