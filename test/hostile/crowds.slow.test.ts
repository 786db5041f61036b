/**
 * Five hundred connections of one address on each listener of HTTP that are silent, have sent half
 * a head, or drip a body: a good request from there is answered meanwhile, and after.
 */
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAnswered } from './asking.ts';
import { type Listener, startAll } from './listeners.ts';
import { HOSTILE_REQUESTS, type HostileClient, startHostileClient } from './peers.ts';

const TIMEOUT_MS = 600_000;
const CLIENTS = 500;
const KINDS = ['nothing', 'half a head', 'a dripping body'] as const;

async function crowd(
  context: TestContext,
  listener: Listener,
  kind: (typeof KINDS)[number],
): Promise<void> {
  const { port, isTls } = listener;
  const clients: HostileClient[] = [];
  for (let count = 0; count < CLIENTS; count++) {
    // Of TLS most do not even shake hands.
    const options = { isTls: isTls && count % 10 === 0 };
    clients.push(startHostileClient(context, port, HOSTILE_REQUESTS[kind], options));
    if (count % 50 === 0) await sleep(5);
  }
  await sleep(300);
  const begunMs = performance.now();
  await isAnswered(context, listener);
  const tookMs = performance.now() - begunMs;
  const held = clients.filter((client) => !client.isClosed()).length;
  context.diagnostic(`answered in ${Math.round(tookMs)} ms, ${held} of ${CLIENTS} held`);
  for (const { socket } of clients) socket.destroy();
  await sleep(50);
  await isAnswered(context, listener);
}

test('a crowd on a listener shuts nobody out', { timeout: TIMEOUT_MS }, async (context) => {
  const all = (await startAll(context)).filter(({ speaks }) => speaks === 'http');
  for (const listener of all)
    for (const kind of KINDS)
      await context.test(`${listener.name}: ${kind}`, (inner) => crowd(inner, listener, kind));
});
