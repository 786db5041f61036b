/** The command as it is called; what each feature needs is in test/deploy. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createPoliciesCommand } from './policies.ts';

async function run(...argv: readonly string[]): Promise<{ written: string; told: string }> {
  let written = '';
  let told = '';
  const command = createPoliciesCommand(
    (text) => (written += text),
    (text) => (told += text),
  );
  await command.exitOverride().parseAsync(argv, { from: 'user' });
  return { written, told };
}

const idsOf = (written: string): string[] =>
  (JSON.parse(written) as { Statement: { Sid: string }[] }).Statement.map(({ Sid }) => Sid);

test('the policy goes to standard output, what it is for to standard error', async (t) => {
  const file = path.join(temporaryFolder(t), 'prometheus.yml');
  writeFileSync(
    file,
    'scrape_configs: [{ job_name: a, ec2_sd_configs: [{}] }]\n' +
      'remote_write: [{ url: http://proxy/workspaces/ws-1/x, sigv4: { region: eu-west-1 } }]\n',
  );
  const place = ['--account', '123456789012', '--region', 'eu-west-1'];
  const collect = await run(file, ...place, '--source', 'ssm:/a', '--shard', 'ecs');
  assert.deepEqual(idsOf(collect.written), [
    'ReadParameter',
    'WriteSamples',
    'DescribeInstances',
    'DescribeZones',
    'ListTasks',
    'DescribeTasks',
  ]);
  assert.match(collect.written, /"arn:aws:aps:eu-west-1:123456789012:workspace\/ws-1"/);
  assert.match(collect.told, /^WriteSamples \(aps:RemoteWrite\): remote_write; without it/m);
  const discover = await run(file, '--for', 'discover');
  assert.deepEqual(idsOf(discover.written), ['DescribeInstances', 'DescribeZones']);
});

test('parts that need no configuration', async () => {
  const exporter = await run('--for', 'exporter');
  assert.deepEqual(exporter, {
    written: '',
    told: 'exporter needs no permissions; no policy is written\n',
  });
  const of = async (part: string): Promise<string[]> => idsOf((await run('--for', part)).written);
  assert.deepEqual(await of('proxy'), ['WriteSamples']);
  assert.deepEqual(await of('xray'), ['SendSegments', 'AskForSampling']);
  assert.deepEqual(await of('workspace'), ['ShowTraces', 'ShowMetrics']);
  await assert.rejects(run(), /generate policies --for collect needs a configuration/);
  await assert.rejects(run('--for', 'deployer'), /generate policies --for deployer needs a model/);
});

test('whoever deploys a model gets its policy, and is told where it does not fit', async (t) => {
  const file = path.join(temporaryFolder(t), 'deployment.yml');
  const lines = ['name: shop', 'region: eu-west-1', 'image: amperage:1'];
  writeFileSync(
    file,
    [
      ...lines,
      'network: { vpc: vpc-0a, subnets: [subnet-0a] }',
      'workspace: { id: ws-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f }',
    ].join('\n'),
  );
  const small = await run('--for', 'deployer', file, '--account', '123456789012');
  assert.match(small.written, /"arn:aws:cloudformation:eu-west-1:123456789012:stack\/shop\/\*"/);
  assert.match(small.told, /^PassRoles \(iam:PassRole\): hands over ExecutionRole, CollectorRole/m);
  assert.doesNotMatch(small.told, /too large/);
  await assert.rejects(run('--for', 'deployer', file, '--region', 'us-east-1'), {
    code: 'FLAG_COMBINATION',
    message: /^--region us-east-1: .*deployment\.yml is made for eu-west-1; change it there$/,
  });
  writeFileSync(
    file,
    [
      ...lines,
      'network: { create: true, endpoints: true }',
      'cluster: { instances: {} }',
      'collector: { launch: ec2, queue: efs }',
      'services: [{ name: web, image: web, port: 80 }]',
    ].join('\n'),
  );
  const large = await run('--for', 'deployer', file);
  assert.match(large.told, /it is too large for one policy of IAM: give --output/);
  const { written } = await run('--for', 'deployer', file, '--output', path.dirname(file));
  const parts = written.trim().split('\n');
  assert.deepEqual(
    parts.map((one) => path.basename(one)),
    ['deployer-1.json', 'deployer-2.json'],
  );
  const texts = parts.map((one) => JSON.stringify(JSON.parse(readFileSync(one, 'utf8'))));
  assert.ok(texts.every(({ length }) => length <= 6_144));
  assert.deepEqual(texts.flatMap(idsOf), idsOf(large.written));
});
