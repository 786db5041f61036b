/**
 * Every server that listens for HTTP/1.1, plain and with TLS, as its command starts it, against
 * clients that misbehave: each is refused or ended, little memory is held, and a good client is
 * answered within a second after it, with no more connections held than before.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../kit/waiting.ts';
import { isAnswered } from './asking.ts';
import { type Listener, startAll } from './listeners.ts';
import { HOSTILE_REQUESTS, type HostileClient, type Script, startHostileClient } from './peers.ts';

/** Of all listeners together, on a loaded machine. */
const TIMEOUT_MS = 1_200_000;
const GONE_MS = 20_000;
/** The largest body that any of them takes is 20 MiB. */
const HELD_BYTES = 20 * 1024 * 1024 + 20e6;
const CLIENTS = 2_100;
/** One of each kind of server: the room for connections is theirs. */
const CROWDED = new Set(['collect', 'OTLP over HTTP', 'proxy', 'collect with TLS']);

interface Row extends Script {
  /** What the answer begins with; undefined where the end of the connection will do, too. */
  readonly answer?: RegExp;
}

const GET = 'GET / HTTP/1.1\r\nhost: localhost\r\n';
const POST =
  'POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n';
const CHUNKED = `${POST}transfer-encoding: chunked\r\n\r\n`;
const refused = (status: number): RegExp => new RegExp(`^HTTP/1\\.1 ${status} `);

const ROWS: Readonly<Record<string, Row>> = {
  'a line of a megabyte': {
    first: `GET /${'a'.repeat(1e6)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    answer: refused(431),
  },
  'a hundred thousand headers': {
    first: `${GET}${'x-a: b\r\n'.repeat(1e5)}\r\n`,
    answer: refused(431),
  },
  'a method of its own': {
    first: 'FETCH / HTTP/1.1\r\nhost: localhost\r\n\r\n',
    answer: refused(501),
  },
  'a length beside chunks': {
    first: `${POST}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    answer: refused(400),
  },
  'two lengths': {
    first: `${POST}content-length: 4\r\ncontent-length: 5\r\n\r\naaaaa`,
    answer: refused(400),
  },
  'two Host headers': { first: `${GET}host: localhost\r\n\r\n`, answer: refused(400) },
  'no Host header': { first: 'GET / HTTP/1.1\r\n\r\n', answer: refused(400) },
  'lines without a carriage return': {
    first: 'GET / HTTP/1.1\nhost: localhost\n\n',
    answer: refused(400),
  },
  'a name that a stranger led here': {
    first: 'GET / HTTP/1.1\r\nhost: rebound.example.com\r\n\r\n',
    answer: refused(403),
  },
  'bytes that are no HTTP': { first: Buffer.alloc(100_000, 7), answer: refused(400) },
  'trailers without end': { first: `${CHUNKED}1\r\na\r\n0\r\n`, again: 'x: y\r\n' },
  'a long extension for each byte': {
    first: CHUNKED,
    again: `1;${'x'.repeat(4_000)}\r\na\r\n`,
  },
  'an extension without end': { first: `${CHUNKED}1;`, again: 'x' },
  'chunks of one byte': { first: CHUNKED, again: '1\r\na\r\n' },
  'a body without end': { first: CHUNKED, again: `4000\r\n${'a'.repeat(16_384)}\r\n` },
  'a body that ends early': { first: `${POST}content-length: 1000\r\n\r\nabc`, end: 'close' },
  'a body that is cut': { first: `${POST}content-length: 1000\r\n\r\nabc`, end: 'cut' },
};

const isRefusedOrGone = (client: HostileClient): boolean =>
  client.isClosed() || /^HTTP\/1\.1 [2345]/.test(client.answer());

async function playRow(context: TestContext, listener: Listener, row: Row): Promise<void> {
  const { port, isTls, owner } = listener;
  const isPouring = row.again !== undefined;
  const before = { held: isPouring ? await owner.held() : 0, sockets: owner.sockets() };
  const client = startHostileClient(context, port, row, { isTls });
  let held = 0;
  const look = async (): Promise<boolean> => {
    if (isPouring) held = Math.max(held, (await owner.held()) - before.held);
    return isRefusedOrGone(client);
  };
  await until('it is refused', GONE_MS, look, 20);
  if (row.answer !== undefined) assert.match(client.answer().slice(0, 200), row.answer);
  await isAnswered(context, listener);
  client.socket.destroy();
  assert.ok(held < HELD_BYTES, `${(held / 1e6).toFixed(1)} MB are held`);
  const isGone = (): boolean => owner.sockets() <= before.sockets + 2;
  await until('the connections are gone', GONE_MS, isGone, 20);
}

/** Requests without end, whose answers the client does not read. */
async function readNothing(context: TestContext, listener: Listener): Promise<void> {
  const { port, isTls, owner, path } = listener;
  const before = await owner.held();
  const request = `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
  const clients = Array.from({ length: 5 }, () => {
    const client = startHostileClient(context, port, { first: '', again: request }, { isTls });
    client.socket.removeAllListeners('data').pause();
    return client;
  });
  let held = 0;
  for (let look = 0; look < 3; look++) {
    await sleep(400);
    held = Math.max(held, (await owner.held()) - before);
  }
  await isAnswered(context, listener);
  for (const { socket } of clients) socket.destroy();
  context.diagnostic(`${(held / 1e6).toFixed(1)} MB`);
  assert.ok(held < 20e6, `${(held / 1e6).toFixed(1)} MB are held`);
}

/** Slow and silent ones of all kinds together, as many as a server has connections. */
async function crowd(context: TestContext, listener: Listener): Promise<void> {
  const { port, isTls } = listener;
  const kinds = ['nothing', 'half a head', 'a dripping head', 'a dripping body'] as const;
  for (let count = 0; count < CLIENTS; count++) {
    const script = HOSTILE_REQUESTS[kinds[count % 4]!];
    // Of TLS most do not even shake hands.
    startHostileClient(context, port, script, { isTls: isTls && count % 10 === 0 });
    if (count % 50 === 0) await sleep(5);
  }
  await sleep(700);
  await isAnswered(context, listener);
  await isAnswered(context, listener, '127.0.0.9');
}

/** A head, or a handshake of TLS, that never comes whole, ends at its deadline. */
async function stall(context: TestContext, listener: Listener): Promise<void> {
  const { port, isTls } = listener;
  const scripts: [Script, boolean][] = [
    [HOSTILE_REQUESTS['nothing'], false],
    [HOSTILE_REQUESTS['half a head'], isTls],
    [{ first: Buffer.from([0x16, 3, 1, 2, 0, 1]) }, false],
  ];
  const begunMs = performance.now();
  const clients = scripts.map(([script, over]) =>
    startHostileClient(context, port, script, { isTls: over }),
  );
  await until('they are gone', GONE_MS, () => clients.every((client) => client.isClosed()));
  const tookMs = performance.now() - begunMs;
  assert.ok(tookMs < 13_500, `${Math.round(tookMs)} ms`);
}

test('every listener of HTTP stands hostile clients', { timeout: TIMEOUT_MS }, async (context) => {
  const all = (await startAll(context)).filter(({ speaks }) => speaks === 'http');
  for (const listener of all)
    await context.test(listener.name, async (one) => {
      await isAnswered(one, listener);
      for (const [name, row] of Object.entries(ROWS))
        await one.test(name, (inner) => playRow(inner, listener, row));
      await one.test('requests whose answers are not read', (inner) =>
        readNothing(inner, listener),
      );
      if (CROWDED.has(listener.name))
        await one.test('a crowd of slow clients', (inner) => crowd(inner, listener));
    });
  await context.test('what never comes whole ends in time, everywhere', (inner) =>
    Promise.all(all.map((listener) => stall(inner, listener))).then(() => undefined),
  );
});
