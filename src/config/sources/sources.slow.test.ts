import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { LabelParameterVersionCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import { createLogger, silentLogger } from '../../kernel/logger.ts';
import { Registry } from '../../kernel/metrics.ts';
import { checkConfigText, loadConfigText } from '../load.ts';
import { ConfigSources, sourcesFrom } from './sources.ts';
import { parseSourceUri } from './uri.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';

let aws: EmulatedAws;
let s3: S3Client;
const http = createHttpClient();
before(async () => {
  aws = await startEmulatedAws();
  process.env['AWS_ENDPOINT_URL'] = aws.url;
  process.env['AWS_REGION'] = 'us-east-1';
  s3 = new S3Client({ endpoint: aws.url, region: 'us-east-1', forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'configs' }));
});
after(async () => {
  s3.destroy();
  delete process.env['AWS_ENDPOINT_URL'];
  await http.close();
  await aws.close();
});

const put = (Key: string, Body: string): Promise<unknown> =>
  s3.send(new PutObjectCommand({ Bucket: 'configs', Key, Body }));

function open(
  context: TestContext,
  uris: readonly string[],
  more: { env?: Record<string, string>; cacheDirectory?: string } = {},
): { sources: ConfigSources; metrics: Registry; lines: string[]; clock: VirtualClock } {
  const metrics = new Registry();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = createLogger({ write: (line) => void lines.push(line), clock, format: 'logfmt' });
  void [context, silentLogger];
  const world = { clock, log, metrics, http };
  return { sources: new ConfigSources({ uris, world, env: {}, ...more }), metrics, lines, clock };
}

test('every form of a source is understood, and others are refused', () => {
  const forms: [string, unknown][] = [
    ['a/b.yml', { kind: 'file', path: 'a/b.yml' }],
    ['file:a.yml', { kind: 'file', path: 'a.yml' }],
    ['file:///etc/a.yml', { kind: 'file', path: '/etc/a.yml' }],
    ['env:X', { kind: 'env', name: 'X' }],
    ['yaml:a: 1', { kind: 'yaml', text: 'a: 1' }],
    ['https://h/p.yml?x=1', { kind: 'http', url: 'https://h/p.yml?x=1' }],
    ['ssm:/a/b:3', { kind: 'ssm', name: '/a/b:3' }],
    ['s3://bucket/k/e.yml', { kind: 's3', bucket: 'bucket', key: 'k/e.yml' }],
    ['s3://b.u/k?version=v', { kind: 's3', bucket: 'b.u', key: 'k', version: 'v' }],
    [
      's3://b.s3.eu-west-1.amazonaws.com/k',
      { kind: 's3', bucket: 'b', key: 'k', region: 'eu-west-1' },
    ],
    [
      's3://localhost:9000/b/k?region=us-east-1',
      { kind: 's3', bucket: 'b', key: 'k', region: 'us-east-1', endpoint: 'http://localhost:9000' },
    ],
    [
      'secretsmanager:id?stage=AWSPREVIOUS&key=k',
      { kind: 'secretsmanager', id: 'id', stage: 'AWSPREVIOUS', key: 'k' },
    ],
  ];
  for (const [text, expected] of forms)
    assert.deepEqual(JSON.parse(JSON.stringify(parseSourceUri(text))), expected, text);
  assert.throws(() => parseSourceUri('gopher:x'), /is no source/);
  assert.throws(() => parseSourceUri('s3://bucket'), /not complete/);
});

test('S3 is asked whether anything has changed, versions are pinned', async (context) => {
  await put('p.yml', 'a: 1');
  const { sources, metrics } = open(context, ['s3://configs/p.yml']);
  const first = await sources.readAtStart();
  assert.equal(first.text, 'a: 1');
  aws.cloud.takeCalls();
  const again = await sources.read();
  assert.deepEqual(again, first);
  assert.deepEqual(aws.cloud.takeCalls(), { 'S3 GET': 1 });
  await put('p.yml', 'a: 2');
  assert.equal((await sources.read()).text, 'a: 2');
  assert.match(
    metrics.expose(),
    /config_source_info\{source="s3:\/\/configs\/p\.yml",version=".*",hash="[0-9a-f]{16}"\} 1/,
  );
  const { VersionId } = await s3.send(new GetObjectCommand({ Bucket: 'configs', Key: 'p.yml' }));
  await put('p.yml', 'a: 3');
  const pinned = open(context, [`s3://configs/p.yml?version=${VersionId!}`]);
  assert.equal((await pinned.sources.read()).text, 'a: 2');
});

test('parameters by version and label, secure ones, secrets and their fields', async (context) => {
  const options = { endpoint: aws.url, region: 'us-east-1', credentials: aws.credentials };
  const ssm = new SSMClient(options);
  const parameter = { Name: '/cfg', Type: 'SecureString' as const };
  await ssm.send(new PutParameterCommand({ ...parameter, Value: 'a: 1' }));
  await ssm.send(new PutParameterCommand({ ...parameter, Value: 'a: 2', Overwrite: true }));
  await ssm.send(
    new LabelParameterVersionCommand({ Name: '/cfg', ParameterVersion: 1, Labels: ['good'] }),
  );
  for (const [uri, text] of [
    ['ssm:/cfg', 'a: 2'],
    ['ssm:/cfg:1', 'a: 1'],
    ['ssm:/cfg:good', 'a: 1'],
  ] as const)
    assert.equal((await open(context, [uri]).sources.read()).text, text, uri);
  const secrets = new SecretsManagerClient(options);
  await secrets.send(new CreateSecretCommand({ Name: 's', SecretString: '{"k": "a: 1"}' }));
  await secrets.send(new PutSecretValueCommand({ SecretId: 's', SecretString: '{"k": "a: 2"}' }));
  assert.equal((await open(context, ['secretsmanager:s?key=k']).sources.read()).text, 'a: 2');
  const previous = open(context, ['secretsmanager:s?key=k&stage=AWSPREVIOUS']);
  assert.equal((await previous.sources.read()).text, 'a: 1');
  await assert.rejects(
    open(context, ['secretsmanager:s?key=none']).sources.read(),
    (error: Error) => {
      assert.ok(!error.message.includes('a: 2'), 'no secret in a message');
      return /no JSON object with a text "none"/.test(error.message);
    },
  );
  ssm.destroy();
  secrets.destroy();
});

test('HTTP is asked by ETag, and where it redirects to', async (context) => {
  const statuses: number[] = [];
  const conditions: (string | undefined)[] = [];
  let text = 'a: 1';
  const server = new HttpServer({
    name: 'config',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      {
        method: 'GET',
        path: '/old.yml',
        handle: ({ headers }) => {
          conditions.push(headers['if-none-match']);
          return { status: 302, headers: { location: '/p.yml' } };
        },
      },
      { method: 'GET', path: '/a', handle: () => ({ status: 307, headers: { location: '/a' } }) },
      {
        method: 'GET',
        path: '/p.yml',
        handle: ({ headers }) => {
          const etag = `"${text}"`;
          const isSame = headers['if-none-match'] === etag;
          statuses.push(isSame ? 304 : 200);
          return isSame ? { status: 304 } : { status: 200, headers: { etag }, body: text };
        },
      },
    ],
  });
  await server.start();
  context.after(() => server.stop(100));
  const { sources } = open(context, [`${server.url}/p.yml?secret=x`]);
  await sources.read();
  assert.equal((await sources.read()).text, 'a: 1');
  text = 'a: 2';
  assert.equal((await sources.read()).text, 'a: 2');
  assert.deepEqual(statuses, [200, 304, 200]);
  assert.ok(!sources.names.includes('secret'));
  const moved = open(context, [`${server.url}/old.yml`]);
  assert.equal((await moved.sources.read()).text, 'a: 2');
  assert.equal((await moved.sources.read()).text, 'a: 2');
  assert.deepEqual(statuses, [200, 304, 200, 200, 304]);
  assert.deepEqual(conditions, [undefined, '"a: 2"']);
  const round = open(context, [`${server.url}/a`]);
  await assert.rejects(round.sources.read(), /more than 10 redirects/);
});

test('user and password of a URL are sent as basic auth, to its own host alone', async (context) => {
  const given: (string | undefined)[] = [];
  const server = new HttpServer({
    name: 'config',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      {
        method: 'GET',
        path: '/*',
        handle: ({ headers, path: asked }) => {
          given.push(headers.authorization);
          const away = { location: `http://localhost:${server.port}/away` };
          if (asked === '/away') return { status: 401 };
          return asked === '/moved'
            ? { status: 302, headers: away }
            : { status: 200, body: 'a: 1' };
        },
      },
    ],
  });
  await server.start();
  context.after(() => server.stop(100));
  const own = `http://a%40b:p%3Aw@127.0.0.1:${server.port}`;
  assert.equal((await open(context, [`${own}/p.yml`]).sources.read()).text, 'a: 1');
  const header = `Basic ${Buffer.from('a@b:p:w').toString('base64')}`;
  assert.deepEqual(given.splice(0), [header]);
  await assert.rejects(open(context, [`${own}/moved`]).sources.read(), (error: Error) => {
    assert.match(error.message, /status 401.*withheld.*localhost/);
    assert.doesNotMatch(error.message, /p%3Aw|p:w/);
    return true;
  });
  assert.deepEqual(given, [header, undefined]);
});

test('several sources are merged in order: maps joined, lists replaced', async (context) => {
  const { sources } = open(
    context,
    ['yaml:{global: {scrape_interval: 15s}, a: [1, 2]}', 'env:MORE'],
    {
      env: { MORE: 'global: {scrape_timeout: 5s}\na: [3]\n' },
    },
  );
  const { text, file } = await sources.read();
  assert.equal(text, 'global:\n  scrape_interval: 15s\n  scrape_timeout: 5s\na:\n  - 3\n');
  assert.equal(file, 'yaml:…, env:MORE');
});

test('a start during an outage has what the run before had, and nobody else may read it', async (context) => {
  const cacheDirectory = temporaryFolder(context);
  context.after(() => aws.cloud.trouble.set({}));
  await put('kept.yml', 'a: 1');
  const first = open(context, ['s3://configs/kept.yml'], { cacheDirectory });
  await first.sources.readAtStart();
  await first.sources.keep();
  const [file] = readdirSync(cacheDirectory);
  assert.equal(statSync(path.join(cacheDirectory, file!)).mode & 0o777, 0o600);
  aws.cloud.trouble.set({ faults: [{ code: 'ServiceUnavailable', status: 503 }] });
  const second = open(context, ['s3://configs/kept.yml'], { cacheDirectory });
  assert.equal((await second.sources.readAtStart()).text, 'a: 1');
  assert.match(second.lines.join('\n'), /its last good text serves/);
  await assert.rejects(open(context, ['ssm:/nothing/kept:1']).sources.read());
  // One that was changed on disk does not serve, which is said.
  writeFileSync(path.join(cacheDirectory, file!), '{"text":"a: 2"}');
  const third = open(context, ['s3://configs/kept.yml'], { cacheDirectory });
  const refused = assert.rejects(third.sources.readAtStart(), /can't be read/);
  const over = refused.then(() => 'over');
  const turn = (): Promise<string> => setTimeout(10, 'turn');
  while ((await Promise.race([over, turn()])) === 'turn') await third.clock.advance(2_000);
  await refused;
  assert.match(third.lines.join(), /last good text of a configuration cannot be used.*checksum/);
});

test('bug: a kept text that somebody has deleted is kept anew; what is there is not written again', async (context) => {
  const cacheDirectory = temporaryFolder(context);
  const { sources, lines } = open(context, ['env:TEXT'], { cacheDirectory, env: { TEXT: 'a: 1' } });
  await sources.readAtStart();
  await sources.keep();
  const file = path.join(cacheDirectory, readdirSync(cacheDirectory)[0] ?? '');
  const { ino } = statSync(file);
  await sources.keep();
  assert.equal(statSync(file).ino, ino);
  rmSync(cacheDirectory, { recursive: true });
  await sources.keep();
  assert.ok(statSync(file).size > 0);
  // Where that fails, it is said once.
  rmSync(cacheDirectory, { recursive: true });
  writeFileSync(cacheDirectory, '');
  for (let i = 0; i < 3; i++) await sources.keep();
  assert.equal(lines.filter((line) => line.includes('could not be kept')).length, 1);
});

test('the variables of other images name the source, after flags and before the default', () => {
  const fallback = 'prometheus.yml';
  assert.deepEqual(sourcesFrom([], fallback, {}), [fallback]);
  assert.deepEqual(sourcesFrom([], fallback, { S3_CONFIG_LOCATION: 's3://b/k' }), ['s3://b/k']);
  assert.deepEqual(sourcesFrom([], fallback, { CONFIG_LOCATION: 'http://h/k' }), ['http://h/k']);
  assert.deepEqual(sourcesFrom([], fallback, { PROMETHEUS_CONFIG_PARAMETER_NAME: 'p' }), ['ssm:p']);
  assert.deepEqual(sourcesFrom(['a'], fallback, { S3_CONFIG_LOCATION: 's3://b/k' }), ['a']);
  assert.deepEqual(sourcesFrom(['a'], fallback, { AOT_CONFIG_CONTENT: 'x' }), [
    'env:AOT_CONFIG_CONTENT',
  ]);
});

test('the variable of ADOT holds a configuration of the Collector, with references to the environment', async () => {
  const text = `
receivers:
  prometheus:
    config:
      global: { scrape_interval: 15s }
      scrape_configs:
        - job_name: ecs
          static_configs: [{ targets: ['\${env:TARGET}'] }]
          relabel_configs: [{ source_labels: [a], regex: (.*), replacement: '$$1-\${PART:-x}', target_label: b }]
  awsxray: { endpoint: 0.0.0.0:2000 }
exporters:
  prometheusremotewrite:
    endpoint: https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write
    auth: { authenticator: sigv4auth }
  awsxray: { region: us-east-1 }
extensions:
  sigv4auth: { region: us-east-1, assume_role: { arn: 'arn:aws:iam::123456789012:role/r' } }
  health_check:
service:
  extensions: [health_check, sigv4auth]
  pipelines:
    metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] }
    traces: { receivers: [awsxray], exporters: [awsxray] }
`;
  const file = 'env:AOT_CONFIG_CONTENT';
  const env = { TARGET: '10.0.0.1:80' };
  const { plan, warnings } = await loadConfigText(text, file, { env });
  const [source] = plan.sources;
  assert.equal(source?.id, 'prometheus/ecs');
  assert.equal(source.scrape.jobName, 'ecs');
  assert.equal(source.scrape.relabelRules[0]?.replacement, '$1-x');
  assert.deepEqual(
    plan.sinks.map(({ name, folder, remark }) => [name, folder, remark]),
    [
      ['prometheusremotewrite', 'prometheusremotewrite', 'signed for us-east-1'],
      ['awsxray', 'xray@awsxray', undefined],
    ],
  );
  assert.deepEqual(warnings, []);
  await assert.rejects(
    loadConfigText(text, 'x', { env: {}, allowPartial: true }),
    /x:8:40: the environment has no TARGET/,
  );
});

test('of a Prometheus configuration only what says env: is expanded', async () => {
  const text = `
scrape_configs:
  - job_name: '\${env:JOB:-fallback}'
    scrape_interval: \${env:EVERY}
    relabel_configs: [{ source_labels: [a], regex: (.*), replacement: '$1 \${1} $$', target_label: b }]
`;
  const { plan } = await loadConfigText(text, 'x', { env: { EVERY: '7s' } });
  const job = plan.sources[0]?.scrape;
  assert.equal(job?.jobName, 'fallback');
  assert.equal(job.scrapeIntervalMs, 7_000);
  assert.equal(job.relabelRules[0]?.replacement, '$1 ${1} $$');
});

test('a file that does not exist is told by its name', async (context) => {
  const folder = temporaryFolder(context);
  const missing = path.join(folder, 'none.yml');
  await assert.rejects(
    open(context, [missing]).sources.readAtStart(),
    /none\.yml: the file does not exist/,
  );
  writeFileSync(missing, 'a: 1');
  assert.equal((await open(context, [missing]).sources.readAtStart()).file, missing);
});

test('a configuration of the Collector is read with the objects that it refers to', async (context) => {
  await put('jobs.yml', 'scrape_configs: [{ job_name: from-s3 }]');
  const { sources } = open(context, []);
  context.after(() => sources.close());
  const text = [
    'receivers: { prometheus: { config: "${s3://configs/jobs.yml}" } }',
    'exporters: { prometheusremotewrite: { endpoint: "http://one/w" } }',
    'service:',
    '  pipelines: { metrics: { receivers: [prometheus], exporters: [prometheusremotewrite] } }',
  ].join('\n');
  const readRemote = (uri: string) => sources.readReferred(uri);
  const { plan } = await loadConfigText(text, '/nowhere/c.yml', { env: {}, readRemote });
  assert.deepEqual(plan.sources.map(({ id }) => id), ['prometheus/from-s3']);
  const other = text.replace('jobs', 'none');
  const { findings } = await checkConfigText(other, '/nowhere/c.yml', { env: {}, readRemote });
  const told = findings.map(({ line, message }) => `${line}: ${message}`).join('\n');
  assert.match(told, /^1: "s3:\/\/configs\/none\.yml" can't be read: /m);
}); // prettier-ignore
