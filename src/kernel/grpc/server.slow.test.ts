/** Connections of a gRPC server that keep their places without a word; in real time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CALL,
  END_HEADERS,
  END_STREAM,
  frame,
  PREFACE,
  setting,
  startRawClient,
} from '../../../test/hostile/http2-frames.ts';
import { until } from '../../../test/kit/waiting.ts';
import { onEnd } from '../../../test/kit/ending.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { GrpcServer } from './server.ts';

test('a connection that answers no ping is ended, and one that does stays', async (t) => {
  const server = new GrpcServer({
    name: 'x',
    listen: '127.0.0.1:0',
    log: createWorld().log,
    messageMaxBytes: 1_000,
    pingMs: 300,
    handle: () => Promise.resolve({ message: Buffer.alloc(0) }),
  });
  await server.start();
  onEnd(t, () => server.stop(0));
  const alive = connectHttp2(`http://127.0.0.1:${server.port}`);
  onEnd(t, () => alive.destroy());
  let pings = 0;
  alive.on('ping', () => (pings += 1));
  // One never speaks; the other says hello and goes to sleep.
  const silent = connect(server.port, '127.0.0.1');
  const asleep = connect(server.port, '127.0.0.1');
  for (const socket of [silent, asleep]) {
    socket.on('error', () => undefined).resume();
    onEnd(t, () => void socket.destroy());
  }
  asleep.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
  await Promise.all([once(silent, 'close'), once(asleep, 'close')]);
  assert.ok(pings > 0);
  assert.equal(alive.destroyed || alive.closed, false);
});

test('a client that takes no answer makes room, and one that waits for its answer keeps its place', async (t) => {
  const answers: (() => void)[] = [];
  const server = new GrpcServer({
    name: 'x',
    listen: '127.0.0.1:0',
    log: createWorld().log,
    messageMaxBytes: 1_000,
    connectionsMax: 4,
    handle: async (call) => {
      await call.message();
      await new Promise<void>((resolve) => answers.push(resolve));
      return { message: Buffer.alloc(0) };
    },
  });
  await server.start();
  onEnd(t, () => server.stop(0));
  const place = { port: server.port, isTls: false };
  const ask = Buffer.concat([
    PREFACE,
    frame('settings', 0, setting(4, 0)),
    frame('headers', 1, CALL, END_HEADERS),
    frame('data', 1, Buffer.alloc(5), END_STREAM),
  ]);
  // Three of four are of one address.
  const waiting = [1, 2, 3].map(() => startRawClient(t, place, ask));
  await until('all are asked', 5_000, () => answers.length === 3, 10);
  const refused = startRawClient(t, place, ask);
  await until('there is no room', 5_000, () => refused.isClosed(), 10);
  assert.ok(!waiting.some((client) => client.isClosed()));
  for (const answer of answers.splice(0)) answer();
  await sleep(600);
  const late = startRawClient(t, place, ask);
  await until('another is asked', 5_000, () => answers.length === 1, 10);
  assert.equal(late.isClosed(), false);
  assert.equal(waiting.filter((client) => client.isClosed()).length, 1);
});
