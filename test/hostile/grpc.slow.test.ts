/**
 * The servers of gRPC, plain and with TLS, as a collector starts them, against clients that use
 * HTTP/2 to burden or to hold them: little memory is held, and a good call is answered within a
 * second meanwhile.
 */
import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { until } from '../kit/waiting.ts';
import {
  CALL,
  END_HEADERS,
  END_STREAM,
  frame,
  header,
  PREFACE,
  setting,
  startRawClient,
} from './http2-frames.ts';
import { type Listener, startCollector } from './listeners.ts';
import { startHostileClient } from './peers.ts';

/** Of all listeners together, on a loaded machine. */
const TIMEOUT_MS = 600_000;
/** What the server works until it answers. */
const ANSWER_WORK_MS = 5_000;
const POUR_MS = 2_000;
/** A message is of 4 MiB at most. */
const HELD_BYTES = 4 * 1024 * 1024 + 20e6;
const CLIENTS = 2_100;

const HELLO = Buffer.concat([PREFACE, frame('settings', 0)]);
const EMPTY_MESSAGE = Buffer.alloc(5);
const NO_WINDOW = Buffer.concat([PREFACE, frame('settings', 0, setting(4, 0))]);

/** The nth stream of a client. */
const id = (count: number): number => 2 * (count % 1e9) + 1;
const begin = (count: number): Buffer => frame('headers', id(count), CALL, END_HEADERS);
const call = (stream: number, message: Uint8Array): Buffer =>
  Buffer.concat([
    frame('headers', stream, CALL, END_HEADERS),
    frame('data', stream, message, END_STREAM),
  ]);

interface Row {
  readonly first: Buffer;
  readonly again?: (count: number) => Buffer;
}

const many = (make: () => Buffer): Buffer => Buffer.concat(Array.from({ length: 200 }, make));
const PINGS = many(() => frame('ping', 0, Buffer.alloc(8)));
const SETTINGS = many(() => frame('settings', 0, setting(3, 100)));
const EMPTY = many(() => frame('data', 1));
const WINDOWS = many(() => frame('window', 0, Buffer.from([0, 0, 0, 1])));
const FRAGMENT = frame('continuation', 1, header('x-a', 'b'.repeat(1_000)));
const BOMB = gzipSync(Buffer.alloc(256 * 1024 * 1024));
const BOMB_HEAD = Buffer.alloc(5);
BOMB_HEAD[0] = 1;
BOMB_HEAD.writeUInt32BE(BOMB.length, 1);
const COMPRESSED = Buffer.concat([CALL, header('grpc-encoding', 'gzip')]);
const bomb = (count: number): Buffer =>
  Buffer.concat([
    frame('headers', id(count), COMPRESSED, END_HEADERS),
    ...Array.from({ length: Math.ceil(BOMB.length / 16_384) }, (_, part) =>
      frame('data', id(count), BOMB.subarray(part * 16_384, (part + 1) * 16_384)),
    ),
    frame('data', id(count), Buffer.alloc(0), END_STREAM),
  ]);

const ROWS: Readonly<Record<string, Row>> = {
  'streams that are reset at once': {
    first: HELLO,
    again: (count) =>
      Buffer.concat([begin(count), frame('reset', id(count), Buffer.from([0, 0, 0, 8]))]),
  },
  'headers that go on without end': {
    first: Buffer.concat([HELLO, frame('headers', 1, CALL)]),
    again: () => FRAGMENT,
  },
  'settings without end': { first: HELLO, again: () => SETTINGS },
  'pings without end': { first: HELLO, again: () => PINGS },
  'empty data without end': { first: Buffer.concat([HELLO, begin(0)]), again: () => EMPTY },
  'windows without end': { first: HELLO, again: () => WINDOWS },
  'a hundred thousand streams': { first: HELLO, again: begin },
  'a list of headers that is too large': {
    first: Buffer.concat([HELLO, frame('headers', 1, CALL)]),
    again: (count) =>
      frame('continuation', 1, header(`x-${count}`, 'a'), count === 5_000 ? END_HEADERS : 0),
  },
  'tables of four gigabytes': {
    first: Buffer.concat([PREFACE, frame('settings', 0, setting(1, 0xffffffff)), begin(0)]),
    again: (count) => call(id(count + 1), EMPTY_MESSAGE),
  },
  'messages of four gigabytes': {
    first: HELLO,
    again: (count) => call(id(count), Buffer.from([0, 255, 255, 255, 255, 1, 2, 3])),
  },
  'messages that inflate to a quarter of a gigabyte': {
    first: Buffer.concat([HELLO, bomb(0), bomb(1), bomb(2)]),
  },
  'answers that are not taken': {
    first: NO_WINDOW,
    again: (count) => call(id(count), EMPTY_MESSAGE),
  },
};

/** Makes a good call on a connection of its own. @returns what the server has worked, ms */
function ask({ port, isTls, owner }: Listener, from: string): Promise<number> {
  const before = owner.workedMs();
  const place = { port, host: '127.0.0.1', localAddress: from };
  const tls = { rejectUnauthorized: false, ALPNProtocols: ['h2'] };
  const client = connectHttp2('http://localhost', {
    createConnection: () => (isTls ? connectTls({ ...place, ...tls }) : connectTcp(place)),
  });
  return new Promise<number>((resolve, reject) => {
    client.once('error', reject).once('close', () => reject(new Error('it was closed')));
    const stream = client.request({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.once('error', reject).once('trailers', (trailers) => {
      assert.equal(trailers['grpc-status'], '0');
      resolve(owner.workedMs() - before);
    });
    stream.resume().end(EMPTY_MESSAGE);
  }).finally(() => client.destroy());
}

/** The best of three, since a loaded machine runs both sides. */
async function isAnswered(listener: Listener, from = '127.0.0.1'): Promise<void> {
  const times: number[] = [];
  for (let count = 0; count < 3; count++) {
    times.push(await ask(listener, from));
    if (times.at(-1)! < ANSWER_WORK_MS) return;
  }
  assert.fail(`answers take ${times.join(', ')} ms of work`);
}

async function playRow(context: TestContext, listener: Listener, row: Row): Promise<void> {
  const { owner } = listener;
  await isAnswered(listener);
  const before = await owner.held();
  const client = startRawClient(context, listener, row.first, row.again);
  let held = 0;
  const endMs = performance.now() + POUR_MS;
  while (performance.now() < endMs) {
    held = Math.max(held, (await owner.held()) - before);
    await sleep(100);
  }
  await isAnswered(listener);
  client.socket.destroy();
  context.diagnostic(`${(held / 1e6).toFixed(1)} MB, closed: ${String(client.isClosed())}`);
  assert.ok(held < HELD_BYTES, `${(held / 1e6).toFixed(1)} MB are held`);
}

/** What never begins, or never takes its answer, ends at its deadline. */
async function stall(context: TestContext, listener: Listener): Promise<void> {
  const { port, isTls } = listener;
  const hello = Buffer.from([0x16, 3, 1, 2, 0, 1]);
  const silent = [Buffer.alloc(0), isTls ? hello : PREFACE].map((first) =>
    startHostileClient(context, port, { first }),
  );
  const greeted = startRawClient(context, listener, isTls ? PREFACE : Buffer.alloc(0));
  const untaken = Buffer.concat([NO_WINDOW, call(1, EMPTY_MESSAGE)]);
  const holding = startRawClient(context, listener, untaken);
  await sleep(500);
  const answered = holding.received();
  const areGone = (): boolean => [...silent, greeted].every((client) => client.isClosed());
  await until('they are ended', 13_500, areGone);
  await until('the answer is given up', 3_000, () => holding.received() > answered);
}

async function crowd(context: TestContext, listener: Listener, first: Buffer): Promise<void> {
  // A handshake of TLS for each would burden this process, and not the server alone.
  const isTls = listener.isTls && first.length > 0;
  const clients = isTls ? CLIENTS / 4 : CLIENTS;
  for (let count = 0; count < clients; count++) {
    startRawClient(context, { ...listener, isTls }, first);
    if (count % 20 === 0) await sleep(5);
  }
  await sleep(700);
  for (const from of ['127.0.0.1', '127.0.0.9']) await isAnswered(listener, from);
}

test('every listener of gRPC stands hostile clients', { timeout: TIMEOUT_MS }, async (context) => {
  const listeners = (await startCollector(context)).filter(({ speaks }) => speaks === 'grpc');
  for (const listener of listeners)
    await context.test(listener.name, async (one) => {
      for (const [name, row] of Object.entries(ROWS))
        await one.test(name, (inner) => playRow(inner, listener, row));
      await one.test('what never comes whole ends in time', (inner) => stall(inner, listener));
      await one.test('a crowd of silent clients', (inner) =>
        crowd(inner, listener, Buffer.alloc(0)),
      );
      await one.test('a crowd that takes no answer', (inner) =>
        crowd(inner, listener, Buffer.concat([NO_WINDOW, call(1, EMPTY_MESSAGE)])),
      );
    });
});
