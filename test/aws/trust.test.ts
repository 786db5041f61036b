/**
 * Every way in which Amperage speaks TLS, against a server whose authority is unknown: it is
 * refused, and accepted once the authority is named. Also checks that there is no other way.
 */
import assert from 'node:assert/strict';
import { copyFileSync, globSync, readFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { getCACertificates, rootCertificates, setDefaultCACertificates } from 'node:tls';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import { ListNamespacesCommand, ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientOptions } from '../../src/aws/client-options.ts';
import { createCredentialSource } from '../../src/aws/credentials.ts';
import { sdkProvider } from '../../src/aws/sdk-credentials.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { readSource } from '../../src/config/sources/readers.ts';
import { parseSourceUri } from '../../src/config/sources/uri.ts';
import { createHttpClient, type HttpClientOptions } from '../../src/kernel/http-client.ts';
import type { HttpConnection } from '../../src/kernel/http-connection.ts';
import { createLogger, silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { createTokenSource } from '../../src/kernel/oauth2.ts';
import { followTrust } from '../../src/kernel/trust.ts';
import { makeAuthority, startTlsServer } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { KEYS } from '../kit/proxies.ts';

const credentials = createCredentialSource({
  accessKey: KEYS.accessKeyId,
  secretKey: KEYS.secretAccessKey,
});

async function get(options: HttpClientOptions, url: string): Promise<unknown> {
  const http = createHttpClient(options);
  const limits = { timeoutMs: 5_000, bodyMaxBytes: 1e6, signal: new AbortController().signal };
  try {
    return await http.send({ method: 'GET', url, ...limits });
  } finally {
    await http.close();
  }
}

function connection(set: Partial<HttpConnection>): HttpConnection {
  return { key: '', stamp: () => '', ...set };
}

async function readFrom(uri: string): Promise<unknown> {
  const http = createHttpClient();
  const edges = {
    http,
    clock: systemClock,
    metrics: new Registry(),
    credentials,
    env: {},
    signal: new AbortController().signal,
  };
  try {
    return await readSource(parseSourceUri(uri), undefined, edges);
  } finally {
    await http.close();
  }
}

/** Clients that each send one request to `https://localhost:PORT`; the answers do not matter. */
function clients(port: number): Record<string, () => Promise<unknown>> {
  const endpoint = `https://localhost:${port}`;
  const options = clientOptions({ credentials, region: 'us-east-1', endpoint });
  const tls = { skipsVerification: false };
  process.env['AWS_REGION'] = 'us-east-1';
  process.env['AWS_ENDPOINT_URL'] = endpoint;
  process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${endpoint}/credentials`;
  for (const name of ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    delete process.env[name];
  process.env['AWS_CONFIG_FILE'] = process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/dev/null';
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = KEYS;
  const role = { accessKey, secretKey, roleArn: 'arn:aws:iam::123456789012:role/a' };
  return {
    'remote_write, http_sd, check metrics': () => get({}, endpoint),
    scraping: () =>
      get({ isGuarded: true, reusesBodies: true } as HttpClientOptions, `${endpoint}/metrics`),
    'a job with a tls_config without ca': () =>
      get({ connection: connection({ tls }) }, `${endpoint}/metrics`),
    'a proxy that speaks TLS': () =>
      get(
        { connection: connection({ proxy: { url: endpoint, connectHeaders: {} } }) },
        'http://a.test/',
      ),
    'OAuth 2': () =>
      createTokenSource(
        {
          tokenUrl: endpoint,
          clientId: 'a',
          clientSecret: () => '',
          scopes: [],
          endpointParams: {},
        },
        () => Date.now(),
      )(),
    'configuration over https': () => readFrom(`${endpoint}/prometheus.yml`),
    'configuration in S3': () => readFrom('s3://bucket/prometheus.yml'),
    'configuration in SSM': () => readFrom('ssm:name'),
    'configuration in Secrets Manager': () => readFrom('secretsmanager:name'),
    ECS: () => new ECSClient(options).send(new ListClustersCommand({})),
    'ECS with TLS settings of its own': () => {
      const own = clientOptions({
        credentials,
        region: 'us-east-1',
        endpoint,
        connection: connection({ tls }),
      });
      return new ECSClient(own).send(new ListClustersCommand({}));
    },
    EC2: () => new EC2Client(options).send(new DescribeInstancesCommand({})),
    'Cloud Map': () => new ServiceDiscoveryClient(options).send(new ListNamespacesCommand({})),
    SQS: () => new SQSClient(options).send(new ListQueuesCommand({})),
    'container credentials': async () => (await sdkProvider({}))(),
    STS: async () => (await sdkProvider({ ...role, region: 'us-east-1' }))(),
  };
}

/** For each client `accepted` if it reached the server, else the message of its error. */
async function tryAll(port: number, asked: () => number): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {};
  for (const [name, ask] of Object.entries(clients(port))) {
    const before = asked();
    const failure = await ask().then(
      () => undefined,
      (error: unknown) => `${String(error)} ${String((error as Error).cause)}`,
    );
    outcomes[name] = asked() > before ? 'accepted' : (failure ?? 'nothing was asked');
  }
  return outcomes;
}

async function startCounted(context: TestContext, name: string) {
  let asked = 0;
  const authority = makeAuthority(temporaryFolder(context), name);
  const port = await startTlsServer(context, authority, (_incoming, outgoing) => {
    asked++;
    outgoing.setHeader('connection', 'close').end('{}');
  });
  return { authority, port, asked: () => asked };
}

test('no client accepts a certificate of an unknown authority, and each does once the authority is named', async (context) => {
  context.after(() => setDefaultCACertificates([...rootCertificates]));
  const { authority, port, asked } = await startCounted(context, 'own');
  setDefaultCACertificates([...rootCertificates]);
  for (const [name, outcome] of Object.entries(await tryAll(port, asked)))
    // The SDK reports only what the last provider of a chain said, and that one does not use TLS.
    assert.match(outcome, name === 'container credentials' ? /https/ : /certificate/, name);
  assert.equal(asked(), 0);
  followTrust({ file: undefined, env: { AWS_CA_BUNDLE: authority.file } }, silentLogger);
  for (const [name, outcome] of Object.entries(await tryAll(port, asked)))
    assert.equal(outcome, 'accepted', name);
  assert.equal(getCACertificates('default').length, 1);
});

test('the ca of a job replaces the authorities of the process', async (context) => {
  context.after(() => setDefaultCACertificates([...rootCertificates]));
  const { authority, port } = await startCounted(context, 'of the process');
  const other = makeAuthority(temporaryFolder(context), 'other');
  followTrust({ file: authority.file, env: {} }, silentLogger);
  const tls = (file: string) => ({
    skipsVerification: false,
    ca: () => readFileSync(file, 'utf8'),
  });
  const ask = (file: string) =>
    get({ connection: connection({ tls: tls(file) }) }, `https://localhost:${port}/`);
  await assert.rejects(ask(other.file), /certificate/);
  await ask(authority.file);
});

test('a changed file takes effect, and one that is no certificate any more is reported and changes nothing', async (context) => {
  context.after(() => setDefaultCACertificates([...rootCertificates]));
  const { authority, port } = await startCounted(context, 'new');
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'bundle.pem');
  copyFileSync(makeAuthority(folder, 'old').file, file);
  const lines: string[] = [];
  const log = createLogger({ write: (line) => void lines.push(line) });
  followTrust({ file, env: {} }, log, 20);
  const url = `https://localhost:${port}/`;
  await assert.rejects(get({}, url), /certificate/);
  copyFileSync(authority.file, file);
  await until('the new one is taken', 5_000, () =>
    get({}, url).then(
      () => true,
      () => false,
    ),
  );
  copyFileSync('/dev/null', file);
  utimesSync(file, 1, 1);
  await until('told', 5_000, () => lines.some((line) => line.includes('stay as they were')));
  await get({}, url);
});

test('no other code of ours speaks TLS', () => {
  const root = path.resolve(import.meta.dirname, '../../src');
  const speaks =
    /import\('undici'\)|new Https?Agent|tls['"]\)?\.connect|https['"]\)\.(?:request|get)|rootCertificates|setDefaultCACertificates|NodeHttpHandler/;
  const found = globSync('**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .filter((file) => speaks.test(readFileSync(path.join(root, file), 'utf8')))
    .map((file) => file.replaceAll(path.sep, '/'));
  assert.deepEqual(found.sort(), [
    'aws/client-connection.ts',
    'kernel/http-client.ts',
    'kernel/trust.ts',
    'proxy/upstream.ts',
  ]);
});
