/** CloudWatch's OTLP endpoint: what it takes, rejects and refuses, and what is shown of it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { postSigned } from '../../../test/kit/signed-call.ts';
import { encodeJsonRequest } from '../../wire/otlp/json.ts';
import { METRICS_RESPONSE } from '../../wire/otlp/metrics-request.ts';
import { RPC_STATUS } from '../../wire/otlp/rpc-status.ts';
import { decodeMessage } from '../../wire/protobuf/decode.ts';
import { CloudWatchOtlp } from './otlp.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());
afterEach(() => {
  aws.cloud.trouble.set({});
  aws.account.cloudWatch.otlp.clear();
});

const attribute = (key: string, stringValue = 'x') => ({ key, value: { stringValue } });

function makeRequest(points: number, labels = 1): string {
  const attributes = Array.from({ length: labels }, (_, index) => attribute(`l${index}`));
  const dataPoints = Array.from({ length: points }, (_, index) => ({
    attributes: index === 0 ? attributes : [],
    timeUnixNano: '1700000000000000000',
    asDouble: index,
  }));
  const sum = { dataPoints, aggregationTemporality: 2, isMonotonic: true };
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: [attribute('service.name', 'shop')] },
        scopeMetrics: [{ scope: { name: 's' }, metrics: [{ name: 'requests', unit: '1', sum }] }],
      },
    ],
  });
}

const json = (body: string) =>
  postSigned(aws, 'monitoring', {
    path: '/v1/metrics',
    headers: { 'content-type': 'application/json' },
    body,
  });

const protobuf = (body: Uint8Array, headers: Record<string, string> = {}, service = 'monitoring') =>
  postSigned(aws, service, {
    path: '/v1/metrics',
    headers: { 'content-type': 'application/x-protobuf', ...headers },
    body: new Uint8Array(body),
  });

const encode = (text: string) => encodeJsonRequest('metrics', Buffer.from(text));

test('points come as JSON, protobuf and gzip, and are shown', async () => {
  const answer = await json(makeRequest(2));
  assert.deepEqual([answer.status, answer.body.toString()], [200, '{}']);
  assert.equal((await protobuf(encode(makeRequest(1)))).body.length, 0);
  const packed = gzipSync(encode(makeRequest(1)));
  assert.equal((await protobuf(packed, { 'content-encoding': 'gzip' })).status, 200);
  const shown = await (await fetch(`${aws.url}/_emulator/cloudwatch/otlp`)).json();
  const { kept, ...counts } = shown as { kept: object[] };
  assert.deepEqual(counts, { requests: 3, points: 4, rejected: 0, dropped: 0 });
  assert.deepEqual(kept[0], {
    resource: { 'service.name': 'shop' },
    scope: 's',
    metric: 'requests',
    unit: '1',
    kind: 'sum',
    temporality: 'cumulative',
    attributes: { l0: 'x' },
    timeMs: 1_700_000_000_000,
    point: {
      startMs: 0,
      timeMs: 1_700_000_000_000,
      value: { is: 'double', value: 0 },
      exemplars: [],
      flags: 0,
    },
  });
});

test('1,000 points are taken, and more are refused whole, in the encoding of the request', async () => {
  assert.equal((await json(makeRequest(1_000))).status, 200);
  const refused = await json(makeRequest(1_001));
  assert.equal(refused.status, 400);
  assert.match(refused.body.toString(), /^\{"code":3,"message":"the request has 1001 data points/);
  const status = await protobuf(encode(makeRequest(1_001)));
  assert.match(decodeMessage(RPC_STATUS, status.body).message, /at most 1000 are taken/);
  assert.equal(aws.account.cloudWatch.otlp.describe().points, 1_000);
});

test('a point with more than 150 labels is rejected, and the others are taken', async () => {
  assert.equal((await json(makeRequest(2, 149))).body.toString(), '{}');
  const partial = await json(makeRequest(2, 150));
  assert.deepEqual(JSON.parse(partial.body.toString()), {
    partialSuccess: {
      rejectedDataPoints: '1',
      errorMessage: 'a data point has 151 labels; at most 150 are taken',
    },
  });
  const answer = decodeMessage(
    METRICS_RESPONSE,
    (await protobuf(encode(makeRequest(2, 150)))).body,
  );
  assert.equal(answer.partialSuccess?.rejectedDataPoints, 1);
});

test('what is malformed, of another type or not signed for CloudWatch is refused', async () => {
  assert.equal((await json('{"resourceMetrics":5}')).status < 500, true);
  assert.equal((await json('{')).status, 400);
  assert.equal((await protobuf(Buffer.from([0xff]))).status, 400);
  assert.equal((await protobuf(Buffer.from('x'), { 'content-encoding': 'gzip' })).status, 400);
  const { length } = encode('{}');
  assert.equal((await protobuf(Buffer.alloc(length), { 'content-encoding': 'zstd' })).status, 415);
  assert.equal((await protobuf(Buffer.alloc(0), { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await protobuf(Buffer.alloc(0), {}, 'xray')).status, 403);
  const unsigned = await fetch(`${aws.url}/v1/metrics`, { method: 'POST' });
  assert.equal(unsigned.status, 403);
});

test('requests are throttled, fail and are rejected in part on command', async () => {
  const set = (fault: object) =>
    aws.cloud.trouble.set({ faults: [{ action: 'OTLP metrics', count: 1, ...fault }] });
  set({});
  const throttled = await json(makeRequest(1));
  assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '1']);
  set({ code: 'ServiceUnavailable', status: 503 });
  assert.equal((await json(makeRequest(1))).status, 503);
  set({ how: 'reset' });
  await assert.rejects(json(makeRequest(1)));
  set({ how: 'partial', documents: 0.5, code: 'Bad' });
  const partial = await json(makeRequest(4));
  assert.match(partial.body.toString(), /"rejectedDataPoints":"2","errorMessage":"Bad on command"/);
});

test('the newest points are kept', () => {
  const endpoint = new CloudWatchOtlp();
  for (let request = 0; request < 21; request++)
    endpoint.take(encode(makeRequest(1_000)), undefined);
  const { kept, dropped, points } = endpoint.describe();
  assert.deepEqual([kept.length, dropped, points], [20_000, 1_000, 21_000]);
});
