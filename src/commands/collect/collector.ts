/**
 * The running collector: sinks, scraping and discovery joined, and how they go over to another configuration. What did
 * not change runs on untouched; while a remote_write entry is replaced nothing is scraped, which takes a moment.
 */
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { CollectorConfig } from '../../config/prometheus.ts';
import { DiscoveryManager } from '../../discovery/manager.ts';
import type { Component } from '../../kernel/component.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import type { World } from '../../kernel/world.ts';
import type { Membership } from '../../discovery/members.ts';
import { shareOf } from '../../discovery/shard.ts';
import type { TargetGroup } from '../../model/target.ts';
import { DurableQueue } from '../../queue/queue.ts';
import { ScrapeManager } from '../../scrape/manager.ts';
import type { RemoteWriteConfig } from '../../sinks/remote-write/config.ts';
import { RemoteWriteSink } from '../../sinks/remote-write/sink.ts';
import { fanOut } from '../fan-out.ts';
import { VERSION } from '../version.ts';

const USER_AGENT = `amperage/${VERSION}`;
/** How long an entry that is replaced may go on sending; the rest stays on disk for the one that follows. */
const REPLACE_MS = 1_000;

export interface CollectorOptions {
  readonly config: CollectorConfig;
  readonly configFile: string;
  readonly storagePath: string;
  readonly world: World;
  /** Which of the targets fall to this collector; all when absent. Nothing is scraped before the first. */
  readonly shares?: (signal: AbortSignal) => AsyncIterable<Membership>;
  /** How long a last scrape of all targets may take before the end; 0 for none. */
  readonly finalScrapeMs?: number;
}

/** A remote_write entry with the queue that is its own. */
interface Outlet {
  readonly fingerprint: string;
  readonly queue: DurableQueue;
  readonly sink: RemoteWriteSink;
}

export class Collector implements Component {
  readonly name = 'collector';
  readonly scrape: ScrapeManager;
  readonly #options: CollectorOptions;
  readonly #discovery: DiscoveryManager;
  #outlets = new Map<string, Outlet>();
  #config: CollectorConfig;
  #isStarted = false;
  /** The complete lists, of which a share is scraped. */
  readonly #groups = new Map<string, readonly TargetGroup[]>();
  #membership: Membership | undefined;
  readonly #stopping = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    const { world, config, configFile } = options;
    this.#options = options;
    this.#config = config;
    this.scrape = new ScrapeManager({
      world,
      userAgent: USER_AGENT,
      openAppender: (key) => this.#openAppender(key),
      openHttp: ({ connection, allowMetadataAddresses }) =>
        createHttpClient({ connection, isGuarded: !allowMetadataAddresses, reusesBodies: true }),
      offsetSeed: hostname(),
    });
    this.#discovery = new DiscoveryManager({
      world,
      baseDirectory: dirname(resolve(configFile)),
      jobs: config.discovery,
      onUpdate: (job, groups) => {
        this.#groups.set(job, groups);
        this.#share(job, groups);
      },
    });
  }

  /** Sinks first: what is scraped can always be kept. */
  async start(): Promise<void> {
    this.#isStarted = true;
    for (const config of this.#config.remoteWrites) await this.#open(config);
    await this.scrape.start();
    await this.scrape.apply(this.#config.scrapeConfigs);
    this.#following = this.#followShares();
    await this.#discovery.start();
  }

  /** Goes over to another configuration, which was checked before. */
  async apply(config: CollectorConfig): Promise<void> {
    const wanted = new Map(config.remoteWrites.map((one) => [one.name, JSON.stringify(one)]));
    const gone = [...this.#outlets].filter(([name, one]) => wanted.get(name) !== one.fingerprint);
    const isNew = config.remoteWrites.some(({ name }) => !this.#outlets.has(name));
    this.#config = config;
    if (gone.length > 0 || isNew) {
      await this.scrape.pause();
      for (const [name, outlet] of gone) await this.#close(name, outlet, REPLACE_MS);
      for (const one of config.remoteWrites)
        if (!this.#outlets.has(one.name)) await this.#open(one);
    }
    await this.scrape.apply(config.scrapeConfigs);
    const jobs = new Set(config.discovery.map(({ job }) => job));
    for (const job of this.#groups.keys()) if (!jobs.has(job)) this.#groups.delete(job);
    this.#discovery.apply(config.discovery);
  }

  /** Sources first. What cannot be sent in time stays on disk. */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.#isStarted) return;
    const endMs = this.#options.world.clock.nowMs() + deadlineMs;
    const left = (): number => Math.max(0, endMs - this.#options.world.clock.nowMs());
    this.#stopping.abort();
    await this.#following;
    await this.#discovery.stop(left());
    const { finalScrapeMs = 0 } = this.#options;
    if (finalScrapeMs > 0) await this.scrape.finish(Math.min(finalScrapeMs, left()));
    await this.scrape.stop(left());
    const outlets = [...this.#outlets];
    await Promise.all(outlets.map(([name, outlet]) => this.#close(name, outlet, left())));
  }

  /** Goes over to another share whenever the members change. */
  async #followShares(): Promise<void> {
    const { shares, world } = this.#options;
    if (shares === undefined) return;
    const gauge = world.metrics.gauge(
      'amperage_shard_members',
      'Collectors that divide the targets among themselves.',
    );
    for await (const membership of shares(this.#stopping.signal)) {
      this.#membership = membership;
      gauge.set(membership.members.length);
      for (const [job, groups] of this.#groups) this.#share(job, groups);
    }
  }

  #share(job: string, groups: readonly TargetGroup[]): void {
    if (this.#options.shares === undefined) {
      this.scrape.update(job, groups);
      return;
    }
    if (this.#membership === undefined) return;
    const { members, own } = this.#membership;
    this.scrape.update(job, shareOf(groups, members, own));
  }

  #openAppender(key: string): ReturnType<ReturnType<typeof fanOut>> {
    return fanOut([...this.#outlets.values()].map(({ sink }) => sink.openAppender))(key);
  }

  async #open(config: RemoteWriteConfig): Promise<void> {
    const { world, storagePath } = this.#options;
    const queue = new DurableQueue(
      {
        name: config.name,
        directory: join(storagePath, encodeURIComponent(config.name)),
        lanes: config.queue.shardsMax,
        capBytes: config.queue.capBytes,
        sync: config.queue.sync,
        maxAgeMs: config.queue.sampleAgeLimitMs,
        onDropped: (samples, reason, bytes) => sink.countDropped(samples, reason, bytes),
      },
      world,
    );
    const sink: RemoteWriteSink = new RemoteWriteSink(
      { config, queue, userAgent: USER_AGENT },
      world,
    );
    await queue.start();
    try {
      await sink.start();
    } catch (error) {
      await queue.stop();
      throw error;
    }
    this.#outlets.set(config.name, { fingerprint: JSON.stringify(config), queue, sink });
  }

  async #close(name: string, { queue, sink }: Outlet, deadlineMs: number): Promise<void> {
    await sink.stop(deadlineMs);
    await queue.stop();
    this.#outlets.delete(name);
  }
}
