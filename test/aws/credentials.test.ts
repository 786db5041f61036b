/**
 * Where credentials come from, by the official provider chain against the emulator: container
 * credentials, instance metadata, roles, web identity; what happens when they end, rotate, are
 * refused or cannot be had.
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
import { EmulatedAccount } from '../../src/emulator/account.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import type { HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { temporaryFolder } from '../kit/folder.ts';

const ROOT = { accessKeyId: 'AKIAROOT', secretAccessKey: 'root' };
const LIFETIME_MS = 20 * 60_000;
const ROLE = 'arn:aws:iam::000000000000:role/metrics';
const NAMES = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));

let account: EmulatedAccount;
let emulator: HttpServer;
const http = createHttpClient();

before(async () => {
  for (const name of NAMES) delete process.env[name];
  account = new EmulatedAccount('us-east-1', systemClock, ROOT);
  emulator = createEmulator({
    account,
    world: { clock: systemClock, log: silentLogger, metrics: new Registry(), http },
    listen: '127.0.0.1:0',
    region: 'us-east-1',
    credentials: ROOT,
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
  account.trouble.set({});
  account.takeCalls();
});

/** As on ECS: nothing but the address of the credentials. */
function onEcs(): void {
  Object.assign(process.env, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${emulator.url}/v2/credentials/task`,
    AWS_ENDPOINT_URL: emulator.url,
    AWS_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  });
}

/** Whether AWS takes what these credentials sign. */
async function isTaken(source: ReturnType<typeof createCredentialSource>): Promise<boolean> {
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

/** A source with a clock that can be moved. */
function sourceWith(options: CredentialOptions = {}): {
  source: ReturnType<typeof createCredentialSource>;
  pass: (ms: number) => void;
} {
  let offsetMs = 0;
  const source = createCredentialSource(options, {
    clock: { ...systemClock, nowMs: () => Date.now() + offsetMs },
  });
  return { source, pass: (ms) => void (offsetMs += ms) };
}

test('container credentials: one call for many askers, a new one ahead of the end', async () => {
  onEcs();
  const { source, pass } = sourceWith();
  const all = await Promise.all(Array.from({ length: 50 }, () => source()));
  assert.equal(new Set(all.map(({ accessKeyId }) => accessKeyId)).size, 1);
  assert.ok(await isTaken(source));
  const [first] = all;
  pass(LIFETIME_MS - 6 * 60_000);
  assert.equal((await source()).accessKeyId, first!.accessKeyId);
  pass(2 * 60_000);
  account.identities.revoke();
  assert.notEqual((await source()).accessKeyId, first!.accessKeyId, 'less than five minutes left');
  assert.ok(await isTaken(source));
});

test('rotation in mid-flight: what was refused is fetched anew, once', async () => {
  onEcs();
  const { source, pass } = sourceWith();
  const first = await source();
  account.identities.revoke();
  assert.equal(await isTaken(source), false);
  source.invalidate();
  assert.equal(
    (await source()).accessKeyId,
    first.accessKeyId,
    'the endpoint is spared just after',
  );
  pass(11_000);
  source.invalidate();
  assert.notEqual((await source()).accessKeyId, first.accessKeyId);
  assert.ok(await isTaken(source));
});

test('an endpoint that fails or talks nonsense leaves the credentials that still hold', async () => {
  onEcs();
  const { source, pass } = sourceWith();
  const first = await source();
  for (const status of [500, 404, 201]) {
    account.trouble.set({ credentialsStatus: status });
    pass(LIFETIME_MS / 3 - 30_000);
    assert.equal((await source()).accessKeyId, first.accessKeyId, String(status));
  }
  pass(180_000);
  await assert.rejects(source(), 'they have ended');
  account.trouble.set({});
  pass(11_000);
  assert.ok(await isTaken(source), 'and are there again');
});

test('without any source the failure is told, and tried again later', async () => {
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_REGION: 'us-east-1',
  });
  const { source } = sourceWith();
  await assert.rejects(source(), /credentials/i);
  onEcs();
  assert.ok(await isTaken(source));
});

test('a role is assumed with its external id, under a name that STS takes', async () => {
  onEcs();
  account.identities.externalIds.set(ROLE, 'shared');
  await assert.rejects(
    sourceWith({ roleArn: ROLE, region: 'us-east-1' }).source(),
    /not authorized/,
  );
  const long = 'name with blanks/'.repeat(10);
  const options = { roleArn: ROLE, externalId: 'shared', region: 'us-east-1', sessionName: long };
  const { source } = sourceWith(options);
  assert.ok(await isTaken(source));
  account.identities.externalIds.clear();
});

test('static keys assume a role too, and keys alone ask nobody', async () => {
  process.env['AWS_ENDPOINT_URL'] = emulator.url;
  const keys = {
    accessKey: ROOT.accessKeyId,
    secretKey: ROOT.secretAccessKey,
    region: 'us-east-1',
  };
  assert.ok(await isTaken(sourceWith({ ...keys, roleArn: ROLE }).source));
  account.takeCalls();
  assert.ok(await isTaken(sourceWith(keys).source));
  assert.deepEqual(account.takeCalls(), { GetParameters: 1 });
});

test('instance metadata by version 2 alone', async () => {
  Object.assign(process.env, {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: emulator.url,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_REGION: 'us-east-1',
  });
  assert.ok(await isTaken(sourceWith().source));
  const bare = await fetch(`${emulator.url}/latest/meta-data/iam/security-credentials/`);
  assert.equal(bare.status, 401);
});

test('web identity: the token file is read anew, also behind a link that was turned', async (context) => {
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
  const { source, pass } = sourceWith();
  assert.ok(await isTaken(source));
  account.identities.refusedTokens.add('old');
  unlinkSync(link);
  symlinkSync(path.join(folder, 'new'), link);
  pass(3_600_000);
  assert.ok(await isTaken(source));
});

test('the authorization token of container credentials is read anew when it rotates', async () => {
  onEcs();
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-token-'));
  const file = path.join(folder, 'token');
  process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] = file;
  for (const token of ['first', 'second']) {
    writeFileSync(file, token);
    account.trouble.set({ credentialsToken: token });
    assert.ok(await isTaken(createCredentialSource({})), token);
  }
  account.trouble.set({ credentialsToken: 'third' });
  await assert.rejects(createCredentialSource({})());
  rmSync(folder, { recursive: true });
});

test('keys of an account whose clock is far ahead are good nevertheless', async () => {
  onEcs();
  account.trouble.set({ skewMs: 3 * LIFETIME_MS });
  const keys = await createCredentialSource({})();
  assert.notEqual(
    account.identities.find(keys.accessKeyId, Date.now() + 3 * LIFETIME_MS),
    undefined,
  );
});

test('a profile that is named goes before keys of the environment', async (context) => {
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

test('a role assumed with a role is good for an hour at most', async () => {
  onEcs();
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
