import assert from 'node:assert/strict';
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { test } from 'node:test';
import { until } from '../../test/kit/waiting.ts';
import { createWorld } from '../../test/kit/world.ts';
import type { ReaderThreadEvents } from './reader-thread.ts';
import { TraceReceiver } from './receiver.ts';
import { SocketReader } from './socket-reader.ts';
import type { MainMessage, ReaderSettings, ThreadMessage } from './thread-messages.ts';

const HEADER = '{"format":"json","version":1}\n';
const nowhere = { append: () => undefined, commit: () => undefined };
const LISTENING: ThreadMessage = {
  kind: 'listening',
  host: '127.0.0.1',
  port: 4_711,
  socketBufferBytes: 425_984,
};

/** A receiver whose threads are played by the test. */
function play() {
  const world = createWorld();
  const threads: { settings: ReaderSettings; events: ReaderThreadEvents; told: MainMessage[] }[] =
    [];
  const receiver = new TraceReceiver(
    { id: 'awsxray', listen: '127.0.0.1:0' },
    {
      world,
      appender: nowhere,
      readDrops: () => Promise.resolve(undefined),
      openThread: (settings, events) => {
        const told: MainMessage[] = [];
        threads.push({ settings, events, told });
        return { post: (message) => void told.push(message), end: () => Promise.resolve() };
      },
    },
  );
  const last = () => threads.at(-1)!;
  return { world, receiver, threads, last };
}

test('a thread that ends is started again on its port, after waits that grow', async () => {
  const { world, receiver, threads, last } = play();
  const started = receiver.start();
  await until('a thread is started', 5_000, () => threads.length === 1);
  last().events.onMessage(LISTENING);
  await started;
  for (const [count, waitMs] of [
    [2, 1_000],
    [3, 2_000],
  ] as const) {
    last().events.onEnd(new Error('out of memory'));
    await world.clock.advance(waitMs - 1);
    assert.equal(threads.length, count - 1);
    await world.clock.advance(1);
    await until('a thread is started', 5_000, () => threads.length === count);
    assert.equal(last().settings.port, 4_711);
    last().events.onMessage(LISTENING);
  }
  assert.equal(world.metric('amperage_xray_socket_errors_total'), 2);
  assert.match(world.lines.join('\n'), /thread .* started again".*error="out of memory"/);
  await receiver.stop(50);
  assert.equal(threads.length, 3);
});

test('a receive buffer that is smaller than was asked for is told once, with the remedy', async () => {
  const { world, receiver, threads, last } = play();
  const started = receiver.start();
  await until('a thread is started', 5_000, () => threads.length === 1);
  last().events.onMessage(LISTENING);
  last().events.onMessage(LISTENING);
  await started;
  const told = world.lines.filter((line) => line.includes('smaller than was asked for'));
  assert.equal(told.length, 1);
  assert.match(told[0]!, /asked_bytes=4194304 .*sysctl -w net\.core\.rmem_max=4194304/);
  await receiver.stop(10);
});

test('a socket that fails while it runs is opened again on its port, and goes on', async (context) => {
  const sockets: Socket[] = [];
  const messages: ThreadMessage[] = [];
  let hasEnded = false;
  const settings = { host: '127.0.0.1', family: 4, port: 0 } as const;
  const reader = new SocketReader(
    { ...settings, socketBufferBytes: 65_536, bufferBytes: 1e6 },
    {
      post: (message) => void messages.push(message),
      onEnd: () => (hasEnded = true),
      createSocket: (options: string | SocketOptions) => {
        const socket = createSocket(options as SocketOptions);
        sockets.push(socket);
        return socket;
      },
    },
  );
  const listening = () => messages.filter(({ kind }) => kind === 'listening');
  reader.open();
  await until('it listens', 5_000, () => listening().length === 1);
  sockets[0]!.emit('error', new Error('recvmsg ENETDOWN'));
  assert.deepEqual(messages.at(-1), { kind: 'broken', message: 'recvmsg ENETDOWN', waitMs: 100 });
  await until('it listens again', 5_000, () => listening().length === 2);
  assert.deepEqual(listening()[1], listening()[0]);

  const sender = createSocket('udp4');
  context.after(() => sender.close());
  const { port } = listening()[0] as ThreadMessage & { kind: 'listening' };
  await new Promise((resolve) => sender.send(`${HEADER}x`, port, '127.0.0.1', resolve));
  reader.receive({ kind: 'drain', deadlineMs: 1_000 });
  await until('it is drained', 5_000, () => messages.some(({ kind }) => kind === 'drained'));
  reader.receive({ kind: 'close' });
  const batches = messages.filter((message) => message.kind === 'batch');
  assert.deepEqual(
    batches.map(({ tally }) => tally.datagrams),
    [1],
  );
  assert.ok(messages.at(-1)?.kind === 'closed' && hasEnded);
});

test('a drain ends although a sender never stops', async (context) => {
  const messages: ThreadMessage[] = [];
  const reader = new SocketReader(
    { host: '127.0.0.1', family: 4, port: 0, socketBufferBytes: 16_384, bufferBytes: 1e6 },
    { post: (message) => void messages.push(message), onEnd: () => undefined },
  );
  reader.open();
  await until('it listens', 5_000, () => messages.length === 1);
  const { port } = messages[0] as ThreadMessage & { kind: 'listening' };
  const sender = createSocket('udp4');
  await new Promise<void>((resolve) => sender.connect(port, '127.0.0.1', resolve));
  // One more in each turn of the event loop: the socket is never found empty.
  let isSending = true;
  const sendOn = (): void => {
    for (let i = 0; i < 8; i++) sender.send(`${HEADER}${'x'.repeat(1_000)}`);
    if (isSending) setImmediate(sendOn);
    else sender.close();
  };
  context.after(() => void (isSending = false));
  sendOn();
  reader.receive({ kind: 'drain', deadlineMs: 60_000 });
  await until('it is drained', 5_000, () => messages.some(({ kind }) => kind === 'drained'));
  reader.receive({ kind: 'close' });
});
