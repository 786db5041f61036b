/**
 * Where credentials come from, by the official provider chain against the emulator: container
 * credentials, instance metadata, roles, web identity; and what happens when they expire, rotate,
 * are refused or are unavailable.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { createCredentialSource } from '../../src/aws/credentials.ts';
import type { CredentialOptions } from '../../src/aws/credential-source.ts';
import { signRequest } from '../../src/aws/signing.ts';
import { EmulatedCloud } from '../../src/emulator/cloud.ts';
import { createEmulator, type Emulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { deleteRole, putRole, trustWithId } from '../kit/emulated-roles.ts';
import { temporaryFolder } from '../kit/folder.ts';

const ROOT = { accessKeyId: 'AKIAROOT', secretAccessKey: 'root' };
const LIFETIME_MS = 20 * 60_000;
const ROLE = 'arn:aws:iam::000000000000:role/metrics';
const NAMES = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));

let cloud: EmulatedCloud;
let emulator: Emulator;
const http = createHttpClient();

before(async () => {
  for (const name of NAMES) delete process.env[name];
  cloud = new EmulatedCloud({ clock: systemClock, regions: ['us-east-1'], credentials: ROOT });
  emulator = createEmulator({
    cloud,
    world: { clock: systemClock, log: silentLogger, metrics: new Registry(), http },
    listen: '127.0.0.1:0',
    credentialsLifetimeMs: LIFETIME_MS,
  });
  await emulator.start();
});
after(async () => {
  await emulator.stop(100);
  await http.close();
});
afterEach(() => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('AWS_')) delete process.env[name];
  cloud.trouble.set({});
  cloud.takeCalls();
});

/** Sets the environment of a task on ECS: only the address of its credentials. */
function setEcsEnvironment(): void {
  Object.assign(process.env, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${emulator.url}/v2/credentials/task`,
    AWS_ENDPOINT_URL: emulator.url,
    AWS_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  });
}

/** Whether AWS accepts requests that are signed with these credentials. */
async function isAccepted(source: ReturnType<typeof createCredentialSource>): Promise<boolean> {
  const url = `${emulator.url}/`;
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonSSM.GetParameters',
  };
  const body = '{"Names":["/absent"]}';
  const scope = { region: 'us-east-1', service: 'ssm' };
  const signed = signRequest(
    { method: 'POST', url, headers, body },
    await source(),
    scope,
    Date.now(),
  );
  const answer = await http.send({
    method: 'POST',
    url,
    headers: signed,
    body,
    timeoutMs: 5_000,
    bodyMaxBytes: 10_000,
    signal: new AbortController().signal,
  });
  return answer.status === 200;
}

/** A credential source whose clock the test moves. */
function makeSource(options: CredentialOptions = {}): {
  source: ReturnType<typeof createCredentialSource>;
  pass: (ms: number) => void;
} {
  let offsetMs = 0;
  const source = createCredentialSource(options, {
    clock: {
      ...systemClock,
      nowMs: () => Date.now() + offsetMs,
      elapsedMs: () => systemClock.elapsedMs() + offsetMs,
    },
  });
  return { source, pass: (ms) => void (offsetMs += ms) };
}

test('container credentials: concurrent callers share one call, and a new one is made before they expire', async () => {
  setEcsEnvironment();
  const { source, pass } = makeSource();
  const all = await Promise.all(Array.from({ length: 50 }, () => source()));
  assert.equal(new Set(all.map(({ accessKeyId }) => accessKeyId)).size, 1);
  assert.ok(await isAccepted(source));
  const [first] = all;
  pass(LIFETIME_MS - 6 * 60_000);
  assert.equal((await source()).accessKeyId, first!.accessKeyId);
  pass(2 * 60_000);
  cloud.identities.revoke();
  assert.notEqual((await source()).accessKeyId, first!.accessKeyId, 'less than five minutes left');
  assert.ok(await isAccepted(source));
});

test('credentials that were rotated under a request are fetched again, once', async () => {
  setEcsEnvironment();
  const { source, pass } = makeSource();
  const first = await source();
  cloud.identities.revoke();
  assert.equal(await isAccepted(source), false);
  source.invalidate();
  assert.equal(
    (await source()).accessKeyId,
    first.accessKeyId,
    'the endpoint is spared just after',
  );
  pass(11_000);
  source.invalidate();
  assert.notEqual((await source()).accessKeyId, first.accessKeyId);
  assert.ok(await isAccepted(source));
});

test('an endpoint that fails or answers nonsense leaves credentials that are still valid', async () => {
  setEcsEnvironment();
  const { source, pass } = makeSource();
  const first = await source();
  for (const status of [500, 404, 201]) {
    cloud.trouble.set({ credentialsStatus: status });
    pass(LIFETIME_MS / 3 - 30_000);
    assert.equal((await source()).accessKeyId, first.accessKeyId, String(status));
  }
  pass(180_000);
  await assert.rejects(source(), 'they have ended');
  cloud.trouble.set({});
  pass(11_000);
  assert.ok(await isAccepted(source), 'and are there again');
});

test('without any source the failure is reported, and tried again later', async () => {
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_REGION: 'us-east-1',
  });
  const { source } = makeSource();
  await assert.rejects(source(), /credentials/i);
  setEcsEnvironment();
  assert.ok(await isAccepted(source));
});

test('a role is assumed with its external id, under a name that STS takes', async () => {
  setEcsEnvironment();
  const name = ROLE.split('/').at(-1)!;
  await putRole(cloud, name, { trust: trustWithId('shared') });
  await assert.rejects(
    makeSource({ roleArn: ROLE, region: 'us-east-1' }).source(),
    /not authorized/,
  );
  const long = 'name with blanks/'.repeat(10);
  const options = { roleArn: ROLE, externalId: 'shared', region: 'us-east-1', sessionName: long };
  const { source } = makeSource(options);
  assert.ok(await isAccepted(source));
  await deleteRole(cloud, name);
});

test('static keys can assume a role, and without a role they make no call', async () => {
  process.env['AWS_ENDPOINT_URL'] = emulator.url;
  const keys = {
    accessKey: ROOT.accessKeyId,
    secretKey: ROOT.secretAccessKey,
    region: 'us-east-1',
  };
  assert.ok(await isAccepted(makeSource({ ...keys, roleArn: ROLE }).source));
  cloud.takeCalls();
  assert.ok(await isAccepted(makeSource(keys).source));
  assert.deepEqual(cloud.takeCalls(), { GetParameters: 1 });
});

test('instance metadata by version 2 alone', async () => {
  Object.assign(process.env, {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: emulator.url,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_REGION: 'us-east-1',
  });
  assert.ok(await isAccepted(makeSource().source));
  const bare = await fetch(`${emulator.url}/latest/meta-data/iam/security-credentials/`);
  assert.equal(bare.status, 401);
});

test('web identity: the token file is read again, also when a symbolic link points elsewhere', async (context) => {
  const folder = temporaryFolder(context);
  for (const name of ['old', 'new']) writeFileSync(path.join(folder, name), name);
  const link = path.join(folder, 'token');
  symlinkSync(path.join(folder, 'old'), link);
  Object.assign(process.env, {
    AWS_WEB_IDENTITY_TOKEN_FILE: link,
    AWS_ROLE_ARN: ROLE,
    AWS_ENDPOINT_URL: emulator.url,
    AWS_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  });
  const { source, pass } = makeSource();
  assert.ok(await isAccepted(source));
  cloud.identities.refusedTokens.add('old');
  unlinkSync(link);
  symlinkSync(path.join(folder, 'new'), link);
  pass(3_600_000);
  assert.ok(await isAccepted(source));
});

test('the authorization token of container credentials is read again when it rotates', async () => {
  setEcsEnvironment();
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-token-'));
  const file = path.join(folder, 'token');
  process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] = file;
  for (const token of ['first', 'second']) {
    writeFileSync(file, token);
    cloud.trouble.set({ credentialsToken: token });
    assert.ok(await isAccepted(createCredentialSource({})), token);
  }
  cloud.trouble.set({ credentialsToken: 'third' });
  await assert.rejects(createCredentialSource({})());
  rmSync(folder, { recursive: true });
});

test('keys of an account whose clock is far ahead are valid all the same', async () => {
  setEcsEnvironment();
  cloud.trouble.set({ skewMs: 3 * LIFETIME_MS });
  const keys = await createCredentialSource({})();
  assert.notEqual(cloud.identities.find(keys.accessKeyId, Date.now() + 3 * LIFETIME_MS), undefined);
});

test('a named profile takes precedence over keys of the environment', async (context) => {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'credentials');
  writeFileSync(file, '[work]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n');
  Object.assign(process.env, {
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_ACCESS_KEY_ID: 'AKIAENV',
    AWS_SECRET_ACCESS_KEY: 's',
  });
  assert.equal((await createCredentialSource({})()).accessKeyId, 'AKIAENV');
  process.env['AWS_PROFILE'] = 'work';
  assert.equal((await createCredentialSource({})()).accessKeyId, 'AKIAPROFILE');
  assert.equal((await createCredentialSource({ profile: 'work' })()).accessKeyId, 'AKIAPROFILE');
});

test('a role assumed with a role is valid for an hour at most', async () => {
  setEcsEnvironment();
  const { sessionToken, ...keys } = await createCredentialSource({
    roleArn: ROLE,
    region: 'us-east-1',
  })();
  assert.ok(sessionToken !== undefined);
  const sts = new STSClient({
    endpoint: emulator.url,
    region: 'us-east-1',
    credentials: { ...keys, sessionToken },
    maxAttempts: 1,
  });
  const assume = (DurationSeconds: number) =>
    sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'chain', DurationSeconds }));
  await assume(3_600);
  await assert.rejects(assume(7_200), /role chaining/);
  sts.destroy();
});
