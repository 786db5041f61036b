/**
 * Collector configurations as people have them, with the real command: each sample arrives where
 * its pipeline says, and nowhere else.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import {
  createServer,
  type IncomingMessage,
  request as forward,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { formatLabelSet, makeLabelSet } from '../../src/model/labels.ts';
import { makeAuthority, startTlsServer } from '../kit/authority.ts';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { takeFixedPorts, TURNS_MAX_MS } from '../kit/fixed-ports.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Listening, listen, serve } from '../kit/listen.ts';
import { BARE_AWS, type Running, startAmperage } from '../kit/processes.ts';
import { type Received, type Receiver, startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const BY_TURNS = { skip: skipWithoutConformance, timeout: TURNS_MAX_MS };

const PAGE = `# TYPE http_requests_total counter
http_requests_total{path="/"} 7
# TYPE http_requests_totals gauge
http_requests_totals 1
# TYPE request_seconds histogram
request_seconds_bucket{le="1"} 2
request_seconds_bucket{le="+Inf"} 3
request_seconds_sum 4
request_seconds_count 3
# TYPE temperature gauge
temperature 20
`;

const AMP_HOST = 'aps-workspaces.us-east-1.amazonaws.com';
const XRAY_HOST = 'xray.us-east-1.amazonaws.com';
const ENV = {
  ...BARE_AWS,
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'not-a-secret',
};

/** A target with the labels of Cloud Map, and the list of targets that the articles ask for. */
async function startTarget(context: TestContext): Promise<{ target: Listening; list: Listening }> {
  const target = await serve(context, (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(PAGE);
  });
  const labels = { cluster: 'c1', service: 's1', taskid: 't1', namespace: 'n1' };
  const list = await serve(context, (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify([{ targets: [target.host], labels }]));
  });
  return { target, list };
}

interface Aws {
  readonly receiver: Receiver;
  readonly xray: FakeXray;
  readonly env: Record<string, string>;
  readonly flags: readonly string[];
}

/** What X-Ray was asked for, as `path body`, with the headers of each. */
interface FakeXray {
  readonly requests: { path: string; body: string; authorization: string }[];
  /** The documents of PutTraceSegments, in order. */
  readonly documents: string[];
}

function answerAsXray(xray: FakeXray, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const parts: Buffer[] = [];
  incoming.on('data', (part: Buffer) => parts.push(part));
  incoming.on('end', () => {
    const body = Buffer.concat(parts).toString();
    const path = incoming.url ?? '';
    xray.requests.push({ path, body, authorization: incoming.headers['authorization'] ?? '' });
    const { TraceSegmentDocuments: documents = [] } = JSON.parse(body) as {
      TraceSegmentDocuments?: string[];
    };
    xray.documents.push(...documents);
    const answer =
      path === '/GetSamplingRules' ? { SamplingRuleRecords: [] } : { UnprocessedTraceSegments: [] };
    outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
}

/** The names of AMP and X-Ray, at which both answer over TLS, reached through a proxy. */
async function startAws(context: TestContext, folder: string): Promise<Aws> {
  const receiver = await startReceiver(context);
  const xray: FakeXray = { requests: [], documents: [] };
  const authority = makeAuthority(folder, 'aws', [AMP_HOST, XRAY_HOST]);
  const port = await startTlsServer(context, authority, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    if (headers.host === XRAY_HOST) return answerAsXray(xray, incoming, outgoing);
    const behind = forward(
      new URL(url ?? '', receiver.server.url),
      { method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(behind);
  });
  const proxy = createServer().on('connect', (incoming, socket) => {
    if (![`${AMP_HOST}:443`, `${XRAY_HOST}:443`].includes(incoming.url ?? ''))
      return void socket.destroy();
    const upstream = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    upstream.pipe(socket).pipe(upstream);
  });
  const { url } = await listen(context, proxy);
  return {
    receiver,
    xray,
    env: { ...ENV, HTTPS_PROXY: url, https_proxy: url },
    flags: ['--tls.ca-file', authority.file],
  };
}

interface CollectOptions {
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
}

async function collect(
  context: TestContext,
  folder: string,
  config: string,
  { env = ENV, flags = [] }: CollectOptions = {},
): Promise<Running> {
  await takeFixedPorts(context);
  const file = path.join(folder, 'otel.yaml');
  writeFileSync(file, config);
  const own = ['--config.file', file, '--storage.path', path.join(folder, 'queue'), ...flags];
  return startAmperage(context, 'collect', own, env);
}

const TASK_ID = '0'.repeat(32);

/** What the filter of ADOT's configuration lets through of a task that runs; units are suffixes. */
const TASK_NAMES = [
  'ecs_task_cpu_reserved_None', 'ecs_task_cpu_utilized_None', 'ecs_task_memory_reserved_MiB',
  'ecs_task_memory_utilized_MiB', 'ecs_task_network_rate_rx_Bytes_per_Second',
  'ecs_task_network_rate_tx_Bytes_per_Second', 'ecs_task_storage_read_bytes_Bytes',
  'ecs_task_storage_write_bytes_Bytes',
]; // prettier-ignore

/** The series of PAGE and of its scrape, with their labels beside those of the resource. */
const SCRAPED: readonly (readonly [name: string, labels?: Readonly<Record<string, string>>])[] = [
  ['http_requests_total', { path: '/' }], ['http_requests_totals'],
  ['request_seconds_bucket', { le: '1' }], ['request_seconds_bucket', { le: '+Inf' }],
  ['request_seconds_sum'], ['request_seconds_count'], ['temperature'], ['up'],
  ['scrape_duration_seconds'], ['scrape_samples_scraped'],
  ['scrape_samples_post_metric_relabeling'], ['scrape_series_added'], ['target_info'],
]; // prettier-ignore

/** A task of real processes at the emulator's metadata endpoint, as the first of them sees it. */
async function putTask(
  { url }: Running,
  containers: readonly object[],
): Promise<{ taskArn: string; metadataUri: string }> {
  const answer = await fetch(`${url}/_emulator/tasks/${TASK_ID}`, {
    method: 'PUT',
    body: JSON.stringify({ cluster: 'c', family: 'f', cpu: 0.5, memoryMiB: 512, containers }),
  });
  const { taskArn, containers: made } = (await answer.json()) as {
    taskArn: string;
    containers: { metadataUri: string }[];
  };
  return { taskArn, metadataUri: made[0]!.metadataUri };
}

/** The label sets that have arrived, without those of the scrape itself. */
function seriesOf(samples: Received['samples']): string[] {
  const series = new Set(samples.map((one) => one.series));
  return [...series].filter((one) => !/__name__=(?:up|scrape_)/.test(one)).toSorted();
}

/** Sends documents as X-Ray's SDKs do. */
async function sendSegments(port: number, documents: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const document of documents) {
    const datagram = `{"format":"json","version":1}\n${document}`;
    await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve));
  }
  socket.close();
}

function makeSegment(index: number): string {
  const nowS = Math.floor(Date.now() / 1_000);
  const id = (0x1000 + index).toString(16).padStart(16, '0');
  const trace = `1-${nowS.toString(16)}-${index.toString(16).padStart(24, '0')}`;
  return JSON.stringify({
    name: 'shop',
    id,
    trace_id: trace,
    start_time: nowS,
    end_time: nowS + 1,
  });
}

test("the articles' configuration for AMP: both halves as they are", BY_TURNS, async (context) => {
  const folder = temporaryFolder(context);
  const { target, list } = await startTarget(context);
  const { receiver, xray, env, flags } = await startAws(context, folder);
  // The two names are put in by the article's script; the port is the only change.
  const config = readArticle('otel-collector-config.yaml.template')
    .replaceAll('WORKSPACE', 'ws-1')
    .replaceAll('REGION', 'us-east-1')
    .replace('localhost:9001', list.host);
  await collect(context, folder, config, { env: { ...env, AWS_REGION: 'us-east-1' }, flags });
  const segments = Array.from({ length: 120 }, (_, index) => makeSegment(index));
  await sendSegments(2000, [...segments, 'T1SnotJSON']);
  const rules = await fetch('http://127.0.0.1:2000/GetSamplingRules', { method: 'POST', body: '{}' });
  assert.deepEqual([rules.status, await rules.json()], [200, { SamplingRuleRecords: [] }]);
  await until('segments have arrived', 20_000, () => xray.documents.length > segments.length);
  assert.deepEqual(xray.documents.toSorted(), ['T1SnotJSON', ...segments].toSorted());
  for (const { authorization } of xray.requests)
    assert.match(authorization, /Credential=AKIDEXAMPLE\/\d+\/us-east-1\/xray\//);
  await until('samples have arrived', 40_000, () => receiver.kept.length > 8);
  const [first] = receiver.requests;
  assert.equal(first?.request.path, '/workspaces/ws-1/api/v1/remote_write');
  assert.match(first.headers['authorization'] ?? '', /Credential=AKIDEXAMPLE\/\d+\/us-east-1\/aps\//);
  const labels = 'cluster=c1,instance=' + target.host + ',job=ecs_services';
  const own = (name: string, more = '') => {
    const pairs = [`__name__=${name}`, ...labels.split(','), 'namespace=n1', 'service=s1', 'taskid=t1'];
    return [...pairs, ...(more === '' ? [] : [more])].toSorted().join(',');
  };
  assert.deepEqual(
    seriesOf(receiver.kept).filter((one) => !one.includes('target_info')),
    [
      own('http_requests_total', 'path=/'),
      own('http_requests_totals'),
      own('request_seconds_bucket', 'le=+Inf'),
      own('request_seconds_bucket', 'le=1'),
      own('request_seconds_count'),
      own('request_seconds_sum'),
      own('temperature'),
    ].toSorted(),
  );
}); // prettier-ignore

// That for CloudWatch is in article-cloudwatch.test.ts.
test('otel-collector-config.yaml unchanged, fed by the sample application: every trace that it sent is stored', BY_TURNS, async (context) => {
  const folder = temporaryFolder(context);
  const keys = { EMULATE_ACCESS_KEY: 'AKIDEXAMPLE', EMULATE_SECRET_KEY: 'not-a-secret' };
  const emulator = await startAmperage(context, 'emulate', [], keys);
  const config = readArticle('otel-collector-config.yaml.template')
    .replaceAll('WORKSPACE', 'ws-1')
    .replaceAll('REGION', 'us-east-1');
  const env = { ...ENV, AWS_ENDPOINT_URL_XRAY: emulator.url };
  await collect(context, folder, config, { env });
  const daemon = ['--xray.daemon-address', '127.0.0.1:2000'];
  const app = await startAmperage(context, 'sample-app', ['--rate', '40', ...daemon]);
  const read = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
  let sent: readonly string[] = [];
  await until('the application has sent traces', 60_000, async () => {
    ({ traceIds: sent } = await read<{ traceIds: string[] }>(`${app.url}/sent`));
    return sent.length > 40;
  });
  app.child.kill('SIGTERM');
  await until('each trace is stored', 20_000, async () => {
    const { traces } = await read<{ traces: Record<string, string[]> }>(`${emulator.url}/_emulator/xray`);
    return sent.every((id) => Object.hasOwn(traces, id));
  });
}); // prettier-ignore

/**
 * The processors of the articles' configuration for CloudWatch, before an exporter to AMP; and
 * beside that pipeline one without processors, to another receiver.
 */
test("the articles' processors in one of two pipelines: each sample arrives where its pipeline says", BY_TURNS, async (context) => {
  const folder = temporaryFolder(context);
  const { target, list } = await startTarget(context);
  const [one, two] = [await startReceiver(context), await startReceiver(context)];
  const article = readArticle('otel-collector-config-cloudwatch.yaml.template');
  const config = article
    .replace('localhost:9001', list.host)
    .replace('refresh_interval: 30s', 'refresh_interval: 1s')
    .replace('scrape_interval: 15s', 'scrape_interval: 1s')
    .replace('scrape_timeout: 10s', 'scrape_timeout: 900ms')
    .replace(/ {2}awsemf:[^]*?\nextensions:/, `
  prometheusremotewrite/one: { endpoint: '${one.url}' }
  prometheusremotewrite/two: { endpoint: '${two.url}', external_labels: { way: second } }
extensions:`)
    .replace('exporters: [awsemf]', `exporters: [prometheusremotewrite/one]
    metrics/two: { receivers: [prometheus], exporters: [prometheusremotewrite/two] }`);
  assert.ok(config.includes('filter/include,batch/metrics,metricstransform/labelling'), config);
  const { xray, env, flags } = await startAws(context, folder);
  await collect(context, folder, config, { env: { ...env, AWS_REGION: 'us-east-1' }, flags });
  const segments = Array.from({ length: 10 }, (_, index) => makeSegment(index));
  await sendSegments(2000, segments);
  await until('segments have arrived', 20_000, () => xray.documents.length >= segments.length);
  assert.deepEqual(xray.documents.toSorted(), segments.toSorted());
  await until('samples have arrived at both', 40_000, () => one.kept.length > 2 && two.kept.length > 20);
  const renamed = `ClusterName=c1,SdNamespaceName=n1,SdServiceName=s1,SdTaskID=t1,__name__=http_requests_total`;
  // The filter is a regular expression with both anchors; it drops up too.
  const arrived = new Set(one.kept.map(({ series }) => series));
  assert.deepEqual([...arrived].filter((series) => !series.includes('target_info')), [
    `${renamed},instance=${target.host},job=ecs_services,path=/`,
  ]);
  const there = seriesOf(two.kept).filter((series) => !series.includes('target_info'));
  assert.equal(there.length, 7);
  for (const series of there) assert.match(series, /cluster=c1,.*taskid=t1,way=second$/);
}); // prettier-ignore

test('ADOT for ECS and AMP as it ships: what each pipeline lets through arrives, and nothing else', BY_TURNS, async (context) => {
  const folder = temporaryFolder(context);
  const { target } = await startTarget(context);
  const receiver = await startReceiver(context);
  const emulator = await startAmperage(context, 'emulate', []);
  const task = await putTask(emulator, [{ name: 'app', pid: process.pid }, { name: 'later' }]);
  const file = conformancePath('otel', 'adot', 'ecs-amp-prometheus.yaml');
  const env = {
    ...ENV,
    AWS_EC2_METADATA_DISABLED: '',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: emulator.url,
    AWS_PROMETHEUS_ENDPOINT: receiver.url,
    AWS_PROMETHEUS_SCRAPING_ENDPOINT: target.host,
    ECS_CONTAINER_METADATA_URI_V4: task.metadataUri,
    OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop,deployment.environment=test',
  };
  await collect(context, folder, readFileSync(file, 'utf8'), { env });
  const seriesMin = TASK_NAMES.length + SCRAPED.length;
  await until('both pipelines have arrived', 45_000, () => receiver.kept.length >= seriesMin);
  const ofTask = {
    aws_ecs_launchtype: 'fargate', aws_ecs_task_arn: task.taskArn, aws_ecs_task_family: 'f',
    aws_ecs_task_id: TASK_ID, aws_ecs_task_revision: '1', cloud_account_id: '000000000000',
    cloud_availability_zone: 'us-east-1a', cloud_region: 'us-east-1',
  };
  const detected = {
    ...ofTask, aws_ecs_cluster_arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/c',
    cloud_platform: 'aws_ecs', cloud_provider: 'aws', deployment_environment: 'test',
    host_id: 'i-0123456789abcdef0', host_image_id: 'ami-0123456789abcdef0',
    host_type: 'm7g.large', os_type: 'linux',
  };
  const scraped = {
    ...detected, job: 'shop/otel-collector', instance: target.host, url_scheme: 'http',
    server_port: target.host.split(':')[1] ?? '',
  };
  const service = {
    service_name: 'otel-collector', service_namespace: 'shop', service_instance_id: target.host,
  };
  const format = (labels: Readonly<Record<string, string>>) =>
    formatLabelSet(makeLabelSet(labels));
  // What no test can know is left out: the name of this machine, and when the task was told.
  const arrived = receiver.kept.map(({ series }) => format(Object.fromEntries(
    series.split(',').map((pair): [string, string] => [
      pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1),
    ]).filter(([name]) => !/^host_name$|_pull_(?:started|stopped)_at$/.test(name)),
  )));
  assert.deepEqual([...new Set(arrived)].toSorted(), [
    ...TASK_NAMES.map((name) => format({
      ...ofTask, __name__: name, aws_ecs_cluster_name: 'c', aws_ecs_task_known_status: 'RUNNING',
      aws_ecs_task_launch_type: 'FARGATE', aws_ecs_task_version: '1',
    })),
    ...SCRAPED.map(([name, more = {}]) => format({
      ...scraped, ...(name === 'target_info' ? {} : service), __name__: name, ...more,
    })),
  ].toSorted());
}); // prettier-ignore

function readArticle(name: string): string {
  return readFileSync(conformancePath('articles', 'deploy-adot', name), 'utf8');
}
