import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deployment, deploymentSchema } from '../../deploy/schema.ts';
import { readConfigurationAccess } from './configuration-access.ts';

const LABELS = `scrape_configs:
  - job_name: ecs
    amperage_ecs_sd_configs: [{ region: REGION, clusters: [prod], docker_labels: [{ port_label: P }] }]
remote_write:
  - url: https://aps-workspaces.REGION.amazonaws.com/workspaces/WORKSPACE/api/v1/remote_write
    sigv4: { region: REGION }
`;

function deploymentOf(configuration: string, more: object = {}): Deployment {
  return deploymentSchema.parse({
    name: 'metrics',
    region: 'eu-west-1',
    image: 'amperage:1',
    network: { create: true },
    ...more,
    collector: { configuration, ...('collector' in more ? (more.collector as object) : {}) },
  });
}

async function access(
  configuration: string,
  { text = '', more = {} }: { text?: string; more?: object } = {},
): Promise<{ source: string[]; found: string[] | undefined } | undefined> {
  const read = await readConfigurationAccess(deploymentOf(configuration, more), () => text);
  const actions = (list: readonly { readonly actions: readonly string[] }[]): string[] =>
    list.flatMap((one) => one.actions).toSorted();
  return read && { source: actions(read.source), found: read.found && actions(read.found) };
}

test('a source is read by the collector, which needs the permission', async () => {
  const rows = [
    ['s3://bucket/prometheus.yml', 's3:GetObject'],
    ['ssm:/mine', 'ssm:GetParameter'],
    ['secretsmanager:mine', 'secretsmanager:GetSecretValue'],
  ] as const;
  for (const [source, action] of rows)
    assert.deepEqual(await access(source), { source: [action], found: undefined }, source);
});

test('a file needs what it does, whatever the model says of discovery', async () => {
  const read = await access('prometheus.yml', { text: LABELS });
  assert.deepEqual(read?.source, []);
  assert.ok(read?.found?.includes('ecs:DescribeTasks'));
  assert.ok(!read?.found?.some((action) => action.startsWith('servicediscovery:')));
});

test('a file that is too large, not valid, or lacks what the model asks for, is refused', async () => {
  const rows: readonly (readonly [string, object, RegExp])[] = [
    [
      `${LABELS}#${'x'.repeat(8_192)}`,
      {},
      /8,192 of a parameter: put it into S3 .*aws s3 cp prometheus\.yml s3:\/\/BUCKET\/prometheus\.yml/,
    ],
    ['scrape_configs: 3', {}, /prometheus\.yml:1:17: .*\[CONFIG_TYPE\]/],
    [LABELS, { traces: true }, /no receiver of segments: add xray_receivers/],
    [
      `${LABELS}xray_receivers: [{}]\nxray_write: [{ region: eu-west-1 }]\n`,
      { traces: true },
      /listens on 127\.0\.0\.1:2000, which no other task reaches: write 0\.0\.0\.0:2000/,
    ],
    [
      'scrape_configs: [{ job_name: a, http_sd_configs: [{ url: http://localhost:9001/t }] }]',
      {},
      /job "a" asks localhost:9001 for targets, .* write cloudmap_sd_configs/,
    ],
    [LABELS, { collector: { pair: true } }, /no label to tell two apart/],
  ];
  for (const [text, more, message] of rows)
    await assert.rejects(access('prometheus.yml', { text, more }), message);
});

test('a file may refer to the variables that its container has', async () => {
  const variables = ['HOSTNAME', 'AWS_REGION', 'AMPERAGE_REPLICA'];
  const labels = variables.map((one) => `${one}: '\${env:${one}}'`).join(', ');
  const text = `global: { external_labels: { ${labels} } }\n${LABELS}`;
  assert.ok((await access('prometheus.yml', { text }))?.found);
  await assert.rejects(
    access('prometheus.yml', { text: text.replaceAll('HOSTNAME', 'HOME') }),
    /the container has no variable HOME; name it in collector\.environment, or write/,
  );
  const more = { collector: { environment: { HOME: '/' } } };
  const named = { text: text.replaceAll('HOSTNAME', 'HOME'), more };
  assert.ok((await access('prometheus.yml', named))?.found);
});

test('beside an application, a file may listen and ask on the loopback', async () => {
  const text =
    'scrape_configs: [{ job_name: a, http_sd_configs: [{ url: http://localhost:9001/t }] }]\n' +
    'xray_receivers: [{}]\nxray_write: [{ region: eu-west-1 }]\n';
  const services = [{ name: 'web', image: 'web:1', port: 8_080, traces: true }];
  const more = { collector: { mode: 'sidecar' }, services, traces: true };
  const read = await access('prometheus.yml', { text, more });
  assert.ok(read?.found?.includes('xray:PutTraceSegments'));
  await assert.rejects(access('prometheus.yml', { text: LABELS, more }), /no receiver of segments/);
});
