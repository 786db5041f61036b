/**
 * Credentials that are replaced under a running command without an expiry: in a credentials file,
 * and as printed by a credential_process. Each command reads them again after they were refused.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, startAmperage, startProgram, BARE_AWS } from '../kit/processes.ts';
import { startProxy, startUpstream } from '../kit/proxies.ts';
import { listen } from '../kit/listen.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
/**
 * Refused credentials are fetched again at most every ten seconds; a refusal within that time
 * changes nothing.
 */
const HOLD_OFF_MS = 11_000;
const RENEWED_MS = 30_000;

interface Keys {
  readonly env: Record<string, string>;
  /** Replaces the credentials. */
  rotate(accessKeyId: string, secretAccessKey?: string): void;
}

function inFile(context: TestContext, first: string): Keys {
  const file = path.join(temporaryFolder(context), 'credentials');
  const rotate = (accessKeyId: string, secret = 's'): void =>
    writeFileSync(
      file,
      `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secret}\n`,
    );
  rotate(first);
  return { env: { ...BARE_AWS, AWS_SHARED_CREDENTIALS_FILE: file }, rotate };
}

function byProcess(context: TestContext, first: string): Keys {
  const folder = temporaryFolder(context);
  const [keys, config] = [path.join(folder, 'keys.json'), path.join(folder, 'config')];
  const rotate = (AccessKeyId: string, SecretAccessKey = 's'): void =>
    writeFileSync(keys, JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey }));
  rotate(first);
  writeFileSync(config, `[default]\ncredential_process = cat ${keys}\n`);
  return { env: { ...BARE_AWS, AWS_CONFIG_FILE: config }, rotate };
}

/** Starts a receiver that accepts one access key and counts the requests it accepted by key. */
async function startReceiver(
  context: TestContext,
  state: { key: string },
): Promise<{ url: string; taken: Map<string, number> }> {
  const taken = new Map<string, number>();
  const server = createServer((request, response) => {
    const key = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? 'none';
    request.resume().on('end', () => {
      if (key === state.key) taken.set(key, (taken.get(key) ?? 0) + 1);
      else response.statusCode = 403;
      response.end(key === state.key ? '' : '{"message":"ExpiredTokenException"}');
    });
  });
  const { url } = await listen(context, server);
  return { url: url, taken };
}

suite('credentials that are exchanged', { concurrency: 2 }, () => {
  for (const [what, keysOf] of [
    ['in a file', inFile],
    ['behind a credential_process', byProcess],
  ] as const)
    test(`${what} are read again by a collector whose old ones are refused`, async (context) => {
      const keys = keysOf(context, 'AKIAOLD');
      const state = { key: 'AKIAOLD' };
      const receiver = await startReceiver(context, state);
      const folder = temporaryFolder(context);
      const file = path.join(folder, 'prometheus.yml');
      writeFileSync(
        file,
        `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: j, static_configs: [{ targets: ['${new URL(receiver.url).host}'] }] }]
remote_write: [{ url: '${receiver.url}/write', sigv4: { region: us-east-1 }, queue_config: { batch_send_deadline: 100ms } }]
`,
      );
      const storage = path.join(folder, 'queue');
      const given = ['--config.file', file, '--storage.path', storage, '--stop-timeout', '1s'];
      await startAmperage(context, 'collect', given, keys.env);
      await until('the old key is taken', 15_000, () => (receiver.taken.get('AKIAOLD') ?? 0) > 0);
      await new Promise((resolve) => setTimeout(resolve, HOLD_OFF_MS));
      keys.rotate('AKIANEW');
      state.key = 'AKIANEW';
      await until('the new key is in use', RENEWED_MS, () => receiver.taken.has('AKIANEW'));
    });

  test('in a file are read again by a proxy whose old ones are refused', async (context) => {
    const keys = inFile(context, 'AKIAOLD');
    let good = 'AKIAOLD';
    const upstream = await startUpstream(context, ({ headers }) =>
      headers.authorization?.includes(`Credential=${good}/`) === true
        ? { status: 200, body: 'ok' }
        : { status: 403, body: '{"message":"The security token included is invalid"}' },
    );
    const given = ['--name', 'aps', '--region', 'us-east-1', '--host', upstream.host];
    const proxy = await startProxy(context, given, keys.env);
    const status = async (): Promise<number> => (await fetch(proxy.url)).status;
    assert.equal(await status(), 200);
    keys.rotate('AKIANEW');
    good = 'AKIANEW';
    await until('the new key is in use', RENEWED_MS, async () => (await status()) === 200);
  });

  test('in a file are read again by a discovery whose old ones are refused', async (context) => {
    const aws = await startEmulatedAws();
    context.after(() => aws.close());
    aws.account.ecs.createCluster('prod');
    const keys = inFile(context, 'AKIAOLD');
    const port = await freePort();
    const given = ['--clusters', 'prod', '--refresh-interval', '1s'];
    const discovery = await startProgram(
      context,
      process.execPath,
      [MAIN, 'discover', '--web.listen-address', `127.0.0.1:${port}`, ...given],
      port,
      '/-/healthy',
      { ...keys.env, AWS_ENDPOINT_URL: aws.url },
    );
    await until('the old key is refused', 15_000, () =>
      /ecs:DescribeClusters: \S+: the credentials are not good/.test(discovery.output()),
    );
    keys.rotate(aws.credentials.accessKeyId, aws.credentials.secretAccessKey);
    await until('the new key is in use', RENEWED_MS, async () => {
      return (await fetch(`${discovery.url}/-/ready`)).status === 200;
    });
  });
});
