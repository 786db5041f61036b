/**
 * The running `amperage xray`: receiver and forwarder, the queue and the sink, composed of the
 * daemon's settings.
 *
 *     UDP ─► receiver ─► queue ─► sink ─► X-Ray
 *     TCP ─► forwarder ────────────────►
 */
import { join } from 'node:path';
import { Group, type Component } from '../../kernel/component.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import { DurableQueue } from '../../queue/queue.ts';
import { MemoryQueue } from '../../queue/memory-queue.ts';
import { configuredEndpoint, makeEndpoint } from '../../aws/endpoints.ts';
import type { ServiceAccess } from '../../aws/service-client.ts';
import type { Reporter } from '../../settings/finding.ts';
import type { ResolvedSink, Sink } from '../../sinks/sink.ts';
import { xrayKind } from '../../sinks/xray/kind.ts';
import { Forwarder, XRAY_PATHS } from '../../xray/forwarder.ts';
import { TraceReceiver } from '../../xray/receiver.ts';
import { VERSION } from '../version.ts';
import { DaemonRefusal } from './daemon-file.ts';
import type { DaemonSettings } from './settings.ts';
import type { Storage } from './storage.ts';

export interface DaemonOptions {
  readonly settings: DaemonSettings;
  /** As it was found; it is before that of the settings. */
  readonly region: string;
  readonly storage: Storage;
  /** Address of /metrics and of the health; none when undefined. */
  readonly webAddress: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const MB = 1_048_576;
const SINK_ID = 'xray/daemon';
/** The daemon's name of its session when it assumes a role: policies may ask for it. */
const SESSION_NAME = 'xray-daemon';
/** How long requests for rules may go on at a stop; the rest of the time is for segments. */
const FORWARDER_STOP_MS = 2_000;

/** @throws DaemonRefusal for settings that the sink does not take */
export function createDaemon(options: DaemonOptions, world: World): Component {
  const { settings, webAddress } = options;
  const resolved = resolveSink(options);
  const { access } = resolved.settings;
  const { queue, sink } = openSink(resolved, options, world);
  const { openTraces } = sink;
  if (openTraces === undefined) throw new Error('BUG: the sink takes no segments');
  const receiver = new TraceReceiver(
    {
      id: 'xray',
      listen: settings.udpAddress,
      listenFlag: '--bind',
      bufferBytes: settings.bufferMb * MB,
    },
    { world, appender: openTraces() },
  );
  const forwarder = new Forwarder(
    {
      id: 'xray',
      listen: settings.tcpAddress,
      listenFlag: '--bind-tcp',
      access,
      paths: XRAY_PATHS,
      keepsSampling: true,
      isToldElsewhere: true,
    },
    world,
  );
  sayEndpoint(access, options, world);
  const readiness = new Readiness();
  const web = webAddress === undefined ? [] : [createWebServer(webAddress, readiness, world)];
  const tolerant = tolerate(forwarder, settings.tcpAddress, world);
  // A group stops in reverse order: the receiver first, so that the sink sends what it took.
  return new Group('xray', [queue, sink, ...web, tolerant, receiver, readiness]);
}

/** The last of the group to start: it is ready when all before it have started. */
class Readiness implements Component {
  readonly name = 'readiness';
  isReady = false;

  start(): Promise<void> {
    this.isReady = true;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.isReady = false;
    return Promise.resolve();
  }
}

type XrayResolved = ReturnType<typeof xrayKind.resolve>;

function resolveSink({ settings, region, storage, env }: DaemonOptions): XrayResolved {
  const { endpoint, roleArn, resourceArn, proxyUrl, isLocal, skipsVerification } = settings;
  const input = xrayKind.schema.parse({
    region,
    endpoint,
    role_arn: roleArn,
    resource_arn: resourceArn,
    local_mode: isLocal,
    ...(proxyUrl === undefined ? { proxy_from_environment: true } : { proxy_url: proxyUrl }),
    ...(skipsVerification ? { tls_config: { insecure_skip_verify: true } } : {}),
    queue_config: { max_shards: settings.concurrency },
  });
  const context = { path: [], baseDirectory: process.cwd(), report: refusing, env };
  const resolved = xrayKind.resolve(input, context);
  const { access } = resolved.settings;
  const credentials = { ...access.credentials, sessionName: SESSION_NAME };
  return {
    ...resolved,
    delivery: { ...resolved.delivery, capBytes: storage.capBytes },
    settings: { ...resolved.settings, access: { ...access, credentials } },
  };
}

/** What the daemon's settings cannot express is no finding; the first fault ends the start. */
const refusing: Reporter = {
  error: (_path, _code, message) => {
    throw new DaemonRefusal(message);
  },
  warn: () => undefined,
  lacks: (_path, message) => {
    throw new DaemonRefusal(message);
  },
  positionOf: () => '',
};

function openSink(
  resolved: XrayResolved & ResolvedSink<unknown>,
  { storage }: DaemonOptions,
  world: World,
): { readonly queue: DurableQueue | MemoryQueue; readonly sink: Sink } {
  const { shardsMax: lanes, capBytes, sync, ageLimitMs: maxAgeMs } = resolved.delivery;
  const { folder } = storage;
  const shared = {
    name: SINK_ID,
    lanes,
    onDropped: (items: number, reason: string, bytes: Uint8Array | undefined): void =>
      sink.countDropped(items, reason, bytes),
  };
  const queue =
    folder === undefined
      ? new MemoryQueue({ ...shared, maxBytes: capBytes }, world)
      : new DurableQueue(
          { ...shared, directory: join(folder, 'queue'), capBytes, sync, maxAgeMs },
          world,
        );
  const sink: Sink = xrayKind.open(resolved, {
    id: SINK_ID,
    name: 'daemon',
    world,
    userAgent: `amperage/${VERSION}`,
    queue,
  });
  return { queue, sink };
}

/**
 * As for the daemon, a TCP port that cannot be listened on is told, and segments go on: only the
 * sampling rules are missing then.
 */
function tolerate(forwarder: Forwarder, address: string, { log }: World): Component {
  return {
    name: forwarder.name,
    start: async () => {
      try {
        await forwarder.start();
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const fields = { remedy: 'give another address with --bind-tcp' };
        log.error(`proxy http server failed to listen: ${describeError(error)}`, fields);
        return;
      }
      log.info(`Starting proxy http server on ${address.replace(/\d+$/, '')}${forwarder.port}`);
    },
    stop: (deadlineMs) => forwarder.stop(Math.min(deadlineMs, FORWARDER_STOP_MS)),
  };
}

function sayEndpoint(access: ServiceAccess, { region, env }: DaemonOptions, { log }: World): void {
  const configured = access.endpoint ?? configuredEndpoint('xray', env);
  const endpoint = configured ?? makeEndpoint('xray', region, access);
  // A URL may have a password in it.
  const { origin } = new URL(endpoint);
  log.info(`HTTP Proxy server using X-Ray Endpoint : ${origin}`);
}

function createWebServer(
  listen: string,
  readiness: Readiness,
  { log, metrics, hosts }: World,
): HttpServer {
  return new HttpServer({
    name: 'xray',
    listen,
    listenFlag: '--web.listen-address',
    isToldElsewhere: true,
    routes: [],
    strangers: { ...hosts },
    log,
    metrics,
    ready: () => readiness.isReady,
  });
}
