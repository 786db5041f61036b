/**
 * Metrics and spans through a collector to the OTLP endpoints of AWS, by two exporters with a
 * sigv4auth each: points of a scrape that is larger than a request may be, and spans, which wait
 * until Transaction Search is on. The emulator answers in the place of AWS.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { UpdateTraceSegmentDestinationCommand, XRayClient } from '@aws-sdk/client-xray';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { BARE_AWS, freePort, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const POINTS = 2_500;
const SPANS = 40;

function makePage(): string {
  const lines = Array.from(
    { length: POINTS },
    (_, index) => `shop_stock{item="${index}"} ${index}`,
  );
  return `# TYPE shop_stock gauge\n${lines.join('\n')}\n`;
}

function makeSpans(): string {
  const spans = Array.from({ length: SPANS }, (_, index) => ({
    traceId: (index + 1).toString(16).padStart(32, 'a'),
    spanId: (index + 1).toString(16).padStart(16, 'b'),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: `${Date.now() - 10}000000`,
    endTimeUnixNano: `${Date.now()}000000`,
  }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'shop' } }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] });
}

test('metrics reach CloudWatch, and spans X-Ray once Transaction Search is on', async (t) => {
  const aws = await startEmulatedAws();
  onEnd(t, () => aws.close());
  const folder = temporaryFolder(t);
  const { host } = await serve(t, (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(makePage());
  });
  const port = await freePort();
  const job = { job_name: 'shop', scrape_interval: '2s', static_configs: [{ targets: [host] }] };
  const file = path.join(folder, 'collector.yaml');
  const config = {
    extensions: {
      'sigv4auth/monitoring': { region: 'us-east-1', service: 'monitoring' },
      'sigv4auth/xray': { region: 'us-east-1', service: 'xray' },
    },
    receivers: {
      prometheus: { config: { scrape_configs: [job] } },
      otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } },
    },
    exporters: {
      'otlphttp/metrics': {
        metrics_endpoint: `${aws.url}/v1/metrics`,
        auth: { authenticator: 'sigv4auth/monitoring' },
      },
      'otlphttp/traces': {
        traces_endpoint: `${aws.url}/v1/traces`,
        auth: { authenticator: 'sigv4auth/xray' },
      },
    },
    service: {
      extensions: ['sigv4auth/monitoring', 'sigv4auth/xray'],
      pipelines: {
        metrics: { receivers: ['prometheus'], exporters: ['otlphttp/metrics'] },
        traces: { receivers: ['otlp'], exporters: ['otlphttp/traces'] },
      },
    },
  };
  writeFileSync(file, JSON.stringify(config));
  const flags = ['--config', file, '--storage.path', path.join(folder, 'storage')];
  const { accessKeyId, secretAccessKey } = aws.credentials;
  const collector = await startAmperage(t, 'collect', flags, {
    ...BARE_AWS,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const { cloudWatch, xray } = aws.account;

  await until('CloudWatch has all points of a scrape', 30_000, () => {
    const items = cloudWatch.otlp.describe().kept.flatMap((one) => one.attributes['item'] ?? []);
    return new Set(items).size === POINTS;
  });
  const stock = cloudWatch.otlp
    .describe()
    .kept.find(({ attributes }) => attributes['item'] === '7');
  assert.equal(stock?.metric, 'shop_stock');
  assert.equal(stock.resource['service.name'], 'shop');

  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: makeSpans(),
  });
  assert.equal(answer.status, 200);
  await until('the log says what to switch', 20_000, () =>
    collector.output().includes('turn on Transaction Search'),
  );
  assert.equal(xray.traces.size, 0);
  const client = new XRayClient({
    endpoint: aws.url,
    region: 'us-east-1',
    credentials: aws.credentials,
  });
  onEnd(t, () => client.destroy());
  const on = new UpdateTraceSegmentDestinationCommand({ Destination: 'CloudWatchLogs' });
  await client.send(on);
  await until('X-Ray has all spans', 60_000, () => xray.traces.size === SPANS);
  const metrics = await (await fetch(`${collector.url}/metrics`)).text();
  assert.doesNotMatch(metrics, /amperage_sink_items_dropped_total\{.*\} [1-9]/);
});
