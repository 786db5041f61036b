import assert from 'node:assert/strict';
import { createServer, request, type ServerResponse } from 'node:http';
import { connect, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../test/kit/listen.ts';
import { until } from '../../test/kit/waiting.ts';
import { ConnectionRoom, keepHttpRoom, limitRoom } from './connection-room.ts';

interface Client {
  readonly socket: Socket;
  isClosed: boolean;
}

function open(context: TestContext, port: number, sent = '', from = '127.0.0.1'): Client {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  const client = { socket, isClosed: false };
  socket.on('error', () => undefined);
  socket.once('close', () => (client.isClosed = true)).resume();
  if (sent !== '') socket.write(sent);
  context.after(() => socket.destroy());
  return client;
}

function ask(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', agent: false })
      .once('response', (answer) => resolve(answer.statusCode ?? 0))
      .once('error', reject)
      .end();
  });
}

async function startHttp(context: TestContext, perAddress: number) {
  const counts = { refused: 0 };
  const underWay: ServerResponse[] = [];
  const server = createServer((_, response) => void underWay.push(response));
  const tellRefused = (): void => void (counts.refused += 1);
  keepHttpRoom(server, limitRoom(100, tellRefused, perAddress));
  const { port } = await listen(context, server);
  return { port, counts, underWay };
}

test('the newest waiting connection makes room; older ones and requests under way stay', async (context) => {
  const { port, counts, underWay } = await startHttp(context, 20);
  const waiting = ask(port);
  await until('it came', 5_000, () => underWay.length === 1, 5);
  const scripts = [
    '',
    'GET / HTTP/1.1\r\nhost: ',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc',
  ];
  const old = Array.from({ length: 18 }, (_, at) => open(context, port, scripts[at % 3]));
  await until('requests without their bodies came', 5_000, () => underWay.length === 7, 5);
  await sleep(300);
  old.push(open(context, port, scripts[1]));
  // Past the grace: from here on their clients keep the server waiting.
  await sleep(600);
  const another = ask(port);
  await until('one made room', 5_000, () => old.filter(({ isClosed }) => isClosed).length === 1, 5);
  assert.equal(old.at(-1)?.isClosed, true);
  await until('another came', 5_000, () => underWay.length === 8, 5);
  for (const response of underWay) response.end();
  assert.deepEqual([await waiting, await another, counts.refused], [200, 200, 0]);
});

test('without one that waits, a further connection of the address ends, others are served', async (context) => {
  const { port, counts, underWay } = await startHttp(context, 3);
  const waiting = Array.from({ length: 3 }, () => ask(port));
  await until('they came', 5_000, () => underWay.length === 3, 5);
  const fourth = open(context, port);
  await until('it has ended', 5_000, () => fourth.isClosed, 5);
  assert.equal(counts.refused, 1);
  const other = open(context, port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', '127.0.0.2');
  await until('that of another address came', 5_000, () => underWay.length === 4, 5);
  assert.equal(other.isClosed, false);
  for (const response of underWay) response.end();
  assert.deepEqual(await Promise.all(waiting), [200, 200, 200]);
});

test('a client that does not read its answer makes room', async (context) => {
  const { port, underWay } = await startHttp(context, 2);
  const clients = [open(context, port), open(context, port)];
  for (const { socket } of clients) socket.pause().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('they came', 5_000, () => underWay.length === 2, 5);
  for (const response of underWay) response.end(Buffer.alloc(64 * 1024 * 1024));
  await sleep(600);
  const waiting = ask(port);
  await until('it came', 5_000, () => underWay.length === 3, 5);
  underWay[2]?.end();
  assert.equal(await waiting, 200);
});

test('near the limit of all, the address with the most connections gives', async (context) => {
  const { createServer: createTcp } = await import('node:net');
  const server: Server = createTcp();
  const room = new ConnectionRoom(
    server,
    limitRoom(20, () => undefined),
  );
  const served: Socket[] = [];
  server.on('connection', (socket) => served.push(socket));
  const { port } = await listen(context, server);
  const few = Array.from({ length: 6 }, () => open(context, port, '', '127.0.0.2'));
  const many = Array.from({ length: 13 }, () => open(context, port));
  await until('all came', 5_000, () => served.length === 19, 5);
  await sleep(600);
  // What sends is the last to go.
  for (const socket of served.slice(-2)) room.follow(socket)();
  open(context, port, '', '127.0.0.3');
  await until('one has ended', 5_000, () => many.some(({ isClosed }) => isClosed), 5);
  assert.equal(
    few.some(({ isClosed }) => isClosed),
    false,
  );
  assert.equal(many.filter(({ isClosed }) => isClosed).length, 1);
});
