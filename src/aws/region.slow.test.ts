import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { findRegion } from './region.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { listen } from '../../test/kit/listen.ts';
import { createWorld } from '../../test/kit/world.ts';
import { ServiceClient } from './service-client.ts';

const files = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'] as const;
const kept = files.map((name) => process.env[name]);
before(() => files.forEach((name) => (process.env[name] = '/nowhere')));
after(() =>
  files.forEach((name, index) => {
    if (kept[index] === undefined) delete process.env[name];
    else process.env[name] = kept[index];
  }),
);

/** Serves instance metadata, version 2 only. */
async function metadata(context: TestContext, region: string): Promise<string> {
  const server = createServer(({ method, url, headers }, response) => {
    const isToken = method === 'PUT' && url === '/latest/api/token';
    const isRegion =
      url === '/latest/meta-data/placement/region' && headers['x-aws-ec2-metadata-token'] === 't';
    response.statusCode = isToken || isRegion ? 200 : 401;
    response.end(isToken ? 't' : isRegion ? region : '');
  });
  const { url } = await listen(context, server);
  return url;
}

test('the region comes from the environment first, then from the instance', async (context) => {
  const endpoint = { AWS_EC2_METADATA_SERVICE_ENDPOINT: await metadata(context, 'eu-west-3\n') };
  assert.equal(await findRegion({ ...endpoint, AWS_REGION: 'us-east-1' }), 'us-east-1');
  assert.equal(await findRegion({ ...endpoint, AWS_DEFAULT_REGION: 'us-east-2' }), 'us-east-2');
  assert.equal(await findRegion(endpoint), 'eu-west-3');
});

test('between environment and instance, the metadata file of ECS tells it', async (context) => {
  const file = join(temporaryFolder(context), 'ecs.json');
  const endpoint = { AWS_EC2_METADATA_SERVICE_ENDPOINT: await metadata(context, 'eu-west-3') };
  const env = { ...endpoint, ECS_CONTAINER_METADATA_FILE: file };
  assert.equal(await findRegion(env), 'eu-west-3');
  for (const [text, region] of [
    ['{"Cluster":"default"', 'eu-west-3'],
    ['{"Cluster":"default"}', 'eu-west-3'],
    ['{"Cluster":"default","TaskARN":"arn:aws:ecs:us-west-2:1:task/d/t"}', 'us-west-2'],
    ['{"Cluster":"arn:aws-cn:ecs:cn-north-1:1:cluster/c"}', 'cn-north-1'],
  ] as const) {
    writeFileSync(file, text);
    assert.equal(await findRegion(env), region, text);
  }
  assert.equal(await findRegion({ ...env, AWS_REGION: 'us-east-1' }), 'us-east-1');
});

test('an unknown region is an error that says where it may be set', async (context) => {
  const remedy = /the AWS region is not known: set AWS_REGION, .*--region.*\(instance metadata: /;
  const odd = await metadata(context, '<html>');
  await assert.rejects(findRegion({ AWS_EC2_METADATA_SERVICE_ENDPOINT: odd }), remedy);
  await assert.rejects(findRegion({ AWS_EC2_METADATA_DISABLED: 'true' }), remedy);
  const nobody = { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' };
  await assert.rejects(findRegion(nobody), remedy);
});

test('the profile that a configuration names tells its region, before the default one', async (context) => {
  const file = join(temporaryFolder(context), 'config');
  writeFileSync(file, '[default]\nregion = eu-west-1\n[profile p2]\nregion = eu-west-2\n');
  process.env['AWS_CONFIG_FILE'] = file;
  context.after(() => (process.env['AWS_CONFIG_FILE'] = '/nowhere'));
  const none = { AWS_EC2_METADATA_DISABLED: 'true' };
  assert.equal(await findRegion(none), 'eu-west-1');
  assert.equal(await findRegion({ ...none, AWS_PROFILE: '' }), 'eu-west-1');
  assert.equal(await findRegion({ ...none, AWS_PROFILE: 'p2' }), 'eu-west-2');
  assert.equal(await findRegion(none, 'p2'), 'eu-west-2');
  assert.equal(await findRegion({ ...none, AWS_REGION: 'us-east-1' }, 'p2'), 'us-east-1');
  const access = { service: 'xray', isLocal: true, credentials: { profile: 'p2' } };
  for (const isLocal of [true, false]) {
    const client = new ServiceClient({ ...access, isLocal }, createWorld(), none);
    assert.equal(await client.region(), 'eu-west-2');
    await client.close();
  }
});
