/**
 * What fails for ten minutes says so once at once, in a sum each minute, and once when it is over:
 * neither ten equal lines in ten seconds nor silence. A row for each thing that can fail.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { test, type TestContext } from 'node:test';
import { createCredentialSource } from '../../src/aws/credentials.ts';
import { ConfigSources } from '../../src/config/sources/sources.ts';
import { RetryLog } from '../../src/delivery/retry-log.ts';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import { type DiscoveryWorld, poll } from '../../src/discovery/mechanism.ts';
import { PartialList } from '../../src/discovery/partial-list.ts';
import { MetadataReader } from '../../src/exporter/reader.ts';
import { ByteBudget } from '../../src/kernel/byte-budget.ts';
import { RecoverableError } from '../../src/kernel/errors.ts';
import { OtlpReport } from '../../src/otlp/report.ts';
import { UpstreamOutages } from '../../src/proxy/outages.ts';
import { DropLog } from '../../src/queue/drop-log.ts';
import { JobOutage } from '../../src/scrape/job-outage.ts';
import { MemberLists } from '../../src/sharding/member-lists.ts';
import { Peers } from '../../src/sharding/peers.ts';
import { encodeLabels } from '../../src/wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../src/wire/remote-write/encoder.ts';
import { compress } from '../../src/wire/snappy.ts';
import { Database } from '../../src/workspace/storage/database.ts';
import { Store, STORE_DEFAULTS } from '../../src/workspace/storage/store.ts';
import { ReceiverReport } from '../../src/xray/receiver-report.ts';
import { SocketReader } from '../../src/xray/socket-reader.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { createWorld, type TestWorld } from '../kit/world.ts';

interface Failing {
  /** Called each second. */
  readonly fail: () => unknown;
  /** Called when it is over; absent where nothing tells that. */
  readonly work?: () => unknown;
}

const never = new AbortController().signal;
const refused = (): Error => new Error('connect ECONNREFUSED 127.0.0.1:1');

function discoveryWorld(world: TestWorld): DiscoveryWorld {
  const callLimits = new CallLimits(world.clock, world.metrics);
  return { ...world, mechanism: 'http', signal: never, baseDirectory: '/', callLimits };
}

/** Something that is asked, and answers or fails. */
function makeSwitch<T>(answer: T): { isDown: boolean; readonly ask: () => Promise<T> } {
  const one = {
    isDown: true,
    ask: async (): Promise<T> => {
      if (one.isDown) throw refused();
      return answer;
    },
  };
  return one;
}

function segmentsReport({ log, metrics, clock }: TestWorld): ReceiverReport {
  const buffers = { bufferBytes: 1_000, socketBufferBytes: 1_000 };
  return new ReceiverReport({ receiver: 'xray', log, metrics, clock, ...buffers });
}

function otlpReport({ log, metrics, clock }: TestWorld): OtlpReport {
  const budget = new ByteBudget(1_000);
  return new OtlpReport({ receiver: 'otlp', log, metrics, budget, clock });
}

/** What one collector answers another with. */
const PEER_STATE = {
  id: 'b',
  boot: '1',
  version: 1,
  phase: 'running',
  isReady: true,
  lost: [],
};

type Make = (world: TestWorld, context: TestContext) => Failing | Promise<Failing>;

const things: Readonly<Record<string, Make>> = {
  'a target that refuses': (world) => {
    const outage = new JobOutage(world, world.metrics.gauge('down', ''));
    const target = { key: 't', url: 'http://t/metrics' };
    return {
      fail: () => outage.failed('j', target, refused()),
      work: () => outage.worked('j', 't'),
    };
  },
  'a list of targets': (world) => {
    const source = makeSwitch([]);
    const lists = poll(1_000, discoveryWorld(world), source.ask)[Symbol.asyncIterator]();
    let next: Promise<unknown> | undefined;
    return {
      fail: () => {
        next ??= lists.next();
      },
      work: () => {
        source.isDown = false;
      },
    };
  },
  'a file of targets': (world) => {
    const parts = new PartialList('file', discoveryWorld(world));
    const source = makeSwitch([]);
    const read = async (): Promise<void> => {
      await parts.read('a.yml', source.ask);
      await parts.read('b.yml', async () => []);
      parts.conclude(['a.yml', 'b.yml']);
    };
    return {
      fail: read,
      work: () => {
        source.isDown = false;
        return read();
      },
    };
  },
  'credentials that hang': (world) => {
    let isDown = true;
    const keys = { accessKeyId: 'a', secretAccessKey: 'b' };
    const provider = async () => async () =>
      isDown ? new Promise<typeof keys>(() => undefined) : keys;
    const source = createCredentialSource({}, { ...world, provider });
    const ask = (): void => void source().catch(() => undefined);
    return {
      fail: ask,
      work: () => {
        isDown = false;
        ask();
      },
    };
  },
  'a source of the configuration': (world) => {
    const source = makeSwitch({ status: 200, headers: {}, body: Buffer.from('a: 1') });
    const http = { ...world.http, send: source.ask };
    const sources = new ConfigSources({
      uris: ['http://c/x.yml'],
      world: { ...world, http },
      env: {},
    });
    return {
      fail: () => sources.read().catch(() => undefined),
      work: () => {
        source.isDown = false;
        return sources.read();
      },
    };
  },
  'a receiver': ({ log, clock }) => {
    const retries = new RetryLog(log, clock);
    const error = new RecoverableError('HTTP_NO_ANSWER', 'status 500');
    return {
      fail: () => retries.failed({ error, attempt: 2, waitMs: 1_000, items: 1, waiting: 1 }),
      work: () => retries.delivered(0),
    };
  },
  'a queue at its limit': ({ log, clock }) => {
    const drops = new DropLog(log, clock);
    return { fail: () => drops.add(1, 'disk_cap') };
  },
  'an upstream of the proxy': (world) => {
    const outages = new UpstreamOutages(world);
    return {
      fail: () => outages.failed('aps.example', '/workspaces/ws/api/v1/query', refused()),
      work: () => outages.worked('aps.example'),
    };
  },
  'the task metadata endpoint': (world) => {
    const source = makeSwitch([]);
    const stats = makeSwitch({});
    const client = {
      scope: 'task',
      tasks: source.ask,
      taggedTasks: source.ask,
      stats: stats.ask,
    } as unknown as ConstructorParameters<typeof MetadataReader>[0]['client'];
    const reader = new MetadataReader({ client, hasTags: true, cacheMs: 0 }, world);
    return {
      fail: () => void reader.read(500),
      work: () => {
        source.isDown = false;
        stats.isDown = false;
        void reader.read(500);
      },
    };
  },
  'the list of collectors': (world) => {
    const list = makeSwitch([]);
    const source = { own: async () => ({ id: 'a', host: undefined }), list: list.ask };
    const file = '/proc/none/members.json';
    const options = { world, source, port: 1, file, findHosts: undefined, signal: never };
    const lists = new MemberLists(options);
    return { fail: () => lists.read(undefined) };
  },
  'another collector': async (world) => {
    let isUp = true;
    const answer = { status: 200, headers: {}, body: Buffer.from(JSON.stringify(PEER_STATE)) };
    const send = async (): Promise<typeof answer> => {
      // It holds a request until it has news.
      await world.clock.sleep(1);
      if (isUp) return answer;
      throw Object.assign(refused(), { code: 'ECONNREFUSED' });
    };
    const http = { ...world.http, send };
    const options = { world: { ...world, http }, onChange: () => undefined, ownId: () => 'a' };
    const peers = new Peers(options);
    peers.watch(new Map([['b', '127.0.0.1:1']]));
    await world.clock.advance(10);
    assert.match(world.lines.join(), /another collector answers/);
    isUp = false;
    return {
      fail: () => undefined,
      work: () => {
        isUp = true;
      },
    };
  },
  'the seal of a workspace': async (world, context) => {
    const directory = temporaryFolder(context);
    const often = { sealAfterMs: 1_000, tidyIntervalMs: 1_000 };
    const store = new Store({ ...STORE_DEFAULTS, directory, ...often }, world);
    await store.start();
    context.after(() => store.stop());
    const seal = context.mock.method(Database.prototype, 'seal', () => {
      throw new Error('disk I/O error');
    });
    const encoder = new WriteRequestEncoder();
    encoder.append(encodeLabels([{ name: '__name__', value: 'a' }]), world.clock.nowMs(), 1);
    await store.write(compress(encoder.bytes()));
    return { fail: () => undefined, work: () => seal.mock.restore() };
  },
  'a receiver of segments that cannot commit': (world) => {
    const report = segmentsReport(world);
    let documents = 0;
    return { fail: () => report.tellUncommitted(++documents, 'ENOSPC') };
  },
  'a receiver of segments whose socket fails': (world) => {
    const report = segmentsReport(world);
    return { fail: () => report.tellSocketFailed('EADDRINUSE', 1_000) };
  },
  'segments that the kernel drops': (world) => {
    const report = segmentsReport(world);
    return { fail: () => report.tellKernelDrops(3) };
  },
  'datagrams without a trace segment': (world) => {
    const report = segmentsReport(world);
    const at = { host: '127.0.0.1', family: 4, port: 0 } as const;
    let port = 40_000;
    return {
      // A client with a new socket for each datagram.
      fail: () => {
        const socket = Object.assign(new EventEmitter(), {
          bind: () => undefined,
          close: () => undefined,
        });
        const reader = new SocketReader(
          { ...at, socketBufferBytes: 1_000, bufferBytes: 1_000 },
          {
            post: (message) => message.kind === 'batch' && report.tellTally(message.tally, 0),
            onEnd: () => undefined,
            createSocket: () => socket as unknown as Socket,
          },
        );
        reader.open();
        socket.emit('message', Buffer.from('noise'), { address: '10.0.0.1', port: port++ });
        reader.receive({ kind: 'close' });
      },
    };
  },
  'requests of OTLP that are refused': (world) => {
    const report = otlpReport(world);
    return {
      fail: () => {
        for (let i = 0; i < 10; i++) report.tellUnread('http', '10.0.0.1', 'not JSON');
      },
    };
  },
  'another protocol at the port of OTLP': (world) => {
    const report = otlpReport(world);
    return { fail: () => report.tellWrongProtocol('grpc', '10.0.0.1:1', 'HTTP/1.1') };
  },
  'requests that nobody summed up': ({ log }) => {
    let count = 0;
    return {
      fail: () => {
        for (let i = 0; i < 10; i++)
          log.warn('a request was refused', { error: refused(), took_ms: count++ });
      },
    };
  },
};

for (const [what, make] of Object.entries(things))
  test(`ten minutes of ${what}: one line, one a minute, one when it is over`, async (context) => {
    const world = createWorld();
    const { fail, work } = await make(world, context);
    const before = world.lines.length;
    for (let second = 0; second < 600; second++) {
      await fail();
      await world.clock.advance(1_000);
      if (second === 20) assert.ok(world.lines.length > before, 'it is said within seconds');
    }
    const during = world.lines.length - before;
    assert.ok(during >= 9 && during <= 11, `${during}\n${world.lines.join('\n')}`);
    if (work === undefined) return;
    await world.clock.advance(20_000);
    await work();
    for (let i = 0; i < 3; i++) await world.clock.advance(1_000);
    const after = world.lines.slice(before + during);
    assert.ok(after.length >= 1 && after.length <= 2, after.join('\n'));
    assert.match(after.at(-1)!, /level=info/);
  });
