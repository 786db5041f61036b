/** X-Ray's OTLP endpoint: its switch, its limits, and that spans are listed as other traces are. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  GetTraceSummariesCommand,
  UpdateTraceSegmentDestinationCommand,
  XRayClient,
} from '@aws-sdk/client-xray';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { postSigned } from '../../../test/kit/signed-call.ts';
import { encodeJsonRequest } from '../../wire/otlp/json.ts';

let aws: EmulatedAws;
let xray: XRayClient;
before(async () => {
  aws = await startEmulatedAws();
  const { url: endpoint, credentials } = aws;
  xray = new XRayClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  await xray.send(new UpdateTraceSegmentDestinationCommand({ Destination: 'CloudWatchLogs' }));
});
after(async () => {
  xray.destroy();
  await aws.close();
});
afterEach(() => {
  aws.cloud.trouble.set({});
  aws.account.xray.clear();
});

const NOW = Date.now();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function makeSpan(index: number, agoMs = 1_000, fill = 0): object {
  const hex = (index + 1).toString(16);
  const nanos = (ms: number): string => `${ms}000000`;
  return {
    traceId: hex.padStart(32, '0'),
    spanId: hex.padStart(16, '0'),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: nanos(NOW - agoMs),
    endTimeUnixNano: nanos(NOW - agoMs + 5),
    attributes: [{ key: 'fill', value: { stringValue: 'x'.repeat(fill) } }],
  };
}

function makeRequest(spans: object[], resourceFill = 0): string {
  const attributes = [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'fill', value: { stringValue: 'x'.repeat(resourceFill) } },
  ];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] });
}

/** The status of the answer, and its text. */
async function post(text: string, type: 'json' | 'x-protobuf' = 'json'): Promise<[number, string]> {
  const body = type === 'json' ? text : encodeJsonRequest('traces', Buffer.from(text));
  const headers = { 'content-type': `application/${type}` };
  const sent = typeof body === 'string' ? body : new Uint8Array(body);
  const answer = await postSigned(aws, 'xray', { path: '/v1/traces', headers, body: sent });
  return [answer.status, answer.body.toString()];
}

test('spans are listed among the traces', async () => {
  assert.deepEqual(await post(makeRequest([makeSpan(0)])), [200, '{}']);
  assert.deepEqual(await post(makeRequest([makeSpan(1)]), 'x-protobuf'), [200, '']);
  const found = await xray.send(
    new GetTraceSummariesCommand({
      StartTime: new Date(NOW - 60_000),
      EndTime: new Date(NOW + 60_000),
      FilterExpression: 'service("shop")',
    }),
  );
  assert.equal(found.TraceSummaries?.length, 2);
});

test('without Transaction Search the endpoint says what to switch', async () => {
  const set = (Destination: 'XRay' | 'CloudWatchLogs') =>
    xray.send(new UpdateTraceSegmentDestinationCommand({ Destination }));
  assert.equal((await set('XRay')).Destination, 'XRay');
  const [status, text] = await post(makeRequest([makeSpan(0)]));
  assert.equal(status, 400);
  assert.match(text, /UpdateTraceSegmentDestination/);
  assert.equal((await set('CloudWatchLogs')).Status, 'ACTIVE');
});

test('a request above a limit is refused whole', async () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => makeSpan(index));
  assert.deepEqual(await post(makeRequest(many(10_000)), 'x-protobuf'), [200, '']);
  const cases: [string, number, RegExp][] = [
    [makeRequest(many(10_001)), 400, /10001 spans; at most 10000/],
    [makeRequest([makeSpan(0)], 17_000), 400, /a resource with its scope has 17\d\d\d bytes/],
    [makeRequest([makeSpan(0, DAY + 2_000), makeSpan(1, 0)]), 400, /more than 24 hours apart/],
    [makeRequest([makeSpan(0, 0, 6_000_000)]), 413, /at most 5242880/],
  ];
  for (const [request, status, words] of cases) {
    const answer = await post(request, status === 413 ? 'json' : 'x-protobuf');
    assert.equal(answer[0], status);
    assert.match(answer[1], words);
  }
});

test('spans that are too large, too old or too new are rejected one by one', async () => {
  const rejected = async (...spans: object[]) => {
    const [status, text] = await post(makeRequest(spans));
    assert.equal(status, 200, text);
    const { partialSuccess } = JSON.parse(text) as {
      partialSuccess?: { rejectedSpans: string; errorMessage: string };
    };
    return [partialSuccess?.rejectedSpans, partialSuccess?.errorMessage];
  };
  const large = await rejected(makeSpan(0), makeSpan(1, 0, 210_000));
  assert.match(large.join(), /^1,a span has 210\d\d\d bytes; at most 204800/);
  assert.deepEqual(await rejected(makeSpan(2, 15 * DAY)), ['1', 'a span is older than 14 days']);
  const ahead = await rejected(makeSpan(3), makeSpan(4, -3 * HOUR));
  assert.deepEqual(ahead, ['1', 'a span is more than 2 hours ahead']);
  assert.deepEqual(await rejected(makeSpan(5)), [undefined, undefined]);
  assert.equal(Object.keys(aws.account.xray.describe().traces).length, 3);
  const fault = { action: 'OTLP traces', how: 'partial', documents: 0.5, code: 'Bad' };
  aws.cloud.trouble.set({ faults: [fault] });
  assert.deepEqual(await rejected(makeSpan(6), makeSpan(7)), ['1', 'Bad on command']);
});
