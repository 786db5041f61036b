/**
 * The running collector: sources, routes and sinks joined, and how they go over to another plan.
 * What did not change runs on untouched; a sink that changes pauses neither scraping nor the other
 * sinks.
 */
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type CollectorPlan, transformsBetween } from '../../config/plan.ts';
import type { CallLimits } from '../../discovery/call-limits.ts';
import { DiscoveryManager } from '../../discovery/manager.ts';
import type { Component } from '../../kernel/component.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import type { World } from '../../kernel/world.ts';
import { isSameOutlet, type Outlet } from '../../routes/outlet.ts';
import { Router, type Routes } from '../../routes/router.ts';
import { ScrapeManager } from '../../scrape/manager.ts';
import type { Sharing } from '../../sharding/sharing.ts';
import { VERSION } from '../version.ts';
import { HeldTargets } from './held-targets.ts';
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
  /**
   * Which of the targets fall to this collector; all when absent. Nothing is scraped before the
   * first share.
   */
  readonly sharing?: Sharing | undefined;
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
  readonly #held: HeldTargets;
  #isStarted = false;
  #sourceCount: number;

  constructor(options: CollectorOptions) {
    const { world, plan, configFile, storagePath, callLimits, sharing } = options;
    this.#options = options;
    this.#sourceCount = plan.sources.length;
    this.#outlets = new Outlets({ world, storagePath, userAgent: USER_AGENT });
    this.scrape = new ScrapeManager({
      world,
      userAgent: USER_AGENT,
      openAppender: this.#router.openAppender,
      openHttp: ({ connection, allowMetadataAddresses }) =>
        createHttpClient({ connection, isGuarded: !allowMetadataAddresses, reusesBodies: true }),
      // Those that divide the targets go on where another left off.
      offsetSeed: sharing === undefined ? hostname() : '',
    });
    this.#held = new HeldTargets({
      world,
      scrape: this.scrape,
      flush: (signal) => this.#outlets.flush(signal),
      sources: () => this.#sourceCount,
    });
    this.#discovery = new DiscoveryManager({
      world,
      baseDirectory: dirname(resolve(configFile)),
      jobs: plan.sources.map(({ discovery }) => discovery),
      callLimits,
      takesPartial: true,
      onLacking: (source, lacks) =>
        this.#held.setLacking(
          source,
          lacks.some(({ isBlocking }) => isBlocking),
        ),
      onUpdate: (source, groups) =>
        void (sharing === undefined ? this.scrape : this.#held).update(source, groups),
    });
  }

  /** Sinks first: what is scraped can always be kept. */
  async start(): Promise<void> {
    this.#isStarted = true;
    const { plan } = this.#options;
    await this.#goOver(plan);
    await this.scrape.start();
    await this.#options.sharing?.start(this.#held);
    await this.#discovery.start();
  }

  /**
   * Goes over to another plan, which was checked before. @throws with all as it was, where a sink
   * can't be opened
   */
  async apply(plan: CollectorPlan): Promise<void> {
    await this.#goOver(plan);
    this.#sourceCount = plan.sources.length;
    this.#held.retain(new Set(plan.sources.map(({ id }) => id)));
    this.#discovery.apply(plan.sources.map(({ discovery }) => discovery));
  }

  /**
   * Others go on with the targets first, then the sources end. What cannot be sent in time stays on
   * disk.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.#isStarted) return;
    const endMs = this.#options.world.clock.nowMs() + deadlineMs;
    const left = (): number => Math.max(0, endMs - this.#options.world.clock.nowMs());
    const { sharing } = this.#options;
    await sharing?.leave();
    this.#held.end();
    await this.#discovery.stop(left());
    const { finalScrapeMs = 0 } = this.#options;
    if (finalScrapeMs > 0) await this.scrape.finish(Math.min(finalScrapeMs, left()));
    await this.scrape.stop(left());
    await this.#outlets.stop(left());
    await sharing?.stop();
  }

  /**
   * The sinks that are wanted, then the routes to them, then the jobs; sinks that are gone end when
   * nothing leads there.
   */
  async #goOver(plan: CollectorPlan): Promise<void> {
    await this.#outlets.apply(plan.sinks);
    await this.#router.apply(this.#makeRoutes(plan));
    await this.scrape.apply(plan.sources.map(({ scrape }) => scrape));
    await this.#outlets.retain(plan.sinks);
    const { storagePath, world } = this.#options;
    await warnOfLeftovers(storagePath, new Set(plan.sinks.map(({ folder }) => folder)), world.log);
  }

  #makeRoutes(plan: CollectorPlan): Routes {
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
}
