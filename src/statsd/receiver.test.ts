import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { componentContract } from '../../test/contracts/component.ts';
import { RecordingAppender } from '../../test/kit/recording-appender.ts';
import { until } from '../../test/kit/waiting.ts';
import { createWorld } from '../../test/kit/world.ts';
import { StatsdReceiver } from './receiver.ts';
import type { StatsdReceiverSettings } from './settings.ts';

const SETTINGS: StatsdReceiverSettings = {
  id: 'statsd',
  transport: 'udp',
  listen: '127.0.0.1:0',
  listenFlag: 'endpoint of statsd',
  permissions: 0o622,
  socketBufferBytes: 0,
  intervalMs: 60_000,
  hasMetricType: false,
  takesSimpleTags: false,
  isMonotonic: false,
  counterType: 'int',
  observers: { timing: { is: 'gauge' } },
  isCumulative: false,
  escapesNames: false,
  seriesMax: 100,
  expireMs: 300_000,
};

async function open(context: TestContext, changes: Partial<StatsdReceiverSettings> = {}) {
  const world = createWorld();
  const appender = new RecordingAppender();
  const settings = { ...SETTINGS, ...changes };
  const receiver = new StatsdReceiver(settings, { world, openAppender: () => appender });
  await receiver.start();
  context.after(() => receiver.stop(1_000));
  const take = () => appender.take().map((line) => line.replace(/ @\d+$/, ''));
  const taken = () => world.metric('amperage_statsd_lines_taken_total');
  const refused = (reason: string) =>
    world.metric(`amperage_statsd_lines_refused_total{receiver="statsd",reason="${reason}"}`);
  return { world, appender, receiver, take, taken, refused };
}

async function sendUdp(address: string, ...datagrams: (string | Uint8Array)[]): Promise<void> {
  const socket = createSocket('udp4');
  const port = Number(address.split(':').at(-1));
  for (const one of datagrams)
    await new Promise((resolve) => socket.send(one, port, '127.0.0.1', resolve));
  socket.close();
}

function sendStream(address: string, ...parts: (string | Uint8Array)[]): Promise<void> {
  const [host, port] = address.split(':');
  const socket = address.startsWith('/') ? connect(address) : connect(Number(port), host);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => resolve());
    for (const part of parts) socket.write(part);
    socket.end();
  });
}

componentContract('the receiver of StatsD', () => {
  const openAppender = () => new RecordingAppender();
  return new StatsdReceiver(SETTINGS, { world: createWorld(), openAppender });
});

test('datagrams of several lines are added up for an interval', async (context) => {
  const { world, receiver, take, taken } = await open(context);
  await sendUdp(receiver.address, 'a:1|c\na:2|c|@0.5\n', 'g:5|g\ng:+2|g');
  await until('all lines have come', 5_000, () => taken() === 4);
  assert.deepEqual(take(), []);
  await world.clock.advance(60_000);
  await until('the interval is told', 5_000, () => receiver.address !== '' && world.metric('amperage_statsd_series{') === 2);
  assert.deepEqual(take(), ['a 5', 'g 7']);
}); // prettier-ignore

test('a stop reads what the socket has and appends what was added up', async (context) => {
  const { receiver, take, appender } = await open(context);
  const many = Array.from({ length: 200 }, () => 'a:1|c');
  await sendUdp(receiver.address, ...many);
  await receiver.stop(1_000);
  assert.deepEqual(take(), ['a 200']);
  assert.equal(appender.closed, true);
});

test('hostile bytes are counted and harm nothing', async (context) => {
  const { receiver, refused, taken } = await open(context);
  const long = `${'n'.repeat(9_000)}:1|c`;
  const tags = Array.from({ length: 200 }, (_, index) => `t${index}:v`).join(',');
  const lines = ['', '|', ':|', 'a', 'a:|c', ':1|c', 'a:1|x', 'a:1|toString', 'a:nan|g', 'a:inf|g'];
  const others = ['a:1|c|@x', 'a:1|c|#a', 'a:1|h|T12', `a:1|c|#${tags}`, '_e{1,1}:a|b', '_sc|a|0'];
  await sendUdp(receiver.address, [...lines, ...others, long].join('\n'), new Uint8Array(60_000));
  await sendUdp(receiver.address, 'b:1|c|#__proto__:x,__name__:evil|e:1|card:low');
  await until('the last line has come', 5_000, () => taken() === 1);
  assert.equal(refused('malformed'), 5);
  assert.equal(refused('type'), 2);
  assert.equal(refused('value'), 2);
  assert.equal(refused('rate'), 1);
  assert.equal(refused('tag'), 2);
  assert.equal(refused('timestamp'), 1);
  assert.equal(refused('event'), 1);
  assert.equal(refused('service_check'), 1);
  assert.equal(refused('too_long'), 2);
});

test('a refused line is shown with its sender, cut, and without tags', async (context) => {
  const { world, receiver, taken } = await open(context);
  const lines = ['took:5|h|#card:4111', `${'x'.repeat(80)}|c`, 'a:b\u001b|c|#c:d', 'b:1|c'];
  await sendUdp(receiver.address, lines.join('\n'));
  await until('the last line has come', 5_000, () => taken() === 1);
  await receiver.stop(1_000);
  const told = world.lines.join('\n');
  for (const shown of ['took:5|h…', `${'x'.repeat(60)}…`, 'a:b?|c…', '127.0.0.1'])
    assert.ok(told.includes(shown), `${shown} in ${told}`);
  assert.doesNotMatch(told, /4111|card/);
});

test('a web page sends no metrics: a connection that begins as one of HTTP is ended', async (context) => {
  const { receiver, take, refused } = await open(context, { transport: 'tcp' });
  const pages = ['/', `/${'a'.repeat(10_000)}`].map(
    (path) => `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nevil:1|c\n`,
  );
  for (const page of pages) await sendStream(receiver.address, page).catch(() => undefined);
  await sendStream(receiver.address, 'POST', ' /x HTTP/1.1\n', 'evil:1|c\n').catch(() => undefined);
  await sendStream(receiver.address, 'GET:1|c\n');
  await receiver.stop(1_000);
  assert.deepEqual(take(), ['GET 1']);
  assert.equal(refused('http'), 3);
});

test('a stream is cut into lines wherever its chunks end; the last needs no line feed', async (context) => {
  const { receiver, take } = await open(context, { transport: 'tcp' });
  await sendStream(receiver.address, 'a:1|', 'c\na:2|c\nb', ':4|g');
  await sendStream(receiver.address, 'x'.repeat(20_000), 'y\na:3|c\n');
  await receiver.stop(1_000);
  assert.deepEqual(take(), ['a 6', 'b 4']);
}); // prettier-ignore

test('a socket of the file system takes lines and packets of DogStatsD', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'statsd-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const { receiver, take } = await open(context, { transport: 'unix', listen: path });
  assert.equal((await stat(path)).mode & 0o777, 0o622);
  const framed = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  await sendStream(path, 'a:1|c\n');
  const packets = Buffer.concat([framed('a:2|c\na:3|c'), framed('b:1|g')]);
  await sendStream(path, packets.subarray(0, 7), packets.subarray(7));
  await receiver.stop(1_000);
  assert.deepEqual(take(), ['a 6', 'b 1']);
});

test('what is no dead socket is not removed', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'statsd-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'file');
  await writeFile(path, 'kept');
  await assert.rejects(open(context, { transport: 'unix', listen: path }), {
    code: 'LISTEN_FAILED',
  });
  assert.equal((await stat(path)).size, 4);
});

test('an address in use is an error at the start', async (context) => {
  const { receiver } = await open(context);
  await assert.rejects(open(context, { listen: receiver.address }), { code: 'PORT_IN_USE' });
  const { receiver: stream } = await open(context, { transport: 'tcp' });
  const again = open(context, { transport: 'tcp', listen: stream.address });
  await assert.rejects(again, { code: 'PORT_IN_USE' });
});

test('a transaction that fails is counted, and the next one goes on', async (context) => {
  const { world, receiver, appender, take, taken } = await open(context);
  await sendUdp(receiver.address, 'a:1|c');
  await until('it has come', 5_000, () => taken() === 1);
  const commit = appender.commit.bind(appender);
  appender.commit = () => {
    throw new Error('no');
  };
  await world.clock.advance(60_000);
  await until('it is counted', 5_000, () => world.metric('amperage_statsd_series_uncommitted_total') === 1);
  appender.commit = commit;
  await sendUdp(receiver.address, 'a:2|c');
  await until('it has come', 5_000, () => taken() === 2);
  await receiver.stop(1_000);
  assert.deepEqual(take(), ['a 2']);
}); // prettier-ignore
