import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { componentContract } from '../../test/contracts/component.ts';
import { onEnd } from '../../test/kit/ending.ts';
import {
  type Asking,
  ok,
  type Seen,
  startForwarder,
  startUpstream,
} from '../../test/kit/forwarding.ts';
import { until } from '../../test/kit/waiting.ts';
import { createWorld } from '../../test/kit/world.ts';
import { Forwarder } from './forwarder.ts';

componentContract('the forwarder', () => {
  const credentials = { accessKey: 'A', secretKey: 's' };
  const access = { service: 'xray', region: 'eu-west-1', credentials };
  const settings = { id: 'f', listen: '127.0.0.1:0', access, keepsSampling: true };
  return new Forwarder(settings, createWorld());
});

test('a request passes signed, and its answer with status, headers and bytes', async (context) => {
  const body = gzipSync('whatever');
  const upstream = await startUpstream(context, (outgoing) => {
    outgoing.writeHead(207, [
      ['Content-Encoding', 'gzip'],
      ['X-Twice', 'a'],
      ['X-Twice', 'b'],
      ['Keep-Alive', 'timeout=99'],
      ['X-Hop', 'gone'],
      ['Connection', 'X-Hop'],
    ] as unknown as string[]);
    outgoing.end(body);
  });
  const { ask, metric } = await startForwarder(context, upstream.url, { paths: undefined });
  const sent = gzipSync('a document');
  const answer = await ask('/any/path?x=1&y=%2F', {
    method: 'PATCH',
    headers: {
      authorization: 'of the client',
      'content-encoding': 'gzip',
      connection: 'x-mine',
      'x-mine': 'hop',
      te: 'trailers',
      'x-end': 'to end',
    },
    body: sent,
  });
  assert.equal(answer.status, 207);
  assert.deepEqual(answer.body, body);
  assert.deepEqual(answer.headers['x-twice'], 'a, b');
  assert.equal(answer.rawHeaders.filter((name) => name.toLowerCase() === 'x-twice').length, 2);
  assert.equal(answer.headers['x-hop'], undefined);
  assert.equal(answer.headers['content-type'], undefined);
  assert.doesNotMatch(String(answer.headers['keep-alive']), /99/);
  const [{ method, url, headers, body: arrived } = {} as Seen] = upstream.seen;
  assert.equal(method, 'PATCH');
  assert.equal(url, '/any/path?x=1&y=%2F');
  assert.deepEqual(arrived, sent, 'a compressed body is not inflated');
  assert.equal(headers['content-encoding'], 'gzip');
  assert.equal(headers['x-end'], 'to end');
  assert.equal(headers['x-mine'], undefined);
  assert.equal(headers['te'], undefined);
  assert.match(headers.authorization ?? '', /^AWS4-HMAC-SHA256 .*\/eu-west-1\/xray\//);
  assert.equal(metric('amperage_xray_forwarded_requests_total{forwarder="f",status="207"}'), 1);
  const head = await ask('/', { method: 'HEAD' });
  assert.equal(head.status, 207);
  assert.equal(head.body.length, 0);
});

test('a whole URL as the target is asked for by its path; fetch of Node passes', async (context) => {
  const upstream = await startUpstream(context);
  const { ask, forwarder } = await startForwarder(context, upstream.url);
  assert.equal((await ask('http://localhost:2000/TraceSegments')).status, 200);
  assert.equal(upstream.seen[0]?.url, '/TraceSegments');
  const url = `http://127.0.0.1:${forwarder.port}/TelemetryRecords`;
  assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 200);
});

test('what is not for programs, not in the list or not to be signed is refused', async (context) => {
  const upstream = await startUpstream(context);
  const { ask, metric } = await startForwarder(context, upstream.url);
  const unknown = /not known as a name of this server/;
  const refusals: [string, Asking, number, RegExp][] = [
    ['/Traces', {}, 403, /Traces is not forwarded.*awsproxy/],
    ['/GetSamplingRules/', {}, 403, /is not forwarded/],
    ['/%47etSamplingRules', {}, 403, /is not forwarded/],
    ['/TraceSegments', { headers: { origin: 'http://evil' } }, 403, /Origin/],
    ['/TraceSegments', { headers: { 'sec-fetch-site': 'same-origin' } }, 403, /Sec-Fetch-Site/],
    ['/TraceSegments', { headers: { host: 'evil.example.com:2000' } }, 403, unknown],
    ['http://evil.example.com/TraceSegments', {}, 403, unknown],
    ['/TraceSegments', { method: 'TRACE', body: '' }, 405, /TRACE/],
    [
      '/TraceSegments',
      { headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } },
      501,
      /aws-chunked/,
    ],
  ];
  for (const [path, options, status, words] of refusals) {
    const answer = await ask(path, options);
    assert.equal(answer.status, status, path);
    assert.match(answer.body.toString(), words);
    assert.match(String(answer.headers['content-type']), /^text\/plain/);
  }
  assert.equal(upstream.seen.length, 0);
  const refused = 'amperage_xray_forwarded_requests_refused_total{forwarder="f",reason=';
  assert.equal(metric(`${refused}"path"}`), 3);
  assert.equal(metric(`${refused}"browser"}`), 4);
});

test('a body above the limit is refused, and so is a request that comes back', async (context) => {
  const upstream = await startUpstream(context);
  const { ask, metric } = await startForwarder(context, upstream.url);
  const large = await ask('/TraceSegments', {
    headers: { 'content-length': 16 * 1024 * 1024 + 1 },
  });
  assert.equal(large.status, 413);
  assert.match(large.body.toString(), /larger than 16777216 bytes/);
  assert.equal(
    metric('amperage_xray_forwarded_requests_refused_total{forwarder="f",reason="too_large"}'),
    1,
  );
  await ask('/TraceSegments');
  const via = String(upstream.seen[0]?.headers.via);
  assert.match(via, /^1\.1 amperage-/);
  assert.equal((await ask('/TraceSegments', { headers: { via } })).status, 508);
});

test('bodies under way are bounded together', async (context) => {
  const upstream = await startUpstream(context, () => undefined);
  const { forwarder, ask, metric } = await startForwarder(context, upstream.url);
  const head =
    'POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n';
  const almost = Buffer.alloc(16_777_215);
  const sockets = Array.from({ length: 8 }, () => connect(forwarder.port, '127.0.0.1'));
  onEnd(context, () => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) {
    socket.on('error', () => undefined).write(head);
    socket.write(almost);
  }
  const held = `amperage_http_server_held_bytes{server="${forwarder.name}",of="bodies"}`;
  await until('almost all is held', 5_000, () => metric(held) === 8 * 16_777_216, 20);
  await until('the limit is reached', 5_000, async () => (await probe()) === 503, 20);
  for (const socket of sockets) socket.destroy();
  upstream.answer = ok;
  await until('room again', 5_000, async () => (await probe()) === 200, 20);

  async function probe(): Promise<number> {
    const asked = ask('/TraceSegments', { body: 'a'.repeat(100) });
    const status = asked.then((answer) => answer.status);
    return Promise.race([status, new Promise<number>((end) => setTimeout(end, 200, 0))]);
  }
});

test('a port that is in use, and an address that is none, are told with their key', async (context) => {
  const upstream = await startUpstream(context);
  const { forwarder } = await startForwarder(context, upstream.url);
  const taken = { listen: `127.0.0.1:${forwarder.port}`, listenFlag: 'proxy_server.endpoint' };
  await assert.rejects(startForwarder(context, upstream.url, taken), {
    code: 'PORT_IN_USE',
    message: /in use by another process.*proxy_server\.endpoint/,
  });
  const none = { listen: 'nowhere', listenFlag: '--bind-tcp' };
  await assert.rejects(startForwarder(context, upstream.url, none), {
    code: 'LISTEN_ADDRESS',
    message: /--bind-tcp "nowhere"/,
  });
});

test('a stop lets requests under way end, and gives up those that hang', async (context) => {
  const upstream = await startUpstream(context, (outgoing, incoming) => {
    setTimeout(() => ok(outgoing, incoming), 300);
  });
  const { forwarder, ask } = await startForwarder(context, upstream.url);
  const asked = ask('/TraceSegments');
  await until('it came', 5_000, () => upstream.seen.length === 1, 5);
  await forwarder.stop(5_000);
  assert.equal((await asked).status, 200);
  await forwarder.stop(0);

  const hanging = await startUpstream(context, () => undefined);
  const second = await startForwarder(context, hanging.url);
  const cut = ['/TraceSegments', '/GetSamplingRules'].map((path) => {
    return assert.rejects(second.ask(path), /hang up|ECONNRESET/);
  });
  await until('both came', 5_000, () => hanging.seen.length === 2, 5);
  const beganMs = performance.now();
  await second.forwarder.stop(100);
  assert.ok(performance.now() - beganMs < 2_000);
  await Promise.all(cut);
});

test('a health check is answered, and is no request', async (context) => {
  const upstream = await startUpstream(context);
  const { ask, metric } = await startForwarder(context, upstream.url);
  assert.equal((await ask('/-/healthy', { method: 'GET' })).status, 200);
  assert.deepEqual(upstream.seen, []);
  assert.ok(Number.isNaN(metric('amperage_xray_forwarded_requests_total')));
});
