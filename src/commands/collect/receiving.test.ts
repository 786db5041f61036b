import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createWorld } from '../../../test/kit/world.ts';
import { until } from '../../../test/kit/waiting.ts';
import type { ForwarderPlan, TraceReceiverPlan } from '../../config/plan.ts';
import { systemClock } from '../../kernel/clock.ts';
import { Receiving } from './receiving.ts';

/** Sources whose documents appear in a list, as `receiver document`. */
function make(context: TestContext) {
  const documents: string[] = [];
  const sources = new Receiving({
    world: createWorld({ clock: systemClock }),
    openTraces: (receiver) => ({
      append: (document) => void documents.push(`${receiver} ${Buffer.from(document).toString()}`),
      commit: () => undefined,
    }),
    openAppender: () => assert.fail('no metrics are received'),
  });
  context.after(() => sources.stop(0));
  return { sources, documents };
}

/** A port that nothing uses by TCP; by UDP it is as good as surely free. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function send(port: number, document: string): Promise<void> {
  const socket = createSocket('udp4');
  const text = `{"format":"json","version":1}\n${document}`;
  await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
}

const receiver = (port: number, id = 'awsxray'): TraceReceiverPlan => ({
  id,
  listen: `127.0.0.1:${port}`,
});

const forwarder = (port: number, region = 'us-east-1'): ForwarderPlan => ({
  id: 'awsxray.proxy_server',
  listen: `127.0.0.1:${port}`,
  access: {
    service: 'xray',
    region,
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKey: 'a', secretKey: 'b' },
  },
  paths: ['/GetSamplingRules'],
  keepsSampling: false,
});

/** Whether something answers there by TCP. */
async function ask(port: number): Promise<'refused' | 'answers'> {
  try {
    await fetch(`http://127.0.0.1:${port}/Elsewhere`, { method: 'POST' });
    return 'answers';
  } catch {
    return 'refused';
  }
}

test('a change of the proxy leaves the receiver of the same port alone', async (context) => {
  const { sources, documents } = make(context);
  const port = await findPort();
  await sources.apply({
    otlpReceivers: [],
    traceReceivers: [receiver(port)],
    forwarders: [forwarder(port)],
  });
  const next = {
    otlpReceivers: [],
    traceReceivers: [receiver(port)],
    forwarders: [forwarder(port, 'eu-west-1')],
  };
  const applied = sources.apply(next);
  for (let index = 0; index < 50; index++) await send(port, String(index));
  await applied;
  await sources.retain(next);
  assert.equal(await ask(port), 'answers');
  await until('all documents have come', 5_000, () => documents.length === 50);
});

test('a receiver with another name takes over its address', async (context) => {
  const { sources, documents } = make(context);
  const port = await findPort();
  await sources.apply({ otlpReceivers: [], traceReceivers: [receiver(port)], forwarders: [] });
  await send(port, 'one');
  await until('a document has come', 5_000, () => documents.length === 1);
  const next = { otlpReceivers: [], traceReceivers: [receiver(port, 'awsxray/2')], forwarders: [] };
  await sources.apply(next);
  await sources.retain(next);
  await send(port, 'two');
  await until('another has come', 5_000, () => documents.length === 2);
  assert.deepEqual(documents, ['awsxray one', 'awsxray/2 two']);
});

test('an address of all interfaces takes the place of one of them', async (context) => {
  const { sources, documents } = make(context);
  const port = await findPort();
  await sources.apply({ otlpReceivers: [], traceReceivers: [receiver(port)], forwarders: [] });
  const next = {
    otlpReceivers: [],
    traceReceivers: [{ id: 'awsxray', listen: `0.0.0.0:${port}` }],
    forwarders: [],
  };
  await sources.apply(next);
  await sources.retain(next);
  await send(port, 'one');
  await until('a document has come', 5_000, () => documents.length === 1);
});

test('where an address is taken, everything listens as before', async (context) => {
  const { sources, documents } = make(context);
  const [port, taken] = [await findPort(), await findPort()];
  const other = createServer().listen(taken, '127.0.0.1');
  await once(other, 'listening');
  context.after(() => other.close());
  const before = {
    otlpReceivers: [],
    traceReceivers: [receiver(port)],
    forwarders: [forwarder(port)],
  };
  await sources.apply(before);
  // The receiver is renamed on its address, so that it has closed when the proxy fails.
  const free = await findPort();
  const failing = {
    otlpReceivers: [],
    traceReceivers: [receiver(port, 'awsxray/2'), receiver(free, 'new')],
    forwarders: [forwarder(port, 'eu-west-1'), { ...forwarder(taken), id: 'awsproxy' }],
  };
  await assert.rejects(sources.apply(failing), /in use|EADDRINUSE/);
  await send(free, 'to the new one');
  await send(port, 'one');
  await until('a document has come', 5_000, () => documents.length > 0);
  assert.deepEqual(documents, ['awsxray one']);
  assert.equal(await ask(port), 'answers');
  other.close();
  await once(other, 'close');
  await sources.apply(failing);
  await sources.retain(failing);
  await send(port, 'two');
  await until('another has come', 5_000, () => documents.length === 2);
  assert.deepEqual(documents[1], 'awsxray/2 two');
});

test('where a replacement fails, what was replaced before it listens again', async (context) => {
  const { sources, documents } = make(context);
  const [one, two] = [await findPort(), await findPort()];
  await sources.apply({
    otlpReceivers: [],
    traceReceivers: [receiver(one)],
    forwarders: [forwarder(one), { ...forwarder(two), id: 'awsproxy' }],
  });
  // A host that is not of this machine: the address is in the way of nothing but fails.
  const elsewhere = { ...forwarder(two, 'eu-west-1'), id: 'awsproxy' };
  const failing = {
    otlpReceivers: [],
    traceReceivers: [receiver(one, 'awsxray/2')],
    forwarders: [
      forwarder(one, 'eu-west-1'),
      { ...elsewhere, listen: `0.0.0.0:${two}` },
      { ...elsewhere, id: 'third', listen: `192.0.2.1:${two}` },
    ],
  };
  await assert.rejects(sources.apply(failing));
  await send(one, 'one');
  await until('a document has come', 5_000, () => documents.length > 0);
  assert.deepEqual(documents, ['awsxray one']);
  assert.deepEqual([await ask(one), await ask(two)], ['answers', 'answers']);
});

test('what the plan has no longer is closed by retain', async (context) => {
  const { sources } = make(context);
  const port = await findPort();
  await sources.apply({
    otlpReceivers: [],
    traceReceivers: [receiver(port)],
    forwarders: [forwarder(port)],
  });
  const none = { otlpReceivers: [], traceReceivers: [], forwarders: [] };
  await sources.apply(none);
  assert.equal(await ask(port), 'answers');
  await sources.retain(none);
  assert.equal(await ask(port), 'refused');
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.close();
});
