import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploymentSchema } from '../../deploy/schema.ts';
import { renderModel } from './model-command.ts';
import { askForModel } from './questions.ts';

async function answer(lines: readonly string[]): Promise<{ model: object; said: string[] }> {
  const rest = [...lines];
  const said: string[] = [];
  const ask = async (): Promise<string | undefined> => rest.shift();
  const model = await askForModel(ask, (sentence) => said.push(sentence), {
    AWS_REGION: 'eu-west-1',
  });
  return { model, said };
}

test('empty lines take what stands in brackets', async () => {
  const { model, said } = await answer(['', '', 'amperage:1', '', '', '', '', '', '', '', '']);
  assert.deepEqual(said, []);
  assert.deepEqual(model, {
    name: 'metrics',
    region: 'eu-west-1',
    image: 'amperage:1',
    network: { create: true },
    discovery: 'cloud-map',
  });
  assert.ok(deploymentSchema.safeParse(model).success);
});

test('an answer that the schema refuses is asked for again, with the reason', async () => {
  const { model, said } = await answer([
    'My Metrics', 'shop', 'nowhere', 'us-east-1', 'amperage:1', '', '',
    'vpc-zz', 'vpc-0a', 'a b', 'subnet-0a, subnet-0b', 'prod', 'ws-1', 'new', 'dns', 'docker-labels', 'yes',
    'web web:1 http', 'web web:1 8080', '',
  ]); // prettier-ignore
  assert.deepEqual(said, [
    'expected 2 to 32 lower-case letters, digits and dashes',
    'expected a region, such as eu-west-1',
    'expected the id of a VPC, such as vpc-0a1b2c3d',
    'expected ids such as subnet-0a1b2c3d',
    'expected the id of a workspace, ws-…',
    'Invalid option: expected one of "cloud-map"|"docker-labels"',
    'write its name, its image and its port, such as: web web:1 8080',
  ]);
  assert.deepEqual(model, {
    name: 'shop',
    region: 'us-east-1',
    image: 'amperage:1',
    network: { vpc: 'vpc-0a', subnets: ['subnet-0a', 'subnet-0b'] },
    cluster: { name: 'prod', create: false },
    discovery: 'docker-labels',
    traces: true,
    services: [{ name: 'web', image: 'web:1', port: 8080 }],
  });
});

test('what follows from where the collector runs is not asked', async () => {
  const START = ['', '', 'amperage:1'];
  const outside = await answer([
    ...START, 'app-runner', 'external', 'new', 'machines', '', 'cloud-map', 'docker-labels',
  ]); // prettier-ignore
  assert.match(
    outside.said.join('\n'),
    /takes CPU away.*\n.*waits for a machine.*\n.*not in Cloud/,
  );
  assert.deepEqual(outside.model, {
    name: 'metrics',
    region: 'eu-west-1',
    image: 'amperage:1',
    collector: { launch: 'external' },
    cluster: { name: 'machines', create: false },
    discovery: 'docker-labels',
  });
  const beside = await answer([
    ...START, '', 'daemon', 'sidecar', '', '', '', '', 'web web:1 8080', '',
  ]); // prettier-ignore
  assert.match(beside.said.join('\n'), /a daemon runs on instances.*\n.*beside a service/);
  assert.deepEqual(beside.model, {
    name: 'metrics',
    region: 'eu-west-1',
    image: 'amperage:1',
    collector: { mode: 'sidecar' },
    network: { create: true },
    services: [{ name: 'web', image: 'web:1', port: 8_080 }],
  });
  const daemon = await answer([...START, 'ec2', 'daemon', '', '', '', '', '', '']);
  assert.deepEqual(
    [daemon.said, (daemon.model as { cluster: object }).cluster],
    [[], { instances: {} }],
  );
  for (const model of [outside, beside, daemon].map((one) => one.model))
    assert.equal(deploymentSchema.safeParse(model).error, undefined);
});

test('the end of input ends the questions', async () => {
  const { model } = await answer(['shop']);
  assert.deepEqual(model, { name: 'shop' });
  assert.throws(() => renderModel(model), /ended too early; nothing was written/);
});
