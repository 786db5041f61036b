/** Connections of a gRPC server that keep their places without a word; in real time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
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
