/**
 * The running collector: sources, routes and sinks joined, and how they go over to another plan. What did not change runs
 * on untouched; a sink that changes pauses neither scraping nor the other sinks.
 */
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type CollectorPlan, transformsBetween } from '../../config/plan.ts';
import type { CallLimits } from '../../discovery/call-limits.ts';
import { DiscoveryManager } from '../../discovery/manager.ts';
import type { Membership } from '../../discovery/members.ts';
import { shareOf } from '../../discovery/shard.ts';
import type { Component } from '../../kernel/component.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import type { World } from '../../kernel/world.ts';
import type { TargetGroup } from '../../model/target.ts';
import { isSameOutlet, type Outlet } from '../../routes/outlet.ts';
import { Router, type Routes } from '../../routes/router.ts';
import { ScrapeManager } from '../../scrape/manager.ts';
import { VERSION } from '../version.ts';
import { warnOfLeftovers } from './leftovers.ts';
import { Outlets } from './outlets.ts';

const USER_AGENT = `amperage/${VERSION}`;

export interface CollectorOptions {
  readonly plan: CollectorPlan;
  readonly configFile: string;
  readonly storagePath: string;
  readonly world: World;
  /** How often AWS may be asked, for all discovery of the process together. */
  readonly callLimits: CallLimits;
  /** Which of the targets fall to this collector; all when absent. Nothing is scraped before the first. */
  readonly shares?: (signal: AbortSignal) => AsyncIterable<Membership>;
  /** How long a last scrape of all targets may take before the end; 0 for none. */
  readonly finalScrapeMs?: number;
}

export class Collector implements Component {
  readonly name = 'collector';
  readonly scrape: ScrapeManager;
  readonly #options: CollectorOptions;
  readonly #discovery: DiscoveryManager;
  readonly #router = new Router();
  readonly #outlets: Outlets;
  #isStarted = false;
  /** The complete lists, of which a share is scraped. */
  readonly #groups = new Map<string, readonly TargetGroup[]>();
  #membership: Membership | undefined;
  readonly #stopping = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    const { world, plan, configFile, storagePath, callLimits } = options;
    this.#options = options;
    this.#outlets = new Outlets({ world, storagePath, userAgent: USER_AGENT });
    this.scrape = new ScrapeManager({
      world,
      userAgent: USER_AGENT,
      openAppender: this.#router.openAppender,
      openHttp: ({ connection, allowMetadataAddresses }) =>
        createHttpClient({ connection, isGuarded: !allowMetadataAddresses, reusesBodies: true }),
      offsetSeed: hostname(),
    });
    this.#discovery = new DiscoveryManager({
      world,
      baseDirectory: dirname(resolve(configFile)),
      jobs: plan.sources.map(({ discovery }) => discovery),
      callLimits,
      takesParts: true,
      onUpdate: (source, groups) => {
        this.#groups.set(source, groups);
        void this.#share(source, groups);
      },
    });
  }

  /** Sinks first: what is scraped can always be kept. */
  async start(): Promise<void> {
    this.#isStarted = true;
    const { plan } = this.#options;
    await this.#goOver(plan);
    await this.scrape.start();
    this.#following = this.#followShares();
    await this.#discovery.start();
  }

  /** Goes over to another plan, which was checked before. @throws with all as it was, where a sink can't be opened */
  async apply(plan: CollectorPlan): Promise<void> {
    await this.#goOver(plan);
    const sources = new Set(plan.sources.map(({ id }) => id));
    for (const source of this.#groups.keys()) if (!sources.has(source)) this.#groups.delete(source);
    this.#discovery.apply(plan.sources.map(({ discovery }) => discovery));
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
    await this.#outlets.stop(left());
  }

  /** The sinks that are wanted, then the routes to them, then the jobs; sinks that are gone end when nothing leads there. */
  async #goOver(plan: CollectorPlan): Promise<void> {
    await this.#outlets.apply(plan.sinks);
    await this.#router.apply(this.#routesOf(plan));
    await this.scrape.apply(plan.sources.map(({ scrape }) => scrape));
    await this.#outlets.retain(plan.sinks);
    const { storagePath, world } = this.#options;
    await warnOfLeftovers(storagePath, new Set(plan.sinks.map(({ folder }) => folder)), world.log);
  }

  #routesOf(plan: CollectorPlan): Routes {
    const routes = new Map<string, Outlet[]>();
    const sinks = new Map(plan.sinks.map((sink) => [sink.id, sink]));
    for (const route of plan.routes) {
      const outlets = route.sinks.flatMap((id): Outlet[] => {
        const sink = sinks.get(id);
        if (sink === undefined) return [];
        const { openAppender } = this.#outlets.sinkOf(id);
        return [{ openAppender, transforms: transformsBetween(plan, route, sink) }];
      });
      for (const source of route.sources) {
        const known = routes.get(source) ?? [];
        // Two routes that say the same lead there once.
        for (const outlet of outlets)
          if (!known.some((one) => isSameOutlet(one, outlet))) known.push(outlet);
        routes.set(source, known);
      }
    }
    return routes;
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
      for (const [source, groups] of this.#groups) void this.#share(source, groups);
    }
  }

  async #share(source: string, groups: readonly TargetGroup[]): Promise<void> {
    const membership = this.#membership;
    if (this.#options.shares === undefined) {
      this.scrape.update(source, groups);
      return;
    }
    if (membership === undefined) return;
    const share = await shareOf(groups, membership.members, membership.own);
    // Meanwhile another list may have come, other members, or the end.
    const isLate = this.#groups.get(source) !== groups || this.#membership !== membership;
    if (!isLate && !this.#stopping.signal.aborted) this.scrape.update(source, share);
  }
}
