import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { makeTraceRequest, startOtlpReceiver } from '../../test/kit/otlp-receiver.ts';
import { until } from '../../test/kit/waiting.ts';
import { decodeMessage } from '../wire/protobuf/decode.ts';
import { RPC_STATUS } from '../wire/otlp/rpc-status.ts';
import { compress } from '../wire/snappy.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

async function post(url: string, body: Uint8Array | string, headers: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: body as Buffer<ArrayBuffer>, headers });
  return { response, status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

const startTraces = async (t: TestContext, parts = {}) => {
  const started = await startOtlpReceiver(t, parts);
  return { ...started, traces: `${started.url}/v1/traces` };
};

test('a request is answered in its encoding, with its spans committed before', async (t) => {
  const { traces, documents } = await startTraces(t);
  const written = await post(traces, makeTraceRequest(), PROTOBUF);
  assert.equal(written.status, 200);
  assert.equal(written.response.headers.get('content-type'), 'application/x-protobuf');
  assert.equal(written.body.length, 0);
  assert.equal(documents.length, 1);
  const json = await post(traces, '{"resourceSpans":[]}', {
    'content-type': 'Application/JSON; charset=utf-8',
  });
  assert.deepEqual([json.status, json.body.toString()], [200, '{}']);
  assert.equal((await post(traces, '', PROTOBUF)).status, 200);
  assert.equal((await post(traces, '', JSON_TYPE)).status, 400);
});

test('each compression is inflated, another one refused', async (t) => {
  const { traces, documents } = await startTraces(t);
  const body = makeTraceRequest(3_000, 100);
  const all = {
    gzip: gzipSync(body),
    deflate: deflateSync(body),
    zlib: deflateSync(body),
    zstd: zstdCompressSync(body),
    snappy: compress(body),
    identity: body,
  };
  for (const [coding, bytes] of Object.entries(all)) {
    const before = documents.length;
    const { status } = await post(traces, bytes, { ...PROTOBUF, 'content-encoding': coding });
    assert.equal(status, 200, coding);
    assert.ok(documents.length > before, coding);
  }
  const refused = await post(traces, body, { ...PROTOBUF, 'content-encoding': 'lz4' });
  assert.equal(refused.status, 400);
  const cut = { ...PROTOBUF, 'content-encoding': 'gzip' };
  assert.equal((await post(traces, gzipSync(body).subarray(0, 50), cut)).status, 400);
});

test('what is no request is refused by method, path, type and content', async (t) => {
  const { traces, url, documents, world } = await startTraces(t);
  const get = await fetch(traces);
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
  assert.equal((await post(traces, 'x', { 'content-type': 'text/plain' })).status, 415);
  const logs = await post(`${url}/v1/logs`, '{}', JSON_TYPE);
  assert.equal(logs.status, 404);
  assert.match(logs.body.toString(), /logs are not taken/);
  const metrics = await post(`${url}/v1/metrics`, Buffer.alloc(0), PROTOBUF);
  assert.equal(metrics.status, 404);
  assert.match(decodeMessage(RPC_STATUS, metrics.body).message, /takes traces alone/);
  const garbage = await post(traces, 'garbage', PROTOBUF);
  assert.equal(garbage.status, 400);
  assert.equal(decodeMessage(RPC_STATUS, garbage.body).code, 3);
  const json = await post(traces, '{"resourceSpans":', JSON_TYPE);
  assert.deepEqual(JSON.parse(json.body.toString()), { code: 3, message: 'malformed JSON' });
  assert.deepEqual(documents, []);
  const refused = 'amperage_otlp_requests_total{receiver="otlp",protocol="http",signal="traces",outcome="invalidArgument"}';
  assert.equal(world.metric(refused), 2);
}); // prettier-ignore

test('spans without ids are rejected in a partial success, the others taken', async (t) => {
  const { traces, documents, world } = await startTraces(t);
  const good = '{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}';
  const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[${good},{"traceId":"00"}]}]}]}`;
  const { status, body: answer } = await post(traces, body, JSON_TYPE);
  assert.equal(status, 200);
  const { partialSuccess } = JSON.parse(answer.toString()) as {
    partialSuccess: { rejectedSpans: string; errorMessage: string };
  };
  assert.equal(partialSuccess.rejectedSpans, '1');
  assert.match(partialSuccess.errorMessage, /trace_id/);
  assert.equal(documents.length, 1);
  assert.equal(world.metric('amperage_otlp_rejected_items_total'), 1);
  assert.equal(world.metric('amperage_otlp_items_total'), 1);
});

test('what cannot be committed is to be sent again, after a while', async (t) => {
  const { traces } = await startTraces(t, {
    appender: {
      commit: () => {
        throw new Error('the disk is full');
      },
    },
  });
  const { status, response } = await post(traces, makeTraceRequest(), PROTOBUF);
  assert.equal(status, 503);
  assert.equal(response.headers.get('retry-after'), '5');
});

test('a large request in JSON is converted in a thread, and its faults are told', async (t) => {
  const { traces, documents } = await startTraces(t);
  const span = { traceId: '01'.repeat(16), spanId: '02'.repeat(8), name: 'n'.repeat(1_000) };
  const spans = Array.from({ length: 2_000 }, () => span);
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const answers = await Promise.all([
    post(traces, body, JSON_TYPE),
    post(traces, `${body}x`, JSON_TYPE),
    post(traces, body, JSON_TYPE),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 400, 200],
  );
  assert.ok(documents.length > 80, String(documents.length));
});

test('gRPC and TLS that come to the port of HTTP are told with where they belong', async (t) => {
  const { world, receiver } = await startTraces(t);
  const beginnings = ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x00\x05hello'];
  for (const bytes of beginnings) {
    const socket = connect(receiver.httpPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(Buffer.from(bytes, 'latin1')).resume();
  }
  const counted = 'amperage_otlp_wrong_protocol_total{receiver="otlp",protocol="http"}';
  await until('both are counted', 5_000, () => world.metric(counted) === 2);
  const told = world.lines.join('\n');
  assert.ok(told.includes(`gRPC is at port ${receiver.grpcPort}`), told);
  assert.match(told, /TLS came, and this listener has none/);
  assert.match(told, /127\.0\.0\.1/);
});

test('an endpoint that has the path of a signal already is told what to set', async (t) => {
  const { url } = await startTraces(t);
  const { status, body } = await post(`${url}/v1/metrics/v1/metrics`, '{}', JSON_TYPE);
  assert.equal(status, 404);
  assert.match(body.toString(), /set OTEL_EXPORTER_OTLP_ENDPOINT without \/v1\/metrics/);
});

test('a page of an allowed origin may send, another not', async (t) => {
  const cors = { origins: ['https://*.example.com'], headers: ['x-key'], exposedHeaders: [], maxAgeSeconds: 60 };
  const { traces } = await startTraces(t, { http: { cors } });
  const ask = (origin: string, headers = 'content-type,x-key') =>
    fetch(traces, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
    });
  const allowed = await ask('https://shop.example.com', 'x-key');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://shop.example.com');
  assert.equal(allowed.headers.get('access-control-allow-headers'), 'x-key');
  assert.equal(allowed.headers.get('access-control-max-age'), '60');
  const usual = await ask('https://shop.example.com');
  assert.equal(usual.headers.get('access-control-allow-headers'), 'content-type, x-key');
  for (const refused of [await ask('https://example.org'), await ask('https://a.example.com', 'x-other')])
    assert.equal(refused.headers.get('access-control-allow-origin'), null);
  const sent = await post(traces, makeTraceRequest(), { ...PROTOBUF, origin: 'https://a.example.com' });
  assert.equal(sent.response.headers.get('access-control-allow-origin'), 'https://a.example.com');
}); // prettier-ignore
