/**
 * Raw bytes sent to the proxy over a socket. Each edge of HTTP/1.1 has its status and message,
 * nothing of a refused request arrives upstream, and the proxy goes on. docs/proxy.md describes the
 * same.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { test, type TestContext } from 'node:test';
import { VirtualClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { createWebServer } from '../../src/kernel/web-server.ts';
import { BodyKeeper } from '../../src/proxy/body.ts';
import type { ProxyConfig } from '../../src/proxy/config.ts';
import { createProxyMetrics, type ProxyMetrics } from '../../src/proxy/metrics.ts';
import { SigningProxy } from '../../src/proxy/proxy.ts';
import { ProxyServer } from '../../src/proxy/server.ts';
import { Upstream } from '../../src/proxy/upstream.ts';
import { until } from '../kit/waiting.ts';
import { BODY_MAX_BYTES, CHUNKED, get, HEAD, PASSED, post, REFUSED } from './proxy-edge-cases.ts';
import { type Arrived, KEYS, startUpstream } from '../kit/proxies.ts';
import { listen } from '../kit/listen.ts';

interface Edge {
  readonly port: number;
  readonly metrics: ProxyMetrics;
  readonly registry: Registry;
}

async function startEdge(context: TestContext, upstreamHost: string, host?: string): Promise<Edge> {
  const config: ProxyConfig = {
    routes: [
      {
        upstream: host ?? `http://${upstreamHost}`,
        service: 'aps',
        region: 'us-east-1',
        stripPath: false,
        unsignedPayload: false,
      },
    ],
    upstreamScheme: 'http',
    strip: [],
    duplicate: [],
    customHeaders: [],
    verifiesTls: true,
    idleTimeoutMs: 1_000,
    upstreamTimeoutMs: 5_000,
    logsFailures: false,
  };
  const upstream = await Upstream.open(config);
  const registry = new Registry();
  const metrics = createProxyMetrics(registry);
  const limits = { maxBytes: BODY_MAX_BYTES, allMaxBytes: 10_000, folder: tmpdir(), idleMs: 5_000 };
  const proxy = new SigningProxy(config, {
    world: { clock: new VirtualClock(Date.now()), log: silentLogger },
    upstream,
    bodies: new BodyKeeper(limits, metrics.bodyBytes),
    metrics,
    credentialsOf: () =>
      Object.assign(() => Promise.resolve(KEYS), {
        invalidate: () => false,
        close: () => undefined,
      }),
    defaultRegion: undefined,
  });
  const server = new ProxyServer({ listen: '127.0.0.1:0', proxy, log: silentLogger });
  await server.start();
  context.after(async () => {
    await server.stop(100);
    await upstream.close();
  });
  return { port: Number(new URL(server.url).port), metrics, registry };
}

/** Sends the bytes and reads to the end of the connection. */
async function exchange(port: number, text: string | Buffer, isEnded = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(8_000, () => socket.destroy(new Error(`no end; so far: ${answer}`)));
    socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
    if (isEnded) socket.end(text);
    else socket.write(text);
  });
}

test('each edge is refused with its status and message, and nothing of it arrives', async (context) => {
  const upstream = await startUpstream(context);
  const { port, metrics } = await startEdge(context, upstream.host);
  for (const [name, text, status, words] of REFUSED) {
    const answer = await exchange(port, text, name.endsWith('breaks off'));
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`), `${name}: ${answer}`);
    assert.match(body, words, name);
    assert.match(head, /^content-type: text\/plain; charset=utf-8\r?$/im, name);
    assert.match(head, /^connection: close\r?$/im, name);
    assert.equal(answer.split('HTTP/1.1 ').length, 2 + body.split('HTTP/1.1 ').length - 1, name);
    if (status === 405) assert.match(head, /^allow: GET, HEAD, POST/im, name);
  }
  assert.equal(upstream.arrived.length, 0);
  assert.match(await exchange(port, get('/')), /^HTTP\/1\.1 200/);
  const of = (status: number): number => REFUSED.filter((one) => one[2] === status).length;
  for (const status of [400, 413, 417, 431, 501, 505])
    assert.equal(metrics.requests.with({ status: String(status) }).value, of(status), `${status}`);
});

test('unusual but valid requests are forwarded, without headers of the connection', async (context) => {
  const upstream = await startUpstream(context);
  const { port } = await startEdge(context, upstream.host);
  for (const [name, text, expected] of PASSED) {
    const answer = await exchange(port, text);
    assert.match(answer, /^HTTP\/1\.1 200 /, name);
    const arrived = upstream.arrived.at(-1)!;
    for (const [key, value] of Object.entries(expected))
      assert.deepEqual(arrived[key as keyof Arrived], value, name);
    for (const hop of ['upgrade', 'http2-settings', 'te', 'expect', 'trailer'])
      assert.equal(arrived.headers[hop], undefined, `${name}: ${hop}`);
  }
  assert.equal(upstream.arrived.length, PASSED.length);
});

test('bytes beyond ASCII in a header are forwarded unchanged', async (context) => {
  const upstream = await startUpstream(context);
  const { port } = await startEdge(context, upstream.host);
  await exchange(port, get('/', `${HEAD}X-A: ä\r\n`));
  assert.equal(Buffer.from(String(upstream.arrived[0]!.headers['x-a']), 'latin1').toString(), 'ä');
});

test('the proxy answers an OPTIONS request about itself, and forwards one about the upstream', async (context) => {
  const upstream = await startUpstream(context);
  const { port } = await startEdge(context, upstream.host);
  const allow = /^HTTP\/1\.1 204 [^]*\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n/i;
  assert.match(await exchange(port, `OPTIONS * HTTP/1.1\r\n${HEAD}\r\n`), allow);
  const last = `OPTIONS /a HTTP/1.1\r\n${HEAD}Max-Forwards: 0\r\n\r\n`;
  assert.match(await exchange(port, last), allow);
  assert.equal(upstream.arrived.length, 0);
  await exchange(port, last.replace('0\r\n\r\n', '3\r\n\r\n'));
  const [arrived] = upstream.arrived;
  assert.deepEqual([arrived?.method, arrived?.headers['max-forwards']], ['OPTIONS', '2']);
});

test('trailers do not pass, in neither direction', async (context) => {
  let seen: unknown;
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => {
      seen = { ...incoming.trailers, named: incoming.headers['trailer'] };
      outgoing.writeHead(200, { trailer: 'x-t' });
      outgoing.addTrailers({ 'x-t': '1' });
      outgoing.end('ok');
    });
  });
  const { host } = await listen(context, server);
  const { port } = await startEdge(context, host);
  const body = '3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n';
  const answer = await exchange(port, post(`${CHUNKED}Trailer: X-T\r\n\r\n${body}`));
  assert.deepEqual(seen, { named: undefined });
  assert.match(answer, /\r\n0\r\n\r\n$/);
  assert.doesNotMatch(answer, /x-t/i);
});

test('100 Continue is sent only when the body can be accepted', async (context) => {
  const upstream = await startUpstream(context);
  const { port } = await startEdge(context, upstream.host);
  const expecting = (length: number): string =>
    post(`${HEAD}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`);
  assert.match(await exchange(port, `${expecting(3)}abc`), /^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200/);
  const startedMs = performance.now();
  assert.match(await exchange(port, expecting(BODY_MAX_BYTES + 1)), /^HTTP\/1\.1 413/);
  assert.ok(performance.now() - startedMs < 1_000, 'the client is not waited for');
  assert.equal(upstream.arrived.length, 1);
});

test('pipelined requests are answered in order, and an invalid one behind them last', async (context) => {
  const upstream = await startUpstream(context, ({ url }) => ({ status: 200, body: `<${url}>` }));
  const { port } = await startEdge(context, upstream.host);
  const kept = 'Host: a.test\r\n';
  const answer = await exchange(port, `${get('/1', kept)}${get('/2', kept)}hello\r\n\r\n`);
  assert.match(
    answer,
    /^HTTP\/1\.1 200 [^]*<\/1>[^]*HTTP\/1\.1 200 [^]*<\/2>[^]*HTTP\/1\.1 400 [^]*not an HTTP\/1.1 request\n$/,
  );
  const two = await exchange(port, `${get('/1', kept)}${get('/2')}`);
  assert.match(two, /<\/1>[^]*HTTP\/1\.1 200 [^]*<\/2>/);
});

test('an answer of an upstream with a transfer coding other than chunked is refused', async (context) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () =>
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      ),
    );
  });
  const { host } = await listen(context, server);
  const { port } = await startEdge(context, host);
  assert.match(
    await exchange(port, get('/')),
    /^HTTP\/1\.1 502 [^]*Transfer-Encoding: gzip, chunked/,
  );
});

test('a refused client that stays is cut off', async (context) => {
  const limits = { requestTimeout: 0, headersTimeout: 10_000 };
  const options = { limits, web: undefined, methods: 'GET', noTunnel: 'none' };
  const server = createWebServer(options, (_incoming, outgoing) => void outgoing.end());
  const { port } = await listen(context, server);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write('hello\r\n\r\n');
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, found) => resolve(found)));
  await until('it was taken', 2_000, async () => (await count()) === 1);
  await until('it is cut off', 4_000, async () => (await count()) === 0);
  socket.destroy();
});
