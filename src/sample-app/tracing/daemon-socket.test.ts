import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { componentContract } from '../../../test/contracts/component.ts';
import { onEnd } from '../../../test/kit/ending.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { systemClock, VirtualClock } from '../../kernel/clock.ts';
import { SegmentSender, type SenderOptions } from './sender.ts';

const TRACE_ID = '1-5759e988-bd862e3fe1be46a994272793';
const document = { name: 'a', id: '0'.repeat(16), start_time: 1, end_time: 2, trace_id: TRACE_ID };

/** A daemon's UDP socket on a free port, and what it has got. */
async function openDaemon(context: TestContext, address = '127.0.0.1') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const received: string[] = [];
  socket.on('message', (message) => void received.push(message.toString()));
  socket.bind(0, address);
  await once(socket, 'listening');
  onEnd(context, () => new Promise<void>((done) => socket.close(() => done())));
  return { port: socket.address().port, received };
}

function openSender(context: TestContext, options: Omit<SenderOptions, 'world'>) {
  const world = createWorld({ clock: new VirtualClock() });
  const sender = new SegmentSender({ world, ...options });
  onEnd(context, () => sender.stop(0));
  return { sender, world };
}

componentContract(
  'the segment sender',
  () =>
    new SegmentSender({
      world: createWorld({ clock: systemClock }),
      endpoint: { host: '127.0.0.1', port: 9 },
    }),
);

test('documents arrive by IPv4 and IPv6, and are counted when the system has taken them', async (context) => {
  for (const host of ['127.0.0.1', '::1']) {
    const { port, received } = await openDaemon(context, host);
    const { sender, world } = openSender(context, { endpoint: { host, port } });
    await sender.start();
    sender.send(document);
    sender.send({ ...document, type: 'subsegment', parent_id: '1'.repeat(16) });
    await until('both arrive', 5_000, () => received.length === 2, 5);
    assert.deepEqual(sender.report.documents, { segment: 1, in_progress: 0, subsegment: 1 });
    assert.deepEqual(sender.report.traceIds, [TRACE_ID]);
    assert.equal(world.metric('sample_app_segments_sent_total{kind="segment"}'), 1);
  }
});

test('what was handed over before the stop is sent', async (context) => {
  const { port, received } = await openDaemon(context);
  const { sender } = openSender(context, { endpoint: { host: '127.0.0.1', port } });
  await sender.start();
  for (let i = 0; i < 50; i++) sender.send(document);
  await sender.stop(2_000);
  assert.equal(sender.report.documents.segment, 50);
  await until('all arrive', 5_000, () => received.length === 50, 5);
});

test('a name that moves is followed, and one that is lost keeps its address', async (context) => {
  const first = await openDaemon(context, '127.0.0.1');
  const second = createSocket('udp4');
  let arrived = 0;
  second.on('message', () => void (arrived += 1));
  second.bind(first.port, '127.0.0.2');
  await once(second, 'listening');
  onEnd(context, () => void second.close());
  let answer: string | Error = '127.0.0.1';
  const { sender, world } = openSender(context, {
    endpoint: { host: 'xray.local', port: first.port },
    resolve: async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  await sender.start();
  sender.send(document);
  await until('the first arrives', 5_000, () => first.received.length === 1, 5);
  answer = new Error('ENOTFOUND');
  await world.clock.advance(5_000);
  sender.send(document);
  await until('the second arrives at the same', 5_000, () => first.received.length === 2, 5);
  answer = '127.0.0.2';
  await world.clock.advance(5_000);
  await until('it has moved', 5_000, () => {
    sender.send(document);
    return arrived > 0;
  });
  assert.deepEqual(Object.values(sender.report.dropped), [0, 0, 0, 0, 0]);
});

test('documents for a name without an address are counted, and said once a minute', async (context) => {
  const { sender, world } = openSender(context, {
    endpoint: { host: 'xray.local', port: 2_000 },
    resolve: () => Promise.reject(new Error('ENOTFOUND')),
  });
  await sender.start();
  for (let i = 0; i < 20; i++) sender.send(document);
  const said = (): string[] => world.lines.filter((line) => line.includes('did not reach'));
  assert.equal(said().length, 1);
  assert.match(said()[0] ?? '', /xray\.local:2000.*unresolved.*ENOTFOUND/);
  await world.clock.advance(61_000);
  sender.send(document);
  assert.equal(said().length, 2);
  assert.match(said()[1] ?? '', /lost=20/);
  assert.equal(world.metric('sample_app_segments_dropped_total{reason="unresolved"}'), 21);
  assert.equal(sender.report.traces, 0);
});

test('a name that takes long to resolve does not hold up the start', async (context) => {
  const { sender, world } = openSender(context, {
    endpoint: { host: 'xray.local', port: 2_000 },
    resolve: () => new Promise(() => undefined),
  });
  const started = sender.start();
  await world.clock.advance(2_001);
  await started;
});

test('nobody listening is told by the system and counted', async (context) => {
  const { port } = await openDaemonThatEnds();
  const { sender, world } = openSender(context, { endpoint: { host: '127.0.0.1', port } });
  await sender.start();
  await until('a refusal is counted', 5_000, () => {
    sender.send(document);
    return sender.report.dropped.refused > 0;
  });
  assert.equal(sender.report.dropped.socket, 0);
  assert.equal(world.lines.filter((line) => line.includes('did not reach')).length, 1);
});

test('a document that no datagram carries is counted and does not end the socket', async (context) => {
  const { port, received } = await openDaemon(context);
  const { sender } = openSender(context, { endpoint: { host: '127.0.0.1', port } });
  await sender.start();
  sender.send({ ...document, metadata: { a: { b: 'x'.repeat(70_000) } } });
  sender.send({ ...document, metadata: { a: { b: 'x'.repeat(60_000) } } });
  await until('the other arrives', 5_000, () => received.length === 1, 5);
  assert.equal(sender.report.dropped.too_large, 1);
});

/** A port that was free a moment ago. */
async function openDaemonThatEnds(): Promise<{ port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(() => done()));
  return { port };
}
