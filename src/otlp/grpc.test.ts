import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeAuthority } from '../../test/kit/authority.ts';
import { onEnd } from '../../test/kit/ending.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import {
  makeTraceRequest,
  type ReceiverParts,
  startOtlpReceiver,
} from '../../test/kit/otlp-receiver.ts';
import { until } from '../../test/kit/waiting.ts';
import { writeGrpcFrame } from '../kernel/grpc/framing.ts';
import { decodeMessage } from '../wire/protobuf/decode.ts';
import { readRetryDelayMs, RPC_STATUS } from '../wire/otlp/rpc-status.ts';

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

interface Answer {
  readonly status: string;
  readonly message: string;
  readonly details: string;
  readonly body: Buffer;
}

async function call(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let found: Record<string, unknown> = {};
  stream.on('response', (answer) => (found = { ...found, ...answer }));
  stream.on('trailers', (trailers) => (found = { ...found, ...trailers }));
  stream.on('error', () => undefined);
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.end(body);
  await once(stream, 'close');
  const text = (name: string): string => (found[name] as string | undefined) ?? '';
  return {
    status: text('grpc-status'),
    message: decodeURIComponent(text('grpc-message')),
    details: text('grpc-status-details-bin'),
    body: Buffer.concat(parts),
  };
}

async function start(t: TestContext, parts: ReceiverParts = {}) {
  const started = await startOtlpReceiver(t, parts);
  const session = connect(started.grpcUrl);
  session.on('error', () => undefined);
  onEnd(t, () => session.destroy());
  return { ...started, session };
}

test('a call is answered with a message and trailers; gzip and health too', async (t) => {
  const { session, documents } = await start(t);
  const request = makeTraceRequest(10);
  const plain = await call(session, TRACES, writeGrpcFrame(request));
  assert.deepEqual([plain.status, plain.body], ['0', Buffer.alloc(5)]);
  const zipped = writeGrpcFrame(gzipSync(request), true);
  const gzip = { 'grpc-encoding': 'gzip' };
  assert.equal((await call(session, TRACES, zipped, gzip)).status, '0');
  assert.equal(documents.length, 2);
  const health = await call(session, '/grpc.health.v1.Health/Check', writeGrpcFrame(Buffer.alloc(0)));
  assert.deepEqual([health.status, health.body.subarray(5)], ['0', Buffer.from([8, 1])]);
}); // prettier-ignore

test('each way of failing has its status, in words', async (t) => {
  const { session, documents } = await start(t, { grpc: { messageMaxBytes: 1_000 } });
  const request = makeTraceRequest();
  const frame = writeGrpcFrame(request);
  const cases: [string, Promise<Answer>, string, RegExp][] = [
    ['method', call(session, '/a.B/C', frame), '12', /no method/],
    ['logs', call(session, '/opentelemetry.proto.collector.logs.v1.LogsService/Export', frame), '12', /logs are not/],
    ['metrics', call(session, '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', frame), '12', /traces alone/],
    ['garbage', call(session, TRACES, writeGrpcFrame(Buffer.from('garbage'))), '3', /malformed protobuf/],
    ['large', call(session, TRACES, writeGrpcFrame(Buffer.alloc(2_000))), '8', /larger than 1000 bytes/],
    ['bomb', call(session, TRACES, writeGrpcFrame(gzipSync(Buffer.alloc(100_000)), true), { 'grpc-encoding': 'gzip' }), '8', /larger than 1000/],
    ['cut', call(session, TRACES, frame.subarray(0, 20)), '13', /cut off/],
    ['two', call(session, TRACES, Buffer.concat([frame, frame])), '13', /one message/],
    ['coding', call(session, TRACES, writeGrpcFrame(request, true), { 'grpc-encoding': 'br' }), '12', /grpc-encoding/],
  ];
  for (const [name, answer, status, words] of cases) {
    const { status: given, message } = await answer;
    assert.equal(given, status, `${name}: ${message}`);
    assert.match(message, words);
  }
  assert.deepEqual(documents, []);
  assert.equal((await call(session, TRACES, frame)).status, '0');
}); // prettier-ignore

test('a client that does not send its whole call is told so in its time', async (t) => {
  const { session } = await start(t);
  const stream = session.request({
    ':method': 'POST',
    ':path': TRACES,
    'content-type': 'application/grpc',
    'grpc-timeout': '50m',
  });
  stream.on('error', () => undefined);
  const [headers] = (await once(stream, 'response')) as [Record<string, string>];
  assert.equal(headers['grpc-status'], '4');
});

test('what is to be sent again says when, where clients look for it', async (t) => {
  const { session } = await start(t, {
    appender: {
      commit: () => {
        throw new Error('the disk is full');
      },
    },
  });
  const { status, details } = await call(session, TRACES, writeGrpcFrame(makeTraceRequest()));
  assert.equal(status, '14');
  const said = decodeMessage(RPC_STATUS, Buffer.from(details, 'base64'));
  assert.equal(readRetryDelayMs(said), 5_000);
});

test('a stop tells the client to go elsewhere, and lets a call under way end', async (t) => {
  const { session, receiver, documents } = await start(t);
  const frame = writeGrpcFrame(makeTraceRequest());
  await call(session, TRACES, frame);
  const stream = session.request({ ':method': 'POST', ':path': TRACES, 'content-type': 'application/grpc' });
  stream.write(frame.subarray(0, 10));
  await new Promise((resolve) => session.ping(resolve));
  const gone = once(session, 'goaway');
  const stopped = receiver.stop(5_000);
  await gone;
  stream.end(frame.subarray(10));
  const trailers = once(stream, 'trailers') as Promise<[Record<string, string>]>;
  stream.resume();
  assert.equal((await trailers)[0]['grpc-status'], '0');
  await stopped;
  assert.equal(documents.length, 2);
}); // prettier-ignore

test('a sender that speaks HTTP/1 is told in the log, and others go on', async (t) => {
  const { session, receiver, world } = await start(t);
  const socket = connectTcp(receiver.grpcPort, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.end('POST /v1/traces HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('it is told', 5_000, () =>
    world.lines.some((line) => line.includes(`is at port ${receiver.httpPort}`)),
  );
  assert.equal(
    world.metric('amperage_otlp_wrong_protocol_total{receiver="otlp",protocol="grpc"}'),
    1,
  );
  assert.equal((await call(session, TRACES, writeGrpcFrame(makeTraceRequest()))).status, '0');
});

test('a call comes by TLS', async (t) => {
  const { server, file } = makeAuthority(temporaryFolder(t), 'ca');
  const tls = {
    ...server,
    client_auth_type: 'NoClientCert',
    min_version: 'TLS12',
    max_version: 'TLS13',
  } as const;
  const { receiver } = await startOtlpReceiver(t, { grpc: { tls } });
  const { readFileSync } = await import('node:fs');
  const session = connect(`https://localhost:${receiver.grpcPort}`, { ca: readFileSync(file) });
  onEnd(t, () => session.destroy());
  assert.equal((await call(session, TRACES, writeGrpcFrame(makeTraceRequest()))).status, '0');
});
