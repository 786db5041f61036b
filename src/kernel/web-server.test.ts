import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { createWebServer } from './web-server.ts';

test('clients whose time is over in one turn are answered over several', async () => {
  let answered = 0;
  const server = createWebServer(
    {
      limits: {},
      web: undefined,
      methods: 'GET',
      noTunnel: '',
      onRefused: ({ status }) => {
        assert.equal(status, 408);
        answered += 1;
      },
    },
    () => undefined,
  );
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  const sockets = Array.from({ length: 500 }, () => new PassThrough());
  let last = '';
  sockets.at(-1)?.on('data', (bytes: Buffer) => (last += bytes.toString()));
  for (const socket of sockets) server.emit('clientError', late, socket);
  const counts = [answered];
  while (answered < sockets.length) {
    await nextTurn();
    counts.push(answered);
  }
  const most = Math.max(...counts.map((count, at) => count - (counts[at - 1] ?? 0)));
  assert.ok(most <= 50, `${most} in one turn`);
  await nextTurn();
  assert.match(last, /^HTTP\/1.1 408 /);
  for (const socket of sockets) socket.destroy();
});
