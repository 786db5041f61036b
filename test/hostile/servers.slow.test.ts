/**
 * Every server against two thousand clients that are slow or silent: health checks are answered all
 * the while, from the same address and from another.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { onEnd } from '../kit/ending.ts';
import { startOtlpReceiver } from '../kit/otlp-receiver.ts';
import { until } from '../kit/waiting.ts';
import { watchHeldMemory } from './held-memory.ts';
import { HOSTILE_REQUESTS, type HostileClient, startHostileClient } from './peers.ts';

const CLIENTS = 2_100;
/** Generous: the clients are in this process, too, and a loaded machine runs both. */
const ANSWER_MS = 5_000;

const STARTS: Readonly<Record<string, (context: TestContext) => Promise<number>>> = {
  'a server of a command': async (context) => {
    const server = new HttpServer({
      name: 'test',
      listen: '127.0.0.1:0',
      log: silentLogger,
      routes: [
        {
          method: 'POST',
          path: '/',
          handle: async (request) => ({ status: 200, body: await request.body() }),
        },
      ],
    });
    await server.start();
    onEnd(context, () => server.stop(0));
    return server.port;
  },
  'the receiver of OTLP': async (context) => (await startOtlpReceiver(context)).receiver.httpPort,
};

/** The time until an answer, ms; rejects when the connection ends without one. */
function checkHealth(port: number, from: string): Promise<number> {
  const begunMs = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    socket.write('GET /-/healthy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it was closed')));
    socket.once('data', () => {
      resolve(performance.now() - begunMs);
      socket.destroy();
    });
  });
}

for (const [name, start] of Object.entries(STARTS))
  for (const way of ['nothing', 'half a head', 'a dripping head', 'a dripping body'] as const)
    test(`${name}: ${way} of ${CLIENTS} clients keeps nobody out`, async (context) => {
      const port = await start(context);
      const clients: HostileClient[] = [];
      for (let count = 0; count < CLIENTS; count++) {
        clients.push(startHostileClient(context, port, HOSTILE_REQUESTS[way]));
        if (count % 100 === 0) await sleep(5);
      }
      await sleep(700);
      for (const from of ['127.0.0.1', '127.0.0.9', '127.0.0.1']) {
        const tookMs = await checkHealth(port, from);
        context.diagnostic(`${from}: ${Math.round(tookMs)} ms`);
        assert.ok(tookMs < ANSWER_MS, `${from}: ${Math.round(tookMs)} ms`);
      }
    });

for (const [name, start] of Object.entries(STARTS))
  test(`${name}: a body in chunks of one byte is refused, and little is held`, async (context) => {
    const port = await start(context);
    const held = watchHeldMemory(context);
    const script = HOSTILE_REQUESTS['chunks of one byte'];
    const clients = Array.from({ length: 5 }, () => startHostileClient(context, port, script));
    const isAnswered = (client: HostileClient): boolean =>
      client.isClosed() || client.answer().startsWith('HTTP/1.1 4');
    await until('they are refused', 20_000, () => clients.every(isAnswered));
    context.diagnostic(`${(held() / 1e6).toFixed(1)} MB`);
    assert.ok(held() < 20e6, `${held()} bytes`);
    assert.ok((await checkHealth(port, '127.0.0.1')) < ANSWER_MS);
  });

test('a head that does not come whole ends within the second after its time', async (context) => {
  const port = await STARTS['a server of a command']!(context);
  const client = startHostileClient(context, port, HOSTILE_REQUESTS['half a head']);
  const begunMs = performance.now();
  await until('it has ended', 20_000, () => client.isClosed());
  const tookMs = performance.now() - begunMs;
  assert.ok(tookMs > 9_000 && tookMs < 13_500, `${Math.round(tookMs)} ms`);
});
