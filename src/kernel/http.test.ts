import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { componentContract } from '../../test/contracts/component.ts';
import { ConfigError } from './errors.ts';
import { type ClientRequest, HttpClientError } from './http-client.ts';
import { HttpError } from './http-error.ts';
import { type HttpHandler, HttpServer, type HttpServerOptions } from './http-server.ts';
import { parseListen } from './listen-address.ts';
import { silentLogger } from './logger.ts';
import { Registry } from './metrics.ts';
import { serve } from '../../test/kit/listen.ts';
import { until } from '../../test/kit/waiting.ts';
import { createWorld, openHttp } from '../../test/kit/world.ts';

const client = openHttp({ after });

const basics: HttpServerOptions = {
  name: 'test',
  listen: '127.0.0.1:0',
  routes: [],
  log: silentLogger,
};

function get(url: string, more: Partial<ClientRequest> = {}): ReturnType<typeof client.send> {
  return client.send({
    method: 'GET',
    url,
    timeoutMs: 2_000,
    bodyMaxBytes: 100_000,
    signal: new AbortController().signal,
    ...more,
  });
}

async function withServer(
  options: Partial<HttpServerOptions>,
  use: (url: string, server: HttpServer) => Promise<void>,
): Promise<void> {
  const server = new HttpServer({ ...basics, ...options });
  await server.start();
  try {
    await use(server.url, server);
  } finally {
    await server.stop(100);
  }
}

componentContract('the http server', () => new HttpServer(basics));

test('every server has health, readiness and its own metrics', async () => {
  const metrics = new Registry();
  metrics.counter('a_total', 'A.').inc();
  let isReady = false;
  await withServer({ metrics, ready: () => isReady }, async (url) => {
    assert.equal((await get(`${url}/-/healthy`)).status, 200);
    assert.equal((await get(`${url}/-/ready`)).status, 503);
    isReady = true;
    assert.equal((await get(`${url}/-/ready`)).status, 200);
    const exposed = await get(`${url}/metrics`);
    assert.equal(exposed.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(exposed.body.toString(), /a_total 1/);
  });
});

test('routes match exactly or by prefix; other paths are 404 and other methods 405', async () => {
  const routes = [
    {
      method: 'POST',
      path: '/write',
      handle: async (request) => ({ status: 200, body: await request.body() }),
    },
    {
      method: 'GET',
      path: '/label/*',
      handle: (request) => ({ status: 200, body: `${request.path}?${request.query}` }),
    },
  ] satisfies HttpServerOptions['routes'];
  await withServer({ routes }, async (url) => {
    assert.equal(
      (await get(`${url}/write`, { method: 'POST', body: 'hello' })).body.toString(),
      'hello',
    );
    assert.equal(
      (
        await get(`${url}/write`, {
          method: 'POST',
          body: gzipSync('zipped'),
          headers: { 'content-encoding': 'gzip' },
        })
      ).body.toString(),
      'zipped',
    );
    assert.equal(
      (await get(`${url}/label/a%2Fb/values?x=1+2`)).body.toString(),
      '/label/a%2Fb/values?x=1+2',
    );
    assert.equal((await get(`${url}/write`)).status, 405);
    assert.equal((await get(`${url}/nowhere`)).status, 404);
  });
});

test('a body over the limit is 413, declared, chunked or inflated', async () => {
  const routes = [
    {
      method: 'POST',
      path: '/',
      handle: async (request) => ({ status: 200, body: await request.body() }),
    },
  ] satisfies HttpServerOptions['routes'];
  await withServer({ routes, bodyMaxBytes: 1_000 }, async (url) => {
    assert.equal((await get(url, { method: 'POST', body: 'x'.repeat(1_001) })).status, 413);
    const bomb = gzipSync('x'.repeat(50_000));
    assert.equal(
      (await get(url, { method: 'POST', body: bomb, headers: { 'content-encoding': 'gzip' } }))
        .status,
      400,
    );
    assert.equal((await get(url, { method: 'POST', body: 'x'.repeat(1_000) })).status, 200);
  });
});

test('a failing handler answers 500, an HttpError its status, and the server goes on', async () => {
  const routes = [
    {
      method: 'GET',
      path: '/bug',
      handle: () => {
        throw new Error('oops');
      },
    },
    {
      method: 'GET',
      path: '/teapot',
      handle: () => {
        throw new HttpError(418, 'short and stout');
      },
    },
  ] satisfies HttpServerOptions['routes'];
  await withServer({ routes }, async (url) => {
    assert.equal((await get(`${url}/bug`)).status, 500);
    const teapot = await get(`${url}/teapot`);
    assert.deepEqual([teapot.status, teapot.body.toString()], [418, 'short and stout\n']);
  });
});

test('a taken port is one clear line that says what to do', async () => {
  await withServer({}, async (_url, server) => {
    const second = new HttpServer({ ...basics, listen: `127.0.0.1:${server.port}` });
    await assert.rejects(
      second.start(),
      (error) => error instanceof ConfigError && /in use.*--web.listen-address/.test(error.message),
    );
    await second.stop(10);
  });
});

test('stopping lets a running request end within the deadline, and cuts it off after', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const routes = [
    {
      method: 'GET',
      path: '/slow',
      handle: async () => (await held, { status: 200, body: 'done' }),
    },
  ] satisfies HttpServerOptions['routes'];
  const server = new HttpServer({ ...basics, routes });
  await server.start();
  const answer = get(`${server.url}/slow`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const stopped = server.stop(2_000);
  release();
  assert.equal((await answer).body.toString(), 'done');
  await stopped;

  const hanging = new HttpServer({
    ...basics,
    routes: [{ method: 'GET', path: '/hang', handle: () => new Promise<never>(() => undefined) }],
  });
  await hanging.start();
  const cut = get(`${hanging.url}/hang`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const rejected = assert.rejects(cut, HttpClientError);
  await hanging.stop(20);
  await rejected;
});

test('who has sent half a request, or nothing, does not hold up a stop', async (context) => {
  const server = new HttpServer({ name: 't', listen: '127.0.0.1:0', routes: [], log: silentLogger });
  await server.start();
  const texts = ['', 'GET /-/healthy HTTP/1.1\r\nHost: a\r\n', 'POST /x HTTP/1.1\r\nHost: a\r\n'];
  const sockets = texts.map((text) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    context.after(() => socket.destroy());
    socket.write(text === '' ? ' ' : text);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await new Promise((resolve) => setTimeout(resolve, 50));
  let isOver = false;
  void new Promise((resolve) => setTimeout(resolve, 5_000).unref()).then(() => (isOver = true));
  await server.stop(20_000);
  assert.ok(!isOver, 'the stop took less than its deadline by far');
}); // prettier-ignore

test('garbage instead of HTTP is refused without harm', async () => {
  await withServer({}, async (url, server) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.resume();
    socket.end('\u0000\u0001garbage\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    assert.equal((await get(`${url}/-/healthy`)).status, 200);
  });
});

test('what no server takes is refused with its status and with words', async () => {
  const host = 'Host: a\r\nConnection: close\r\n';
  const cases: [string, number, RegExp][] = [
    [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501, /only chunked/],
    [`GET / HTTP/1.1\r\n${host}X: ${'a'.repeat(70_000)}\r\n\r\n`, 431, /larger than 65536/],
    [`GET /ä HTTP/1.1\r\n${host}\r\n`, 400, /percent-encode/],
    [`GET / HTTP/1.1\r\n${host}Host: b\r\n\r\n`, 400, /2 Host headers/],
    [`CONNECT a:1 HTTP/1.1\r\n${host}\r\n`, 405, /no tunnels/],
    [`OPTIONS * HTTP/1.1\r\n${host}\r\n`, 204, /^$/],
    [`BREW / HTTP/1.1\r\n${host}\r\n`, 501, /BREW is not known/],
  ];
  await withServer({}, async (_url, server) => {
    for (const [text, status, words] of cases) {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(text);
      let answer = '';
      for await (const part of socket) answer += String(part);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), answer);
      assert.match(body, words);
    }
  });
});

test('listen addresses are host:port, and a bare :port is loopback', () => {
  assert.deepEqual(parseListen(':9779'), { host: '0.0.0.0', port: 9779 });
  assert.deepEqual(parseListen('0.0.0.0:80'), { host: '0.0.0.0', port: 80 });
  assert.deepEqual(parseListen('[::1]:80'), { host: '::1', port: 80 });
  for (const bad of ['9779', 'host', ':99999', ''])
    assert.throws(() => parseListen(bad), ConfigError, bad);
});

test('the client inflates gzip and zstd, and both sizes are bounded', async (context) => {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/gzip')
      response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1_000)));
    else if (request.url === '/zstd')
      response.setHeader('content-encoding', 'zstd').end(zstdCompressSync('x'.repeat(1_000)));
    else if (request.url === '/broken')
      response.setHeader('content-encoding', 'zstd').end('not zstd');
    else if (request.url === '/large')
      response.setHeader('content-encoding', 'zstd').end(zstdCompressSync('x'.repeat(5_000_000)));
    else if (request.url === '/bad') response.setHeader('content-encoding', 'gzip').end('not gzip');
    else response.end('y'.repeat(1_000));
  };
  const { url } = await serve(context, listener);
  assert.equal((await get(`${url}/gzip`)).body.length, 1_000);
  await assert.rejects(get(`${url}/gzip`, { bodyMaxBytes: 999 }), { kind: 'body_too_large' });
  await assert.rejects(get(url, { bodyMaxBytes: 999 }), { kind: 'body_too_large' });
  await assert.rejects(get(`${url}/bad`), { kind: 'bad_gzip' });
  assert.equal((await get(`${url}/zstd`)).body.length, 1_000);
  assert.equal((await get(`${url}/large`, { bodyMaxBytes: 6e6 })).body.length, 5_000_000);
  await assert.rejects(get(`${url}/large`, { bodyMaxBytes: 4e6 }), { kind: 'body_too_large' });
  await assert.rejects(get(`${url}/zstd`, { bodyMaxBytes: 999 }), { kind: 'body_too_large' });
  const message = 'the answer is not valid zstd';
  await assert.rejects(get(`${url}/broken`), { kind: 'bad_zstd', message });
});

test('no answer is said by its kind: timeout, refused, reset, aborted', async (context) => {
  const { url } = await serve(context, (request, response) => {
    if (request.url === '/reset') request.socket.destroy();
    else if (request.url === '/drip') response.write('x');
  });
  await assert.rejects(get(`${url}/hang`, { timeoutMs: 50 }), { kind: 'timeout' });
  await assert.rejects(get(`${url}/drip`, { timeoutMs: 50 }), { kind: 'timeout' });
  await assert.rejects(get(`${url}/reset`), { kind: 'reset' });
  const signal = AbortSignal.abort(new Error('stopping'));
  await assert.rejects(get(`${url}/hang`, { signal }), { kind: 'aborted' });
  await assert.rejects(get('http://127.0.0.1:1/'), { kind: 'connect' });
});

test('requests one behind the other wait until the answer before is taken', async (context) => {
  const body = Buffer.alloc(1024 * 1024, 'a');
  const refusals: number[] = [];
  let served = 0;
  const handle: HttpHandler = () => {
    served += 1;
    return { status: 200, body };
  };
  const onUnread: HttpServerOptions['onUnread'] = ({ status }) => void refusals.push(status);
  const routes = [{ method: 'GET', path: '/a', handle }] as const;
  await withServer({ routes, onUnread }, async (_url, server) => {
    const ask = (requests: number) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined).pause();
      context.after(() => void socket.destroy());
      socket.write('GET /a HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(requests));
      return socket;
    };
    const reading = ask(50);
    await until('the sockets are full', 5_000, () => served >= 3, 10);
    await sleep(100);
    // The buffers of the loopback take some answers; those of the others were not even made.
    assert.ok(served < 25, `${served} are served`);
    let bytes = 0;
    reading.on('data', (part: Buffer) => (bytes += part.length)).resume();
    await until('all have come', 10_000, () => bytes > 50 * body.length, 10);
    assert.equal(served, 50);
    const greedy = ask(500);
    await once(greedy.resume(), 'close');
    assert.deepEqual(refusals, [429]);
    assert.ok(served < 200, `${served} are served`);
  });
});

test('connections above the limit are closed at once and told', async () => {
  let refused = 0;
  const options = { connectionsMax: 1, onConnectionRefused: () => void (refused += 1) };
  await withServer(options, async (_url, server) => {
    const first = connect(server.port, '127.0.0.1');
    await once(first, 'connect');
    const second = connect(server.port, '127.0.0.1');
    second.on('error', () => undefined);
    await once(second, 'close');
    assert.equal(refused, 1);
    first.destroy();
  });
});

test('a body is handed out as it was sent, too', async () => {
  const sent = gzipSync('text');
  let bytes: Buffer | undefined;
  let body: Buffer | undefined;
  const handle: HttpHandler = async (request) => {
    [bytes, body] = [await request.bytes(), await request.body()];
    return { status: 200 };
  };
  await withServer({ routes: [{ method: 'POST', path: '/', handle }] }, async (url) => {
    await get(url, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: sent });
  });
  assert.deepEqual(bytes, sent);
  assert.equal(body?.toString(), 'text');
});

test('where it listens is said as it is, and a URL for a client of this machine', async (context) => {
  const { log, lines } = createWorld();
  for (const isToldElsewhere of [false, true]) {
    const listen = '0.0.0.0:0';
    const options = {
      name: 't',
      listen,
      routes: [],
      log,
      isToldElsewhere,
      strangers: 'none',
    } as const;
    const server = new HttpServer(options);
    await server.start();
    context.after(() => server.stop(0));
    assert.equal(server.listensAt, `http://0.0.0.0:${server.port}`);
    assert.equal(server.url, `http://127.0.0.1:${server.port}`);
    assert.equal(lines.length, 1, 'another line says it');
    assert.match(lines[0]!, /msg=listening what=t url=http:\/\/0\.0\.0\.0:/);
  }
});

test('bug: a request that has ended leaves no listener at its signal, which would hold it', async (context) => {
  const http = openHttp(context);
  const { url } = await serve(context, (_, response) => response.end('ok'));
  const signal = AbortSignal.any([new AbortController().signal]);
  const request = { method: 'GET', url, timeoutMs: 2_000, bodyMaxBytes: 100, signal } as const;
  assert.equal((await http.send(request)).status, 200);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});
