/**
 * A remote_write entry: appenders into its queue and shards of senders out of it. The queue is given, started
 * before and stopped after the sink by whoever connects them.
 * Limits: those of the queue; a request holds at most `maxSamplesPerSend` and `maxBytesPerSend`.
 */
import type { Component } from '../../kernel/component.ts';
import { createHttpClient, type HttpClient } from '../../kernel/http-client.ts';
import type { World } from '../../kernel/world.ts';
import type { ChunkQueue } from '../../model/queue.ts';
import type { OpenAppender } from '../../model/sample.ts';
import { AppenderPool } from './appender.ts';
import { type Authenticate, authenticateWith } from './auth.ts';
import type { RemoteWriteConfig } from './config.ts';
import { Dialect } from './dialect.ts';
import { newRemoteWriteMetrics, publicUrl, type RemoteWriteMetrics } from './metrics.ts';
import { runMetadataSender } from './metadata.ts';
import { Load, runShards, type Sharding } from './shards.ts';
import { jobOf } from './split.ts';

export interface RemoteWriteSinkOptions {
  readonly config: RemoteWriteConfig;
  readonly queue: ChunkQueue;
  readonly userAgent?: string;
  /** Instead of what the configuration says, for tests. */
  readonly auth?: Authenticate;
  /** Of the jitter, for tests. */
  readonly random?: () => number;
  /** Instead of what the load asks for, for tests. */
  readonly sharding?: Sharding;
}

export class RemoteWriteSink implements Component {
  readonly name: string;
  /** Opens the appender of a target. */
  readonly openAppender: OpenAppender;
  readonly #options: RemoteWriteSinkOptions;
  readonly #world: World;
  /** With the entry's own connection settings. */
  readonly #ownHttp: HttpClient | undefined;
  readonly #metrics: RemoteWriteMetrics;
  readonly #auth: Authenticate;
  readonly #pool: AppenderPool;
  readonly #load = new Load();
  readonly #abort = new AbortController();
  #senders: Promise<unknown> | undefined;
  readonly #stopping = new AbortController();
  #metadata: Promise<void> = Promise.resolve();

  constructor(options: RemoteWriteSinkOptions, world: World) {
    const { config, queue } = options;
    this.name = `remote_write ${config.name}`;
    this.#options = options;
    const fields = { remote_name: config.name, url: publicUrl(config.url) };
    this.#ownHttp =
      config.connection === undefined
        ? undefined
        : createHttpClient({ connection: config.connection });
    this.#world = { ...world, log: world.log.with(fields), http: this.#ownHttp ?? world.http };
    this.#metrics = newRemoteWriteMetrics(world.metrics, config, () => queue.pendingSamples);
    this.#auth = options.auth ?? authenticateWith(config, this.#world);
    this.#pool = new AppenderPool(config, queue, this.#metrics, this.#load);
    this.openAppender = (key) => this.#pool.open(key);
  }

  start(): Promise<void> {
    const { config, queue, random, sharding, userAgent = 'amperage' } = this.#options;
    const world = this.#world;
    const sender = {
      config,
      queue,
      world,
      metrics: this.#metrics,
      auth: this.#auth,
      userAgent,
      dialect: new Dialect(config),
      load: this.#load,
    };
    this.#senders = runShards({ ...sender, random, sharding }, this.#abort.signal);
    if (config.metadata.isSent)
      this.#metadata = runMetadataSender(
        { ...sender, store: this.#pool.metadata },
        this.#stopping.signal,
      );
    return Promise.resolve();
  }

  /** Sends what is queued until the deadline; the rest stays in the queue. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#senders === undefined) return;
    const { queue } = this.#options;
    this.#stopping.abort();
    await this.#metadata;
    queue.drain();
    const inTime = new AbortController();
    const late = this.#world.clock.sleep(deadlineMs, inTime.signal).then(
      () => this.#abort.abort(new Error('remote_write is stopping')),
      () => undefined,
    );
    await this.#senders;
    inTime.abort(new Error('stopped in time'));
    await late;
    this.#abort.abort(new Error('remote_write has stopped'));
    this.#auth.close();
    await this.#ownHttp?.close();
    if (queue.pendingSamples > 0) {
      this.#world.log.info('remote_write leaves samples for the next run', {
        samples: queue.pendingSamples,
      });
    }
  }

  /** For losses that the queue reports: counts them with those of the sink, by the job of the chunk's first series. */
  countDropped(samples: number, reason: string, bytes: Uint8Array | undefined): void {
    const job = bytes === undefined ? '' : jobOf(bytes);
    this.#metrics.dropped.with({ reason, job }).inc(samples);
  }
}
