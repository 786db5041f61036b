import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { test, type TestContext } from 'node:test';
import { type ConfigError, describeError } from '../kernel/errors.ts';
import type { TraceAppender } from '../model/trace-appender.ts';
import { componentContract } from '../../test/contracts/component.ts';
import { until } from '../../test/kit/waiting.ts';
import { createWorld, type TestWorld } from '../../test/kit/world.ts';
import { TraceReceiver, type TraceReceiverParts } from './receiver.ts';

const HEADER = '{"format":"json","version":1}\n';
const RECEIVED = 'amperage_xray_datagrams_received_total';

interface Recorded extends TraceAppender {
  readonly committed: string[];
  readonly commits: number;
  rejected: number;
}

function record(): Recorded {
  const open: string[] = [];
  const recorded = {
    committed: [] as string[],
    commits: 0,
    rejected: 0,
    noteRejected: (documents: number) => void (recorded.rejected += documents),
    append: (document: Parameters<TraceAppender['append']>[0]) =>
      void open.push(Buffer.from(document as Uint8Array).toString('latin1')),
    commit: () => {
      recorded.commits += 1;
      recorded.committed.push(...open.splice(0));
    },
  };
  return recorded;
}

interface Running {
  readonly receiver: TraceReceiver;
  readonly appender: Recorded;
  readonly world: TestWorld;
  readonly send: (...datagrams: (string | Buffer)[]) => Promise<void>;
}

async function start(
  context: TestContext,
  { host = '127.0.0.1', ...parts }: Partial<TraceReceiverParts> & { host?: string } = {},
): Promise<Running> {
  const world = createWorld();
  const appender = record();
  const receiver = new TraceReceiver(
    { id: 'awsxray', listen: `${host}:0` },
    { world, appender, ...parts },
  );
  await receiver.start();
  context.after(() => receiver.stop(1_000));
  const name = host.replace(/[[\]]/g, '');
  const sender = createSocket(name.includes(':') ? 'udp6' : 'udp4');
  context.after(() => sender.close());
  await new Promise<void>((resolve) => sender.connect(receiver.port, name, resolve));
  const send = async (...datagrams: (string | Buffer)[]): Promise<void> => {
    for (const datagram of datagrams) await sendOne(sender, datagram);
  };
  return { receiver, appender, world, send };
}

function sendOne(socket: Socket, datagram: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(datagram, (error) => (error === null ? resolve() : reject(error))),
  );
}

componentContract('receiver of segments', () => {
  const parts = { world: createWorld(), appender: record() };
  return new TraceReceiver({ id: 'awsxray', listen: '127.0.0.1:0' }, parts);
});

test('documents of real datagrams are committed as they came', async (context) => {
  const { appender, world, send } = await start(context);
  const largest = 'x'.repeat(65_507 - HEADER.length);
  const documents = ['{"id":"1"}', 'T1SCgYK', 'T1UCgYK', '{\n"not":json', '\u00ff\u0000', largest];
  await send(...documents.map((one) => Buffer.from(HEADER + one, 'latin1')));
  await until('they are committed', 5_000, () => appender.committed.length === documents.length);
  assert.deepEqual(appender.committed, documents);
  assert.ok(appender.commits <= documents.length);
  assert.equal(world.metric(RECEIVED), documents.length);
  assert.ok(world.metric('amperage_xray_received_bytes_total') > 65_507);
  assert.ok(world.metric('amperage_xray_receive_buffer_bytes') > 100_000);
});

for (const host of ['[::1]', 'localhost'])
  test(`it listens on ${host}`, async (context) => {
    const { appender, send } = await start(context, { host });
    await send(`${HEADER}x`);
    await until('it is committed', 5_000, () => appender.committed.length === 1);
  });

test('the start and the first segment are a line of the log, the second is none', async (context) => {
  const { appender, world, send, receiver } = await start(context);
  assert.match(world.lines[0]!, new RegExp(`msg=listening .*address=127.0.0.1:${receiver.port} `));
  for (const document of ['a', 'b']) {
    await send(HEADER + document);
    await until('it is committed', 5_000, () => appender.committed.includes(document));
  }
  const told = world.lines.filter((line) => line.includes('the first trace segment has come'));
  assert.equal(told.length, 1);
  assert.match(told[0]!, /from=127\.0\.0\.1(?: |$)/);
});

test('hostile datagrams are counted by reason, and neither stop it nor are shown', async (context) => {
  const { appender, world, send } = await start(context);
  await send(
    '',
    'SECRET',
    `${'SECRET'.repeat(10_000)}\nx`,
    Buffer.alloc(65_507, 0xff),
    HEADER,
    Buffer.concat([Buffer.from([0, 10]), Buffer.alloc(60_000)]),
    `${HEADER}good`,
  );
  await until('the good one is committed', 5_000, () => appender.committed.length === 1);
  const rejected = (reason: string): number =>
    world.metric(`amperage_xray_datagrams_rejected_total{receiver="awsxray",reason="${reason}"}`);
  assert.equal(rejected('empty'), 1);
  assert.equal(rejected('no_line_end'), 2);
  assert.equal(rejected('no_document'), 1);
  assert.equal(rejected('header'), 2);
  assert.equal(appender.rejected, 6);
  assert.ok(!world.lines.join('\n').includes('SECRET'));
  assert.match(world.lines.join('\n'), /are rejected".*reason=header count=2 from=127\.0\.0\.1$/m);
});

test('a stop commits what the socket still has, after a main thread that stood still', async (context) => {
  const { appender, receiver, send } = await start(context);
  const documents = Array.from({ length: 300 }, (_, index) => `${index}`);
  await send(...documents.map((one) => HEADER + one));
  await receiver.stop(2_000);
  assert.deepEqual(appender.committed, documents);
});

test('a port that is in use is an error that names the key', async (context) => {
  const { receiver } = await start(context);
  const parts = { world: createWorld(), appender: record() };
  const listen = `127.0.0.1:${receiver.port}`;
  for (const [listenFlag, words] of [
    [undefined, 'endpoint of awsxray/2'],
    ['--bind', '--bind'],
  ] as const) {
    const second = new TraceReceiver({ id: 'awsxray/2', listen, listenFlag }, parts);
    await assert.rejects(second.start(), (error: ConfigError) => {
      assert.equal(error.code, 'PORT_IN_USE');
      assert.match(error.message, new RegExp(`UDP ${listen} is in use .*with ${words}$`));
      return true;
    });
    await second.stop(100);
  }
});

test('an address that is not of this machine, and a name without one, are errors', async () => {
  for (const [listen, words] of [
    ['192.0.2.1:0', 'cannot listen on UDP 192.0.2.1:0'],
    ['no-such-host.invalid:0', 'the host of no-such-host.invalid:0 has no address'],
  ] as const) {
    const parts = { world: createWorld(), appender: record() };
    const receiver = new TraceReceiver({ id: 'awsxray', listen }, parts);
    await assert.rejects(receiver.start(), (error: ConfigError) => {
      assert.equal(error.code, 'LISTEN_FAILED');
      assert.ok(describeError(error).includes(words), describeError(error));
      return true;
    });
    await receiver.stop(100);
  }
});

test('a commit that throws loses its documents, counted, and the next one passes', async (context) => {
  const appender = record();
  let isBroken = true;
  const { world, send } = await start(context, {
    appender: {
      append: (document, receivedMs) => appender.append(document, receivedMs),
      commit: () => {
        appender.commit();
        if (isBroken) throw new Error('no space');
      },
    },
  });
  const lost = (): number =>
    world.metric('amperage_xray_documents_dropped_total{receiver="awsxray",reason="commit"}');
  await send(`${HEADER}a`);
  await until('it is counted', 5_000, () => lost() === 1);
  assert.match(world.lines.at(-1)!, /could not be committed .*error="no space"/);
  isBroken = false;
  await send(`${HEADER}b`);
  await until('the next one is committed', 5_000, () => appender.committed.includes('b'));
  assert.equal(lost(), 1);
});

test('drops of the kernel are read every 5 s and at the stop, and told when they grow', async (context) => {
  const drops = [0, 3, 3, 10];
  const { receiver, world } = await start(context, {
    readDrops: () => Promise.resolve(drops.shift()),
  });
  const counted = (): number => world.metric('amperage_xray_kernel_drops_total');
  await until('they are read', 5_000, () => counted() === 0);
  await world.clock.advance(5_000);
  await until('they have grown', 5_000, () => counted() === 3);
  await world.clock.advance(5_000);
  await until('they are read again', 5_000, () => drops.length === 1);
  await receiver.stop(1_000);
  assert.equal(counted(), 10);
  const told = world.lines.filter((line) => line.includes('the kernel dropped datagrams'));
  assert.deepEqual(
    told.map((line) => /count=(\d+) in_all=(\d+)/.exec(line)?.slice(1)),
    [['3', '3']],
    'one line a minute',
  );
  assert.match(told[0]!, /remedy="raise net\.core\.rmem_max/);
});

test('where the kernel tells no drops, there is no metric of them', async (context) => {
  let asked = 0;
  const { world } = await start(context, {
    readDrops: () => {
      asked += 1;
      return Promise.resolve(undefined);
    },
  });
  await until('it has asked', 5_000, () => asked > 0);
  assert.ok(!world.metrics.expose().includes('kernel_drops'));
});

test('a port at which nothing comes is told once, with whom it can be reached by', async (context) => {
  const silent = await start(context);
  await silent.world.clock.advance(60_000);
  await silent.world.clock.advance(600_000);
  const told = (lines: readonly string[]): number =>
    lines.filter((line) => line.includes('no trace segment has come yet')).length;
  assert.equal(told(silent.world.lines), 1);
  assert.match(
    silent.world.lines.join('\n'),
    /address=127\.0\.0\.1:\d+ .*only programs of this host/,
  );
  const used = await start(context);
  await used.send(`${HEADER}{}`);
  await until('it has come', 5_000, () => used.appender.committed.length === 1);
  await used.world.clock.advance(60_000);
  assert.equal(told(used.world.lines), 0);
});
