import assert from 'node:assert/strict';
import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { HttpClientError } from '../http-client-error.ts';
import { type GrpcCall, GrpcClient, type GrpcClientOptions } from './client.ts';
import { writeGrpcFrame } from './framing.ts';

type Handle = (stream: ServerHttp2Stream, body: Buffer, headers: Record<string, unknown>) => void;

interface Peer {
  readonly origin: string;
  readonly server: Http2Server;
  readonly sessions: ServerHttp2Session[];
  handle: Handle;
}

/** A server of HTTP/2 in the clear that answers as the test says. */
async function startPeer(context: TestContext): Promise<Peer> {
  const server = createServer();
  const sessions: ServerHttp2Session[] = [];
  const peer = { server, sessions, handle: answerWith(0) };
  server.on('session', (session) => void sessions.push(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => peer.handle(stream as ServerHttp2Stream, Buffer.concat(parts), headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return Object.assign(peer, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
}

function answerWith(
  status: number,
  {
    text = '',
    message = Buffer.alloc(0),
    headers = {},
  }: {
    text?: string;
    message?: Buffer;
    headers?: Record<string, string>;
  } = {},
): Handle {
  return (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', ...headers },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'grpc-status': String(status),
        ...(text === '' ? {} : { 'grpc-message': text }),
      }),
    );
    stream.end(message);
  };
}

function clientOf(context: TestContext, options: Partial<GrpcClientOptions> & { origin: string }) {
  const client = new GrpcClient({ answerMaxBytes: 1_000, ...options });
  context.after(() => client.close());
  const call = (more: Partial<GrpcCall> = {}) =>
    client.call({
      path: '/a.B/C',
      headers: { 'x-tenant': 't' },
      message: Buffer.from('hello'),
      encoding: undefined,
      timeoutMs: 5_000,
      signal: new AbortController().signal,
      ...more,
    });
  return { client, call };
}

test('a call carries its message, and gives message and status of the answer', async (context) => {
  const peer = await startPeer(context);
  let seen: unknown[] = [];
  peer.handle = (stream, body, headers) => {
    seen = [
      headers[':path'],
      headers['x-tenant'],
      headers['content-type'],
      body.subarray(5).toString(),
    ];
    answerWith(0, { message: writeGrpcFrame(Buffer.from('hi')) })(stream, body, headers);
  };
  const { call } = clientOf(context, peer);
  const answer = await call();
  assert.deepEqual(seen, ['/a.B/C', 't', 'application/grpc', 'hello']);
  assert.deepEqual([answer.status, String(answer.message)], ['ok', 'hi']);
  peer.handle = answerWith(0, {
    message: writeGrpcFrame(gzipSync('packed'), true),
    headers: { 'grpc-encoding': 'gzip' },
  });
  assert.equal(String((await call()).message), 'packed');
  assert.equal(peer.sessions.length, 1);
});

test('an error has its name and text, also where the answer is none of gRPC', async (context) => {
  const peer = await startPeer(context);
  const { call } = clientOf(context, peer);
  peer.handle = answerWith(8, { text: 'too%20much' });
  const { status, text } = await call();
  assert.deepEqual([status, text], ['resourceExhausted', 'too much']);
  peer.handle = (stream) => {
    stream.respond({ ':status': 503 });
    stream.end('busy');
  };
  assert.equal((await call()).status, 'unavailable');
});

test('an answer above the limit has no message, and its status counts', async (context) => {
  const peer = await startPeer(context);
  const { call } = clientOf(context, peer);
  for (const message of [
    writeGrpcFrame(Buffer.alloc(2_000)),
    writeGrpcFrame(gzipSync(Buffer.alloc(1_000_000)), true),
  ]) {
    peer.handle = answerWith(0, { message, headers: { 'grpc-encoding': 'gzip' } });
    const answer = await call();
    assert.deepEqual([answer.status, answer.message], ['ok', undefined]);
  }
});

test('no answer is an error that may pass: refused, reset, too late, given up', async (context) => {
  const peer = await startPeer(context);
  const kinds = async (call: Promise<unknown>): Promise<string> => {
    const error = await call.then(
      () => assert.fail('it was answered'),
      (one: unknown) => one,
    );
    assert.ok(error instanceof HttpClientError);
    assert.match(error.message, /^gRPC http:\/\/127.0.0.1:\d+\/a\.B\/C /);
    return error.kind;
  };
  const { call } = clientOf(context, peer);
  peer.handle = (stream) => stream.close(2);
  assert.equal(await kinds(call()), 'reset');
  peer.handle = () => undefined;
  assert.equal(await kinds(call({ timeoutMs: 30 })), 'timeout');
  const ending = new AbortController();
  const given = kinds(call({ signal: ending.signal }));
  ending.abort();
  assert.equal(await given, 'aborted');
  const gone = clientOf(context, { origin: 'http://127.0.0.1:1' });
  assert.equal(await kinds(gone.call()), 'connect');
});

test('after GOAWAY the call under way ends, and the next one connects anew', async (context) => {
  const peer = await startPeer(context);
  let connections = 0;
  const { call } = clientOf(context, { ...peer, onConnected: () => (connections += 1) });
  const late: (() => void)[] = [];
  peer.handle = (stream, body, headers) =>
    void late.push(() => answerWith(0)(stream, body, headers));
  const under = call();
  while (late.length === 0) await sleep(5);
  peer.sessions[0]?.goaway();
  await sleep(50);
  peer.handle = answerWith(0);
  assert.equal((await call()).status, 'ok');
  late[0]?.();
  assert.equal((await under).status, 'ok');
  assert.equal(connections, 2);
});

test('a connection that has ended is made anew', async (context) => {
  const peer = await startPeer(context);
  const { call } = clientOf(context, peer);
  await call();
  peer.sessions[0]?.destroy();
  await sleep(50);
  assert.equal((await call()).status, 'ok');
  assert.equal(peer.sessions.length, 2);
});

test('a connection that answers no ping is given up, with the call on it', async (context) => {
  const silent = createPlainServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  context.after(() => silent.close());
  const origin = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const keepAlive = { timeMs: 30, timeoutMs: 30, whileIdle: false };
  const { call } = clientOf(context, { origin, keepAlive });
  await assert.rejects(call({ timeoutMs: 10_000 }), /no answer to a ping within 30 ms/);
});

test('a connection on which a call has come to nothing is not used again', async (context) => {
  const peer = await startPeer(context);
  const { call } = clientOf(context, { origin: peer.origin });
  assert.equal((await call()).status, 'ok');
  // As behind a device that has forgotten the connection: what is sent on it goes nowhere.
  const [silent] = peer.sessions;
  const answer = peer.handle;
  peer.handle = (stream, ...rest) => stream.session !== silent && answer(stream, ...rest);
  await assert.rejects(call({ timeoutMs: 100 }), /took longer than 100 ms/);
  assert.equal((await call({ timeoutMs: 2_000 })).status, 'ok');
  assert.equal(peer.sessions.length, 2);
});

test('a redirect is no answer of gRPC: the endpoint is another one', async (context) => {
  const peer = await startPeer(context);
  const { call } = clientOf(context, { origin: peer.origin });
  for (const status of [302, 405, 415]) {
    peer.handle = (stream) => {
      stream.respond({ ':status': status, location: 'https://a' });
      stream.end();
    };
    assert.equal((await call()).status, 'unimplemented', String(status));
  }
});
