/**
 * Every server that listens for TCP, started as the command that has it starts it: real processes
 * on free ports of the loopback, plain and with TLS. Each process says how much memory it holds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PeerServer } from '../../src/sharding/peer-server.ts';
import type { PeerState } from '../../src/sharding/peer-state.ts';
import { makeAuthority } from '../kit/authority.ts';
import { type Ending, onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { BARE_AWS, freePort, MAIN } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';
import { createWorld } from '../kit/world.ts';
import { readHeld } from './held-memory.ts';

export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly isTls: boolean;
  /** What its clients speak; of HTTP also where a good GET goes. */
  readonly speaks: 'http' | 'grpc' | 'lines' | 'datagrams';
  readonly path: string;
  readonly owner: Owner;
}

/** The process that has a listener. */
export interface Owner {
  /** Bytes. */
  held(): Promise<number>;
  /** How many sockets it has. */
  sockets(): number;
  /** What all its threads have worked until now, ms: a busy machine does not make it more. */
  workedMs(): number;
}

/** Linux counts work in hundredths of a second. */
const TICK_MS = 10;
const READY_MAX_MS = 60_000;
const REPORTER = path.resolve(import.meta.dirname, 'held-reporter.ts');
const KEYS = {
  ...BARE_AWS,
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  WORKSPACE_ACCESS_KEY: 'AKIDEXAMPLE',
  WORKSPACE_SECRET_KEY: 'secret',
};

class Started implements Owner {
  readonly #child: ChildProcess;
  output = '';
  hasExited = false;

  constructor(ending: Ending, given: readonly string[], env: Record<string, string>) {
    const child = spawn(process.execPath, ['--import', REPORTER, MAIN, ...given], {
      env: { ...process.env, ...KEYS, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (this.output += data.toString().slice(0, 10_000)));
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        this.hasExited = true;
        resolve();
      });
    });
    onEnd(ending, async () => {
      if (!this.hasExited) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
      await exited;
      clearTimeout(timer);
    });
  }

  held(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (bytes) => resolve(Number(bytes)));
      this.#child.send('held', (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  sockets(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  workedMs(): number {
    return readWork(this.#child.pid);
  }
}

function readWork(pid = process.pid): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(') ')).split(' ');
  return (Number(fields[12]) + Number(fields[13])) * TICK_MS;
}

/** Starts a command. @param ready  a URL that answers when it listens everywhere */
async function start(
  ending: Ending,
  given: readonly string[],
  ready: string,
  env: Record<string, string> = {},
): Promise<Owner> {
  const started = new Started(ending, given, env);
  await until(`${given[0] ?? ''} is ready`, READY_MAX_MS, async () => {
    if (started.hasExited) throw new Error(`it ended at once:\n${started.output}`);
    return (await fetch(ready).catch(() => undefined))?.status === 200;
  });
  return started;
}

interface Place {
  readonly folder: string;
  /** A service that answers all with 200 and `{}`. */
  readonly service: string;
  readonly cert: string;
  readonly key: string;
  /** A file of `--web.config.file`. */
  readonly web: string;
}

async function makePlace(ending: Ending): Promise<Place> {
  const folder = temporaryFolder(ending);
  const authority = makeAuthority(folder, 'authority');
  const at = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const cert = at('server.pem', authority.server.cert);
  const key = at('server.key', authority.server.key);
  const web = at('web.yml', `tls_server_config: { cert_file: ${cert}, key_file: ${key} }\n`);
  const { url } = await serve(ending, (request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json').end('{}');
  });
  return { folder, service: url, cert, key, web };
}

/** All listeners of a collector: its own page, and those of its configuration. */
export async function startCollector(ending: Ending, place?: Place): Promise<Listener[]> {
  const { folder, service, cert, key } = place ?? (await makePlace(ending));
  const listeners: Omit<Listener, 'owner'>[] = [];
  const add = async (name: string, speaks: Listener['speaks'], goodPath = '/'): Promise<string> => {
    const port = await freePort();
    listeners.push({ name, port, isTls: name.includes('TLS'), speaks, path: goodPath });
    return `endpoint: '127.0.0.1:${port}'`;
  };
  const tls = `tls: { cert_file: '${cert}', key_file: '${key}' }`;
  const aws = `region: us-east-1, aws_endpoint: '${service}'`;
  const own = await freePort();
  const telemetry = await freePort();
  const config = path.join(folder, 'collector.yml');
  writeFileSync(
    config,
    `extensions:
  health_check: { ${await add('health_check', 'http')} }
  health_check/tls: { ${await add('health_check with TLS', 'http')}, ${tls} }
  zpages: { ${await add('zpages', 'http', '/debug/servicez')} }
  pprof: { ${await add('pprof', 'http', '/debug/pprof/')} }
  awsproxy: { ${await add('awsproxy', 'http')}, ${aws} }
receivers:
  otlp:
    protocols:
      http: { ${await add('OTLP over HTTP', 'http', '/v1/traces')} }
      grpc: { ${await add('OTLP over gRPC', 'grpc')} }
  otlp/tls:
    protocols:
      http: { ${await add('OTLP over HTTP with TLS', 'http', '/v1/traces')}, ${tls} }
      grpc: { ${await add('OTLP over gRPC with TLS', 'grpc')}, ${tls} }
  statsd: { ${await add('StatsD by UDP', 'datagrams')} }
  statsd/tcp: { ${await add('StatsD by TCP', 'lines')}, transport: tcp }
  awsxray:
    ${await add('segments by UDP', 'datagrams')}
    proxy_server: { ${await add('proxy_server', 'http', '/-/healthy')}, ${aws} }
exporters:
  debug: {}
  awsxray: { region: us-east-1, endpoint: '${service}' }
service:
  extensions: [health_check, health_check/tls, zpages, pprof, awsproxy]
  telemetry: { metrics: { address: '127.0.0.1:${telemetry}' } }
  pipelines:
    metrics: { receivers: [otlp, otlp/tls, statsd, statsd/tcp], exporters: [debug] }
    traces: { receivers: [otlp, otlp/tls], exporters: [debug] }
    traces/xray: { receivers: [awsxray], exporters: [awsxray] }
`,
  );
  const page = `127.0.0.1:${own}`;
  const owner = await start(
    ending,
    [
      'collect',
      `--config.file=${config}`,
      '--allow-partial',
      `--storage.path=${path.join(folder, 'collector')}`,
      `--web.listen-address=${page}`,
    ],
    `http://${page}/-/ready`,
  );
  listeners.push(
    { name: 'collect', port: own, isTls: false, speaks: 'http', path: '/-/healthy' },
    { name: 'own metrics', port: telemetry, isTls: false, speaks: 'http', path: '/metrics' },
  );
  return listeners.map((listener) => ({ ...listener, owner }));
}

/** The listeners of all commands. */
export async function startAll(ending: Ending): Promise<Listener[]> {
  const place = await makePlace(ending);
  const listeners = await startCollector(ending, place);
  const add = async (
    name: string,
    make: (port: number, second: number) => readonly string[],
    { path: goodPath = '/-/healthy', second = '', env = {} } = {},
  ): Promise<void> => {
    const [port, other] = [await freePort(), await freePort()];
    const isTls = name.includes('TLS');
    const ready = `http://127.0.0.1:${isTls || second !== '' ? other : port}/-/healthy`;
    const owner = await start(ending, make(port, other), ready, env);
    const one = { speaks: 'http', owner } as const;
    listeners.push({ ...one, name, port, isTls, path: goodPath });
    if (second !== '')
      listeners.push({ ...one, name: second, port: other, isTls: false, path: '/-/healthy' });
  };
  const { folder, service, web } = place;
  const host = new URL(service).host;
  const proxy = (port: number, admin: number) => [
    'proxy',
    '--port',
    `127.0.0.1:${port}`,
    '--web.listen-address',
    `127.0.0.1:${admin}`,
    '--host',
    host,
    '--upstream-url-scheme',
    'http',
    '--region',
    'us-east-1',
    '--name',
    'aps',
    '--body-max-bytes',
    '16777216',
  ];
  await add('proxy', proxy, { path: '/', second: 'proxy admin' });
  await add('proxy with TLS', (...ports) => [...proxy(...ports), '--web.config.file', web], {
    path: '/',
  });
  const exporter = (port: number, other: number) => [
    'exporter',
    '--web.listen-address',
    `127.0.0.1:${port}`,
    '--web.listen-address',
    `127.0.0.1:${other}`,
  ];
  const env = { ECS_CONTAINER_METADATA_URI_V4: `${service}/v4/a` };
  await add('exporter', exporter, { env });
  const data = path.join(folder, 'workspace');
  await add('workspace', (port) => [
    'workspace',
    '--web.listen-address',
    `127.0.0.1:${port}`,
    '--storage.path',
    data,
  ]);
  await add('emulate', (port) => ['emulate', '--web.listen-address', `127.0.0.1:${port}`]);
  await add('sample-app', (port) => [
    'sample-app',
    '--web.listen-address',
    `127.0.0.1:${port}`,
    '--rate',
    '0',
  ]);
  const targets = path.join(folder, 'discover.yml');
  writeFileSync(targets, 'scrape_configs: []\n');
  await add('discover', (port) => [
    'discover',
    '--web.listen-address',
    `127.0.0.1:${port}`,
    '--config.file',
    targets,
  ]);
  await add(
    'X-Ray forwarder',
    (port, admin) => [
      'xray',
      '--bind-tcp',
      `127.0.0.1:${port}`,
      '--bind',
      `127.0.0.1:${port}`,
      '--web.listen-address',
      `127.0.0.1:${admin}`,
      '--local-mode',
      '--region',
      'us-east-1',
      '--storage.path',
      path.join(folder, 'xray'),
    ],
    { second: 'xray' },
  );
  const empty = path.join(folder, 'prometheus.yml');
  writeFileSync(empty, 'scrape_configs: []\n');
  const secure = await freePort();
  const collector = new Started(
    ending,
    [
      'collect',
      `--config.file=${empty}`,
      `--storage.path=${path.join(folder, 'secure')}`,
      `--web.config.file=${web}`,
      `--web.listen-address=127.0.0.1:${secure}`,
    ],
    {},
  );
  await until('the collector with TLS listens', READY_MAX_MS, () =>
    collector.output.includes('msg=started'),
  );
  const one = { speaks: 'http', owner: collector } as const;
  listeners.push(
    { ...one, name: 'collect with TLS', port: secure, isTls: true, path: '/-/healthy' },
    await startPeer(ending),
  );
  return listeners;
}

/** The only one in this process: to join others a collector would need the whole of ECS. */
async function startPeer(ending: Ending): Promise<Listener> {
  const state = { boot: 'a', version: 1 } as PeerState;
  const server = new PeerServer({
    world: createWorld(),
    listen: '127.0.0.1:0',
    state: () => state,
    onAsked: () => undefined,
  });
  await server.start();
  onEnd(ending, () => server.stop());
  const owner = {
    held: () => Promise.resolve(readHeld()),
    sockets: () => 0,
    workedMs: () => readWork(),
  };
  const { port } = server;
  return { name: 'shard', port, isTls: false, speaks: 'http', path: '/-/healthy', owner };
}
