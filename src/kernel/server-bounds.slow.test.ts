import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { until } from '../../test/kit/waiting.ts';
import { createWorld } from '../../test/kit/world.ts';
import { ByteBudget } from './byte-budget.ts';
import { type HttpHandler, HttpServer, type HttpServerOptions } from './http-server.ts';

interface Latch {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function createLatch(): Latch {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** A server of `/a`, and what it counts. */
async function start(
  context: TestContext,
  handle: HttpHandler,
  more: Partial<HttpServerOptions> = {},
) {
  const world = createWorld();
  const { log, metrics } = world;
  const routes = [{ method: 'ANY', path: '/a', handle }] as const;
  const server = new HttpServer({
    name: 'test',
    listen: '127.0.0.1:0',
    routes,
    log,
    metrics,
    ...more,
  });
  await server.start();
  context.after(() => server.stop(0));
  const reached = (reason: string): number =>
    // NaN until the first one is counted.
    world.metric(`amperage_http_server_bounds_reached_total{server="test",reason="${reason}"}`) ||
    0;
  return { server, reached, world };
}

interface Client {
  readonly socket: Socket;
  answer: string;
  isClosed: boolean;
}

function open(context: TestContext, { port }: HttpServer, sent: string | Buffer): Client {
  const socket = connect(port, '127.0.0.1');
  const client = { socket, answer: '', isClosed: false };
  socket.on('error', () => undefined).once('close', () => (client.isClosed = true));
  socket.on('data', (part: Buffer) => (client.answer += part.toString('latin1')));
  socket.write(sent);
  context.after(() => void socket.destroy());
  return client;
}

const GET = 'GET /a HTTP/1.1\r\nhost: a\r\n\r\n';
const post = (length: number, more = ''): string =>
  `POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n${more}\r\n`;
/** Longer than a connection that begins to wait is passed over. */
const PAST_GRACE_MS = 600;

test('a request whose client was asked for its body keeps its place while it is served', async (context) => {
  const release = createLatch();
  let served = 0;
  const { server, reached } = await start(
    context,
    async (request) => {
      await request.body();
      served += 1;
      await release.promise;
      return { status: 200 };
    },
    { connectionsMax: 100, connectionsPerAddress: 2 },
  );
  const one = open(context, server, post(1, 'expect: 100-continue\r\n'));
  await until('it is asked for its body', 5_000, () => one.answer.includes(' 100 '), 5);
  one.socket.write('a');
  const two = open(context, server, GET);
  await until('both are served', 5_000, () => served === 2, 5);
  await sleep(PAST_GRACE_MS);
  const three = open(context, server, GET);
  await until('there is no room for a third', 5_000, () => three.isClosed, 5);
  assert.deepEqual([one.isClosed, two.isClosed, reached('connections')], [false, false, 1]);
  release.resolve();
  await until('both are answered', 5_000, () => /200/.test(one.answer) && two.answer !== '', 5);
});

test('a stop waits for a request whose client was asked for its body', async (context) => {
  const served = createLatch();
  const release = createLatch();
  const { server } = await start(context, async (request) => {
    await request.body();
    served.resolve();
    await release.promise;
    return { status: 200, body: 'done' };
  });
  const client = open(context, server, post(1, 'expect: 100-continue\r\n'));
  await until('it is asked for its body', 5_000, () => client.answer.includes(' 100 '), 5);
  client.socket.write('a');
  await served.promise;
  const stopped = server.stop(10_000);
  release.resolve();
  await stopped;
  await until('it is answered', 5_000, () => client.isClosed, 5);
  assert.match(client.answer, /done$/);
});

test('requests one behind the other keep the place of their connection in their turns', async (context) => {
  const second = createLatch();
  let served = 0;
  const { server, reached } = await start(
    context,
    async () => {
      served += 1;
      if (served === 2) await second.promise;
      return { status: 200 };
    },
    { connectionsMax: 100, connectionsPerAddress: 1 },
  );
  const one = open(context, server, GET.repeat(2));
  await until('the second is served', 5_000, () => served === 2, 5);
  await sleep(PAST_GRACE_MS);
  const two = open(context, server, GET);
  await until('there is no room', 5_000, () => two.isClosed, 5);
  assert.deepEqual([one.isClosed, reached('connections')], [false, 1]);
  second.resolve();
  await until('both are answered', 5_000, () => one.answer.match(/ 200 /g)?.length === 2, 5);
  await sleep(PAST_GRACE_MS);
  // Now its client keeps us waiting, and it makes room.
  const three = open(context, server, GET);
  await until('a third is answered', 5_000, () => / 200 /.test(three.answer), 5);
  assert.equal(one.isClosed, true);
});

test('a client that sends requests ahead without end is ended and counted', async (context) => {
  const body = Buffer.alloc(1024 * 1024);
  const { server, reached } = await start(context, () => ({ status: 200, body }));
  const client = open(context, server, GET.repeat(500));
  client.socket.pause();
  await until('it is ended', 5_000, () => reached('pipelined') === 1, 5);
});

/** More than the buffers of the loopback take. */
const LARGE = Buffer.alloc(16 * 1024 * 1024);

test('a client that takes nothing of its answer is ended after a minute and more for its bytes', async (context) => {
  let nowMs = performance.now();
  context.mock.method(performance, 'now', () => nowMs);
  const { server, reached } = await start(context, () => ({ status: 200, body: LARGE }));
  const silent = open(context, server, GET);
  silent.socket.pause();
  const reading = open(context, server, GET);
  reading.socket.pause();
  // Of 16 MiB the bytes give a little more than 1,000 s.
  await sleep(PAST_GRACE_MS);
  nowMs += 1_000_000;
  await sleep(PAST_GRACE_MS);
  assert.equal(reached('answer_time'), 0);
  reading.socket.resume();
  await until('one has read', 5_000, () => reading.answer.length > LARGE.length, 5);
  nowMs += 200_000;
  await until('the other is ended', 5_000, () => reached('answer_time') === 1, 5);
  assert.equal(reading.isClosed, false);
  await once(silent.socket.resume(), 'close');
  assert.ok(silent.answer.length < LARGE.length);
});

test('a handler that takes long is no client that does not read', async (context) => {
  let nowMs = performance.now();
  context.mock.method(performance, 'now', () => nowMs);
  const release = createLatch();
  const { server } = await start(context, async () => {
    await release.promise;
    return { status: 200, body: 'done' };
  });
  const client = open(context, server, GET);
  await sleep(PAST_GRACE_MS);
  nowMs += 3_600_000;
  await sleep(PAST_GRACE_MS);
  release.resolve();
  await until('it is answered', 5_000, () => client.answer.endsWith('done'), 5);
});

test('answers that are not read are bounded together: the newest end, the oldest stays', async (context) => {
  const { server, reached, world } = await start(context, () => ({ status: 200, body: LARGE }));
  const clients: Client[] = [];
  for (let count = 0; count < 12; count++) {
    const client = open(context, server, GET);
    client.socket.pause();
    clients.push(client);
    await once(client.socket, 'connect');
  }
  await until('some are ended', 10_000, () => reached('answer_bytes') >= 4, 20);
  await sleep(PAST_GRACE_MS);
  const held = world.metric('amperage_http_server_held_bytes{server="test",of="answers"}');
  assert.ok(held > 0 && held <= 128 * 1024 * 1024, `${held} bytes are held`);
  const oldest = clients[0] as Client;
  oldest.socket.resume();
  await until('the oldest is read', 5_000, () => oldest.answer.length > LARGE.length, 20);
  const small = open(context, server, 'GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n');
  await until('others are answered', 5_000, () => / 200 /.test(small.answer), 5);
});

test('bodies under way are bounded together, and their bytes given back with the answer', async (context) => {
  const release = createLatch();
  const budget = new ByteBudget(2_000);
  const { server, reached } = await start(
    context,
    async (request) => {
      await request.body();
      await release.promise;
      return { status: 200 };
    },
    { budget },
  );
  const one = open(context, server, post(1_500) + 'a'.repeat(1_500));
  await until('one has come', 5_000, () => budget.usedBytes === 1_500, 5);
  const two = open(context, server, post(1_500) + 'a'.repeat(1_500));
  await until('another is refused', 5_000, () => two.answer.endsWith('\n'), 5);
  assert.match(two.answer, /^HTTP\/1.1 503 .*\r\n/);
  assert.match(two.answer, /retry-after: 1\r\n/i);
  assert.match(two.answer, /hold 1500 of 2000 bytes; send it again later/);
  assert.equal(reached('body_bytes'), 1);
  release.resolve();
  await until('one is answered', 5_000, () => / 200 /.test(one.answer), 5);
  assert.equal(budget.usedBytes, 0);
  const sent = gzipSync(Buffer.alloc(2_000));
  const three = open(
    context,
    server,
    Buffer.concat([Buffer.from(post(sent.length, 'content-encoding: gzip\r\n')), sent]),
  );
  await until('inflated bytes count too', 5_000, () => / 503 /.test(three.answer), 5);
  await until('all is given back', 5_000, () => budget.usedBytes === 0, 5);
});
