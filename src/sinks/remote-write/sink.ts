/**
 * A running remote_write entry: appenders put samples into its queue, delivery sends them from
 * there, and metadata is sent without the queue.
 * Limits: those of the queue; a request holds at most `maxItemsPerSend` and `maxBytesPerSend`.
 */
import { Delivery } from '../../delivery/delivery.ts';
import type { DeliverySettings } from '../../delivery/settings.ts';
import type { Sharding } from '../../delivery/shards.ts';
import { createHttpClient, type HttpClient } from '../../kernel/http-client.ts';
import type { OpenAppender } from '../../model/sample.ts';
import type { Sink, SinkParts } from '../sink.ts';
import type { RemoteWriteConfig } from './config.ts';
import { newRemoteWriteMetrics, publicUrl, type RemoteWriteMetrics } from './metrics.ts';
import { AppenderPool } from './way-in/appender.ts';
import { type Authenticate, authenticateWith } from '../requests/authenticate.ts';
import { NegotiatedVersion } from './way-out/message-version.ts';
import { type MetadataSenderOptions, runMetadataSender } from './way-out/metadata.ts';
import { RemoteWriteProtocol } from './way-out/protocol.ts';
import { readJob } from './way-out/split.ts';

/** What tests set in place of what the configuration and the load say. */
export interface RemoteWriteEdges {
  readonly auth?: Authenticate;
  /** Random numbers of the jitter. */
  readonly random?: () => number;
  readonly sharding?: Sharding;
}

export class RemoteWriteSink implements Sink {
  readonly name: string;
  readonly openAppender: OpenAppender;
  readonly #config: RemoteWriteConfig;
  /** The client with the entry's own TLS and proxy; undefined when it has neither. */
  readonly #ownHttp: HttpClient | undefined;
  readonly #metrics: RemoteWriteMetrics;
  readonly #auth: Authenticate;
  readonly #pool: AppenderPool;
  readonly #delivery: Delivery<unknown>;
  readonly #metadataOptions: MetadataSenderOptions;
  readonly #stopping = new AbortController();
  #metadata: Promise<void> = Promise.resolve();

  constructor(
    config: RemoteWriteConfig,
    settings: DeliverySettings,
    parts: SinkParts,
    edges: RemoteWriteEdges = {},
  ) {
    const { id, name, queue, userAgent } = parts;
    this.name = id;
    this.#config = config;
    const { connection, url } = config;
    this.#ownHttp = connection === undefined ? undefined : createHttpClient({ connection });
    const log = parts.world.log.with({ remote_name: name, url: publicUrl(url) });
    const world = { ...parts.world, log, http: this.#ownHttp ?? parts.world.http };
    const pendingSamples = (): number => queue.pendingItems;
    const metrics = newRemoteWriteMetrics(world.metrics, { name, url, settings, pendingSamples });
    this.#metrics = metrics;
    const auth = edges.auth ?? authenticateWith(config, world);
    this.#auth = auth;
    const negotiated = new NegotiatedVersion(config);
    const protocol = new RemoteWriteProtocol({
      config,
      world,
      metrics,
      auth,
      userAgent,
      negotiated,
    });
    this.#delivery = new Delivery({
      name: id,
      queue,
      protocol,
      settings,
      world,
      metrics: metrics.delivery,
      onLoss: metrics.lost,
      random: edges.random,
      sharding: edges.sharding,
    });
    const { load, losses } = this.#delivery;
    const onLeftOut = (reason: string): void => losses.lost(1, reason, '');
    const intake = { config, settings, queue, metrics, load, onLeftOut };
    const { before } = parts;
    const goesOn = before instanceof RemoteWriteSink && before.#pool.goOn(intake);
    this.#pool = goesOn ? before.#pool : new AppenderPool(intake);
    this.openAppender = goesOn ? before.openAppender : (key) => this.#pool.open(key);
    const { metadata: store } = this.#pool;
    const retryMs = settings.maxBackoffMs;
    this.#metadataOptions = { config, retryMs, world, metrics, auth, userAgent, negotiated, store };
  }

  async start(): Promise<void> {
    await this.#delivery.start();
    if (this.#config.metadata.isSent)
      this.#metadata = runMetadataSender(this.#metadataOptions, this.#stopping.signal);
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#endMetadata();
    await this.#delivery.stop(deadlineMs);
    await this.#close();
  }

  async release(deadlineMs: number): Promise<void> {
    await this.#endMetadata();
    await this.#delivery.release(deadlineMs);
    await this.#close();
  }

  countDropped(items: number, reason: string, bytes: Uint8Array | undefined): void {
    this.#delivery.losses.lost(items, reason, bytes === undefined ? '' : readJob(bytes));
  }

  async #endMetadata(): Promise<void> {
    this.#stopping.abort();
    await this.#metadata;
  }

  async #close(): Promise<void> {
    this.#metrics.close();
    this.#auth.close();
    await this.#ownHttp?.close();
  }
}
