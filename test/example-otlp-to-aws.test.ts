/**
 * The example otlp-to-aws from end to end: metrics and a span come by OTLP, and are an event and a
 * metric of CloudWatch, a sample of the workspace and a trace of X-Ray. The emulator and the local
 * workspace stand in for AWS.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { startEmulatedAws } from './kit/emulated-aws.ts';
import { onEnd } from './kit/ending.ts';
import { temporaryFolder } from './kit/folder.ts';
import { BARE_AWS, freePort, query, startAmperage } from './kit/processes.ts';
import { until } from './kit/waiting.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../examples/otlp-to-aws/collector.yaml');
const GROUP = '/ecs/shop/metrics';
const TRACE = '0123456789abcdef0123456789abcdef';
const ATTRIBUTES = [{ key: 'service.name', value: { stringValue: 'shop' } }];

/** A delta of a counter, as an SDK sends it that is told to. */
function makeMetrics(value: number): string {
  const point = {
    asInt: String(value),
    attributes: [{ key: 'kind', value: { stringValue: 'book' } }],
    startTimeUnixNano: `${Date.now() - 1_000}000000`,
    timeUnixNano: `${Date.now()}000000`,
  };
  const sum = { dataPoints: [point], aggregationTemporality: 1, isMonotonic: true };
  const scopeMetrics = [{ metrics: [{ name: 'orders', unit: '{order}', sum }] }];
  return JSON.stringify({
    resourceMetrics: [{ resource: { attributes: ATTRIBUTES }, scopeMetrics }],
  });
}

function makeSpans(): string {
  const span = {
    traceId: TRACE, spanId: '0123456789abcdef', name: 'POST /orders', kind: 2,
    startTimeUnixNano: `${Date.now() - 20}000000`, endTimeUnixNano: `${Date.now()}000000`,
  }; // prettier-ignore
  const scopeSpans = [{ spans: [span] }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: ATTRIBUTES }, scopeSpans }] });
}

test('otlp-to-aws: what comes by OTLP is in CloudWatch, the workspace and X-Ray', async (t) => {
  const aws = await startEmulatedAws();
  onEnd(t, () => aws.close());
  const { accessKeyId, secretAccessKey } = aws.credentials;
  const folder = temporaryFolder(t);
  const workspace = await startAmperage(
    t,
    'workspace',
    ['--storage.path', path.join(folder, 'stored')],
    {
      WORKSPACE_ACCESS_KEY: accessKeyId,
      WORKSPACE_SECRET_KEY: secretAccessKey,
    },
  );
  const [http, grpc] = [await freePort(), await freePort()];
  const file = path.join(folder, 'collector.yaml');
  const text = readFileSync(EXAMPLE, 'utf8')
    .replace('0.0.0.0:4317', `127.0.0.1:${grpc}`)
    .replace('0.0.0.0:4318', `127.0.0.1:${http}`)
    .replace('https://aps-workspaces.us-east-1.amazonaws.com', workspace.url)
    .replace('ws-EXAMPLE', 'ws-local');
  writeFileSync(file, text);
  const flags = ['--config', file, '--storage.path', path.join(folder, 'queues')];
  const collector = await startAmperage(t, 'collect', flags, {
    ...BARE_AWS,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: aws.url,
  });
  const post = async (signal: string, body: string): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const url = `http://127.0.0.1:${http}/v1/${signal}`;
    const answer = await fetch(url, { method: 'POST', headers, body });
    assert.equal(answer.status, 200, await answer.text());
  };
  await post('metrics', makeMetrics(3));
  await post('metrics', makeMetrics(4));
  await post('traces', makeSpans());

  const sdk = { endpoint: aws.url, region: 'us-east-1', credentials: aws.credentials };
  const logs = new CloudWatchLogsClient(sdk);
  const cloudWatch = new CloudWatchClient(sdk);
  onEnd(t, () => {
    logs.destroy();
    cloudWatch.destroy();
  });
  let events: { orders?: number; kind?: string }[] = [];
  await until('both increases are events', 30_000, async () => {
    const found = await logs
      .send(new FilterLogEventsCommand({ logGroupName: GROUP }))
      .catch(() => ({ events: [] }));
    events = (found.events ?? []).map(({ message }) => JSON.parse(message ?? '{}'));
    return events.length >= 2;
  });
  const stored = events.map(({ orders, kind }) => `${String(orders)} ${String(kind)}`).toSorted();
  assert.deepEqual(stored, ['3 book', '4 book']);
  const listed = await cloudWatch.send(new ListMetricsCommand({ Namespace: 'Shop' }));
  assert.ok(listed.Metrics?.some(({ MetricName }) => MetricName === 'orders'));

  await until('the workspace has the sum of both', 30_000, async () =>
    (await query(workspace.url, 'orders_total{job="shop", kind="book"}')).some(
      ({ value }) => value?.[1] === '7',
    ),
  );
  await until('X-Ray has the trace', 30_000, () => aws.account.xray.traces.size === 1);
  const metrics = await (await fetch(`${collector.url}/metrics`)).text();
  assert.doesNotMatch(metrics, /amperage_sink_items_dropped_total\{.*\} [1-9]/);
});
