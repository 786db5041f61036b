/**
 * The running collector: joins sources, routes and sinks, and switches them to another plan. What
 * did not change runs on untouched; while one sink changes, scraping and the other sinks go on.
 */
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type CollectorPlan, spanTransformsOf, transformsBetween } from '../../config/plan.ts';
import type { CallLimits } from '../../discovery/call-limits.ts';
import { DiscoveryManager } from '../../discovery/manager.ts';
import type { Component } from '../../kernel/component.ts';
import { assert } from '../../kernel/errors.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import type { ReceiverStatus } from '../../kernel/receiver-status.ts';
import type { World } from '../../kernel/world.ts';
import type { OpenRoutedAppender } from '../../model/sample.ts';
import { isSameOutlet, type Outlet } from '../../routes/outlet.ts';
import { Router, type Routes } from '../../routes/router.ts';
import {
  isSameTraceOutlet,
  type TraceOutlet,
  TraceRouter,
  type TraceRoutes,
} from '../../routes/trace-router.ts';
import { ScrapeManager } from '../../scrape/manager.ts';
import type { Sharing } from '../../sharding/sharing.ts';
import { VERSION } from '../version.ts';
import { Detections } from './detections.ts';
import { HeldTargets } from './held-targets.ts';
import { Inheritance } from './inheritance.ts';
import { warnOfLeftovers, warnOfShared, warnOfUnshared } from './leftovers.ts';
import { Outlets } from './outlets.ts';
import { findFate, Parting } from './parting.ts';
import { Receiving } from './receiving.ts';
import { listLivingFolders, type SharedFolder } from './shared-folder.ts';
import { TaskSources } from './task-sources.ts';

const USER_AGENT = `amperage/${VERSION}`;

export interface CollectorOptions {
  readonly plan: CollectorPlan;
  readonly configFile: string;
  readonly storagePath: string;
  /** The folder of this process, where several collectors share the storage path. */
  readonly shared?: SharedFolder | undefined;
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How often AWS may be called by all discovery of the process together. */
  readonly callLimits: CallLimits;
  /**
   * Decides which targets this collector scrapes; all when absent. Nothing is scraped before the
   * first share is known.
   */
  readonly sharing?: Sharing | undefined;
  /** How long a last scrape of all targets may take when stopping; 0: there is none. */
  readonly finalScrapeMs?: number;
}

export class Collector implements Component {
  readonly name = 'collector';
  readonly scrape: ScrapeManager;
  readonly tasks: TaskSources;
  readonly #options: CollectorOptions;
  readonly #discovery: DiscoveryManager;
  readonly #router: Router;
  readonly #traceRouter: TraceRouter;
  readonly #receiving: Receiving;
  readonly #outlets: Outlets;
  readonly #held: HeldTargets;
  readonly #detections: Detections;
  readonly #inheritance: Inheritance | undefined;
  readonly #parting: Parting;
  /** The plan whose routes are in force. */
  #plan: CollectorPlan;
  /** Switches run one after the other. */
  #switching: Promise<void> = Promise.resolve();
  #isStarted = false;
  #sourceCount: number;

  constructor(options: CollectorOptions) {
    const { world, plan, configFile, storagePath, callLimits, sharing, env } = options;
    this.#options = options;
    this.#router = new Router(world.metrics, world.log);
    this.#plan = plan;
    const droppedSpans = world.metrics.counters(
      'amperage_spans_dropped_total',
      'Spans that a processor dropped as it was told to.',
    );
    this.#traceRouter = new TraceRouter((transform, spans) =>
      droppedSpans.with({ transform }).inc(spans),
    );
    this.#detections = new Detections({ world, env, onLate: () => this.#renewRoutes() });
    this.#sourceCount = plan.sources.length;
    const { shared } = options;
    const folder = shared?.path ?? storagePath;
    this.#outlets = new Outlets({ world, storagePath: folder, userAgent: USER_AGENT });
    this.#inheritance =
      shared &&
      new Inheritance({
        world,
        userAgent: USER_AGENT,
        folder: shared,
        sinks: () => this.#plan.sinks,
        living: () => listLivingFolders(sharing),
        mayTakeOver: (name) => sharing?.mayTakeOver(name) ?? true,
      });
    this.#parting = new Parting({
      world,
      fate: findFate(storagePath, { isShared: shared !== undefined, env }),
      pendingItems: () => this.#outlets.pendingItems,
    });
    this.scrape = new ScrapeManager({
      world,
      userAgent: USER_AGENT,
      openAppender: this.#router.openAppender,
      openHttp: ({ connection, allowMetadataAddresses }) =>
        createHttpClient({ connection, isGuarded: !allowMetadataAddresses, reusesBodies: true }),
      // When collectors divide the targets, each scrapes a target at the same offset within its
      // interval, so that a target that moves keeps its interval.
      offsetSeed: sharing === undefined ? hostname() : '',
    });
    this.#receiving = new Receiving({
      world,
      openTraces: (receiver) => this.#traceRouter.open(receiver),
      openAppender: this.#router.openAppender,
    });
    this.tasks = new TaskSources({ world, env, openAppender: this.#router.openAppender });
    this.#held = new HeldTargets({
      world,
      scrape: this.scrape,
      flush: () => this.#outlets.flush(),
      holdFrom: (appendedMs) => this.#outlets.holdFrom(appendedMs),
      hasBefore: (appendedMs) => this.#outlets.hasBefore(appendedMs),
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

  /** Opens the way of metrics that are handed in: the routes of a source of the plan. */
  get openAppender(): OpenRoutedAppender {
    return this.#router.openAppender;
  }

  /** Whether a route leads metrics of a source to a sink. */
  hasWay(source: string): boolean {
    return this.#plan.routes.some(
      ({ signal, sources, sinks }) =>
        signal === 'metrics' && sources.includes(source) && sinks.length > 0,
    );
  }

  /** How the receivers fare that listen. */
  get receivers(): readonly ReceiverStatus[] {
    return this.#receiving.statuses;
  }

  /** Starts the sinks first, so that whatever is scraped can be kept. */
  async start(): Promise<void> {
    this.#isStarted = true;
    const { plan, shared, storagePath, world } = this.#options;
    await shared?.start();
    await this.#switchTo(plan);
    if (shared === undefined) await warnOfShared(storagePath, world);
    await this.#inheritance?.start();
    await this.scrape.start();
    await this.#options.sharing?.start(this.#held);
    await this.#discovery.start();
  }

  /**
   * Switches to another plan, which was checked before.
   *
   * @throws  where a new sink can't be opened, or where metrics of a task are asked for outside of
   *          ECS; everything then runs on as before
   */
  async apply(plan: CollectorPlan): Promise<void> {
    await this.#switchTo(plan);
    this.#sourceCount = plan.sources.length;
    this.#held.retain(new Set(plan.sources.map(({ id }) => id)));
    await this.#discovery.apply(plan.sources.map(({ discovery }) => discovery));
  }

  /**
   * Hands the targets over to other collectors, then stops the sources, then the sinks. What cannot
   * be sent in time stays on disk.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.#isStarted) return;
    const endMs = this.#options.world.clock.elapsedMs() + deadlineMs;
    const remainingMs = (): number => Math.max(0, endMs - this.#options.world.clock.elapsedMs());
    const { sharing, shared } = this.#options;
    this.#parting.begin(deadlineMs);
    await sharing?.leave();
    await this.#inheritance?.stop();
    this.#held.end();
    await this.#discovery.stop(remainingMs());
    await this.#detections.stop();
    const { finalScrapeMs = 0 } = this.#options;
    if (finalScrapeMs > 0) {
      const lastMs = Math.min(finalScrapeMs, remainingMs());
      await Promise.all([this.scrape.finish(lastMs), this.tasks.finish(lastMs)]);
    }
    await Promise.all([
      this.scrape.stop(remainingMs()),
      this.tasks.stop(remainingMs()),
      this.#receiving.stop(remainingMs()),
    ]);
    // What is held back may be sent in the order of all folders, if they outlive the process.
    if (shared === undefined) this.#outlets.holdFrom(Infinity);
    await this.#outlets.stop(remainingMs());
    await this.#parting.end();
    await shared?.stop();
    await sharing?.stop();
  }

  /**
   * Opens and changes the sinks, then the routes to them, then the jobs. Sinks that the plan has no
   * longer are stopped last, when no route leads to them.
   */
  #switchTo(plan: CollectorPlan): Promise<void> {
    const switched = this.#switching.then(() => this.#switchNow(plan));
    this.#switching = switched.catch(() => undefined);
    return switched;
  }

  /** Goes over to routes by what has been detected since. */
  #renewRoutes(): void {
    this.#switching = this.#switching
      .then(() => {
        this.#traceRouter.apply(this.#makeTraceRoutes(this.#plan));
        return this.#router.apply(this.#makeRoutes(this.#plan));
      })
      .catch((error: unknown) => {
        this.#options.world.log.error('routes could not be renewed', { error });
      });
  }

  async #switchNow(plan: CollectorPlan): Promise<void> {
    this.tasks.check(plan.taskSources);
    await this.#outlets.apply(plan.sinks);
    await this.#detections.apply([...plan.transforms, ...plan.spanTransforms]);
    await this.#openListeners(plan);
    this.#plan = plan;
    await this.scrape.apply(plan.sources.map(({ scrape }) => scrape));
    await this.tasks.apply(plan.taskSources);
    await this.#receiving.retain(plan);
    this.#traceRouter.apply(this.#makeTraceRoutes(plan));
    await this.#outlets.retain(plan.sinks);
    const { storagePath, world, shared } = this.#options;
    const folders = new Set(plan.sinks.flatMap(({ folder }) => folder ?? []));
    shared?.claim([...folders]);
    if (shared === undefined) await warnOfLeftovers(storagePath, folders, world.log);
    else await warnOfUnshared(storagePath, folders, world.log);
  }

  /**
   * Opens what listens, when the routes behind it are in force already: what comes through a new
   * socket has a way from the first document or sample on, and what comes through one that is gone
   * keeps its own. Where an address can't be listened on, sinks and routes are those before.
   */
  async #openListeners(plan: CollectorPlan): Promise<void> {
    const before = this.#plan;
    const isFirst = before === plan;
    const old = isFirst ? [] : this.#makeTraceRoutes(before);
    this.#traceRouter.apply(new Map([...old, ...this.#makeTraceRoutes(plan)]));
    // Sources that are gone keep their outlets by themselves.
    await this.#router.apply(this.#makeRoutes(plan));
    try {
      await this.#receiving.apply(plan);
    } catch (error) {
      if (isFirst) throw error;
      await this.#outlets.apply(before.sinks);
      await this.#detections.apply([...before.transforms, ...before.spanTransforms]);
      this.#traceRouter.apply(this.#makeTraceRoutes(before));
      await this.#router.apply(this.#makeRoutes(before));
      await this.#outlets.retain(before.sinks);
      throw error;
    }
  }

  #makeTraceRoutes(plan: CollectorPlan): TraceRoutes {
    const routes = new Map<string, TraceOutlet[]>();
    const detected = this.#detections.spanTransforms;
    for (const route of plan.routes.filter(({ signal }) => signal === 'traces')) {
      const transforms = spanTransformsOf(plan, route, detected);
      const outlets = route.sinks.map((id): TraceOutlet => {
        const { openTraces } = this.#outlets.sinkOf(id);
        assert(openTraces, `route ${route.id} leads traces to ${id}, which takes none`);
        return { openTraces, transforms };
      });
      for (const source of route.sources) {
        const known = routes.get(source) ?? [];
        // Two routes with the same sink and transforms would send each document twice.
        for (const outlet of outlets)
          if (!known.some((other) => isSameTraceOutlet(other, outlet))) known.push(outlet);
        routes.set(source, known);
      }
    }
    return routes;
  }

  #makeRoutes(plan: CollectorPlan): Routes {
    const routes = new Map<string, Outlet[]>();
    const detected = this.#detections.transforms;
    const sinks = new Map(plan.sinks.map((sink) => [sink.id, sink]));
    for (const route of plan.routes.filter(({ signal }) => signal === 'metrics')) {
      const outlets = route.sinks.flatMap((id): Outlet[] => {
        const sink = sinks.get(id);
        if (sink === undefined) return [];
        const { openAppender } = this.#outlets.sinkOf(id);
        assert(openAppender, `route ${route.id} leads metrics to ${id}, which takes none`);
        return [{ openAppender, transforms: transformsBetween(plan, route, sink, detected) }];
      });
      for (const source of route.sources) {
        const known = routes.get(source) ?? [];
        // Two routes with the same sink and transforms would send each sample twice.
        for (const outlet of outlets)
          if (!known.some((other) => isSameOutlet(other, outlet))) known.push(outlet);
        routes.set(source, known);
      }
    }
    return routes;
  }
}
