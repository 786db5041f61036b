/**
 * `amperage discover` as a process on Cloud Map: what it answers while its list is not whole, and
 * which calls it makes.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeCloudMap } from '../discovery/cloudmap-run.ts';
import { until } from '../kit/waiting.ts';
import { freePort, startProgram } from '../kit/processes.ts';
import path from 'node:path';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');

let map: FakeCloudMap;
before(async () => {
  map = await FakeCloudMap.start();
});
after(() => map.close());

test('started in an outage it answers 503 and why, and the whole list after it; a later outage costs nothing', async (context) => {
  const space = await map.createNamespace('outage');
  for (const name of ['a', 'b']) await map.register(await map.createService(space, name), 2);
  const { trouble } = map.aws.cloud;
  const broken = { faults: [{ action: 'ListServices', code: 'InternalFailure', status: 500 }] };
  trouble.set(broken);
  const port = await freePort();
  const flags = ['--namespaces', 'outage', '--refresh-interval', '1s', '--log.level', 'error'];
  const { url } = await startProgram(
    context,
    process.execPath,
    [MAIN, 'discover', '--web.listen-address', `127.0.0.1:${port}`, ...flags],
    port,
    '/-/healthy',
    {
      AWS_REGION: 'us-east-1',
      // The emulator is one host for all calls, though AWS has another host for DiscoverInstances.
      AWS_ENDPOINT_URL: map.aws.url,
      AWS_ACCESS_KEY_ID: map.aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: map.aws.credentials.secretAccessKey,
    },
  );
  const get = async (): Promise<{ status: number; body: string }> => {
    const answer = await fetch(`${url}/prometheus-targets`);
    return { status: answer.status, body: await answer.text() };
  };
  await until('the reason is told', 10_000, async () =>
    (await get()).body.includes('ListServices'),
  );
  assert.equal((await get()).status, 503);
  assert.equal((await fetch(`${url}/-/ready`)).status, 503);
  trouble.set({});
  await until('there is a list', 10_000, async () => (await get()).status === 200);
  const whole = await get();
  assert.equal((JSON.parse(whole.body) as unknown[]).length, 4);
  const calls = map.aws.cloud.takeCalls();
  assert.ok((calls['DiscoverInstances'] ?? 0) >= 2);
  assert.equal(calls['ListInstances'] ?? 0, 0);
  trouble.set(broken);
  await until(
    'it is refused',
    10_000,
    async () => (map.aws.cloud.takeCalls()['ListServices'] ?? 0) > 0,
  );
  assert.deepEqual(await get(), whole);
});

test('a parameter that does not exist is named in the refusal', async (context) => {
  const port = await freePort();
  const flags = ['--namespaces-parameter', 'absent', '--refresh-interval', '1s'];
  const { url } = await startProgram(
    context,
    process.execPath,
    [MAIN, 'discover', '--web.listen-address', `127.0.0.1:${port}`, ...flags],
    port,
    '/-/healthy',
    {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: map.aws.url,
      AWS_ACCESS_KEY_ID: map.aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: map.aws.credentials.secretAccessKey,
    },
  );
  await until('it is told', 10_000, async () => {
    const answer = await fetch(`${url}/prometheus-targets`);
    return answer.status === 503 && (await answer.text()).includes('ParameterNotFound');
  });
});
