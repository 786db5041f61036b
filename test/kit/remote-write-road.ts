/**
 * A remote write road for tests: appender → queue on disk → sender → a receiver on the loopback
 * that decodes. Sockets and files are real; time is virtual.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { VirtualClock } from '../../src/kernel/clock.ts';
import type { Registry } from '../../src/kernel/metrics.ts';
import { makeLabelSet } from '../../src/model/labels.ts';
import type { Appender } from '../../src/model/sample.ts';
import { DurableQueue } from '../../src/queue/queue.ts';
import { DELIVERY_DEFAULTS, type DeliverySettings } from '../../src/delivery/settings.ts';
import type { World } from '../../src/kernel/world.ts';
import type { ChunkQueue } from '../../src/model/queue.ts';
import type { OpenRoutedAppender } from '../../src/model/sample.ts';
import type { SeriesTransform } from '../../src/model/transform.ts';
import { Router } from '../../src/routes/router.ts';
import {
  MESSAGE_1,
  METADATA_DEFAULTS,
  type RemoteWriteConfig,
} from '../../src/sinks/remote-write/config.ts';
import { type RemoteWriteEdges, RemoteWriteSink } from '../../src/sinks/remote-write/sink.ts';
import { temporaryFolder } from './folder.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { createWorld, openHttp } from './world.ts';
import { onEnd } from './ending.ts';

/** Thousands of requests take so long where other work has the machine. */
const WAIT_MAX_MS = 60_000;

export interface Road {
  readonly receiver: Receiver;
  readonly queue: DurableQueue;
  readonly sink: RemoteWriteSink;
  /** Opens an appender of a route with the transforms of the options. */
  readonly openAppender: (key: string) => Appender;
  readonly clock: VirtualClock;
  readonly metrics: Registry;
  readonly lines: readonly string[];
  readonly directory: string;
  readonly metric: (start: string) => number;
}

export type Overrides = Partial<RemoteWriteConfig> &
  Pick<RemoteWriteEdges, 'auth' | 'sharding'> & {
    readonly queue?: Partial<DeliverySettings>;
    readonly directory?: string;
    readonly transforms?: readonly SeriesTransform[];
  };

export interface SinkSettings {
  readonly config: RemoteWriteConfig;
  readonly settings: DeliverySettings;
}

export function configOf(url: string, overrides: Overrides = {}): SinkSettings {
  const { queue, directory: _, transforms: __, auth: ___, sharding: ____, ...rest } = overrides;
  return {
    config: {
      url,
      headers: {},
      message: MESSAGE_1,
      remoteTimeoutMs: 5_000,
      sendExemplars: false,
      sendNativeHistograms: false,
      metadata: { ...METADATA_DEFAULTS, isSent: false },
      ...rest,
    },
    settings: { ...DELIVERY_DEFAULTS, shardsMax: 1, batchSendDeadlineMs: 0, ...queue },
  };
}

export function sinkOver(
  { config, settings }: SinkSettings,
  queue: ChunkQueue,
  world: World,
  edges: RemoteWriteEdges = {},
): RemoteWriteSink {
  const parts = { id: 'remote_write/test', name: 'test', queue, world, userAgent: 'amperage' };
  return new RemoteWriteSink(config, settings, parts, edges);
}

export async function road(t: TestContext, overrides: Overrides = {}): Promise<Road> {
  const receiver = await startReceiver(t);
  const directory = overrides.directory ?? temporaryFolder(t);
  const world = createWorld({ http: openHttp(t) });
  const { clock, metrics, lines, metric } = world;
  const of = configOf(receiver.url, overrides);
  const { shardsMax: lanes, capBytes } = of.settings;
  const queue = new DurableQueue({ name: 'test', directory, lanes, capBytes }, world);
  const auth = overrides.auth === undefined ? {} : { auth: overrides.auth };
  const sharding = overrides.sharding === undefined ? {} : { sharding: overrides.sharding };
  const sink = sinkOver(of, queue, world, { random: () => 0, ...auth, ...sharding });
  const router = new Router(metrics);
  const { transforms = [] } = overrides;
  await router.apply(new Map([['test', [{ openAppender: sink.openAppender, transforms }]]]));
  const open: OpenRoutedAppender = router.openAppender;
  await queue.start();
  await sink.start();
  onEnd(t, async () => {
    const stopped = sink.stop(0);
    await clock.advance(0);
    await stopped;
    await queue.stop();
  });
  const openAppender = (key: string): Appender => open('test', key);
  return { receiver, queue, sink, openAppender, clock, metrics, lines, directory, metric };
}

/**
 * Moves the virtual clock on in steps until the condition holds, and lets real I/O proceed between
 * steps.
 */
export async function until(
  road: Pick<Road, 'clock'>,
  holds: () => boolean,
  stepMs = 10,
): Promise<void> {
  const end = performance.now() + WAIT_MAX_MS;
  while (!holds()) {
    assert.ok(performance.now() < end, `waited ${WAIT_MAX_MS} ms`);
    await road.clock.advance(stepMs);
  }
}

export function scrape(appender: Appender, names: readonly string[], tMs: number, value = 1): void {
  for (const name of names) {
    appender.append(appender.refOf(makeLabelSet({ __name__: name })), tMs, value);
  }
  appender.commit();
}
