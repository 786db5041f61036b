/**
 * The listeners that a configuration asks for: health checks, own metrics, pages. They start before
 * the collector and stop after it. A reload opens new addresses first, so that a port that is taken
 * changes nothing; what an open address serves changes without closing it.
 */
import type { CollectorPlan, ServerPlan } from '../../config/plan.ts';
import { type Moment, readMoment } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import { createWebConfig } from '../../settings/web-config.ts';
import { serveContent } from './served-content.ts';

export interface PlannedServersOptions {
  readonly world: World;
  readonly servers: readonly ServerPlan[];
  /** What the collector runs by now. */
  readonly plan: () => CollectorPlan;
}

interface Running {
  plan: ServerPlan;
  readonly server: HttpServer;
}

/** How long requests under way may take when an address is no longer served. */
const CLOSE_MS = 1_000;

export class PlannedServers implements Component {
  readonly name = 'planned servers';
  /** Put last in a group: what it starts and stops is that the collector counts as ready. */
  readonly readiness: Component;
  readonly #options: PlannedServersOptions;
  #running: Running[] = [];
  /** When everything had started, in epoch milliseconds; undefined before, and while stopping. */
  #readyAt: Moment | undefined;

  constructor(options: PlannedServersOptions) {
    this.#options = options;
    this.readiness = {
      name: 'readiness',
      start: () => {
        this.#readyAt = readMoment(options.world.clock);
        return Promise.resolve();
      },
      stop: () => {
        this.#readyAt = undefined;
        return Promise.resolve();
      },
    };
  }

  start(): Promise<void> {
    return this.change(this.#options.servers, () => Promise.resolve());
  }

  async stop(deadlineMs: number): Promise<void> {
    const stopping = this.#running.splice(0);
    await Promise.all(stopping.map(({ server }) => server.stop(deadlineMs)));
  }

  /** The URL of a listener, by the id of its plan; undefined when it does not listen. */
  urlOf(id: string): string | undefined {
    return this.#running.find(({ plan }) => plan.id === id)?.server.url;
  }

  /**
   * Goes over to other listeners, together with what else changes.
   *
   * @param apply  runs when the new addresses are open; if it rejects, they are closed again
   * @throws ConfigError when an address can't be listened on, or a certificate can't be used; the
   *   listeners are then as before
   */
  async change(plans: readonly ServerPlan[], apply: () => Promise<void>): Promise<void> {
    const before = new Map(this.#running.map((one) => [makeKey(one.plan), one]));
    const kept = plans.map((plan) => ({ plan, present: before.get(makeKey(plan)) }));
    // An address whose TLS changes is free only after its server has closed.
    const addresses = new Set(this.#running.map(({ plan }) => plan.listen));
    const opened = new Map<ServerPlan, Running>();
    const later: Running[] = [];
    try {
      for (const { plan, present } of kept) {
        if (present !== undefined) continue;
        const next = this.#create(plan);
        opened.set(plan, next);
        if (addresses.has(plan.listen) && !plan.listen.endsWith(':0')) later.push(next);
        else await next.server.start();
      }
      await apply();
    } catch (error) {
      await Promise.all([...opened.values()].map(({ server }) => server.stop(CLOSE_MS)));
      throw error;
    }
    const next = kept.flatMap(({ plan, present }): Running[] => {
      if (present !== undefined) present.plan = plan;
      const running = present ?? opened.get(plan);
      return running === undefined ? [] : [running];
    });
    const gone = this.#running.filter((one) => !next.includes(one));
    this.#running = next;
    await Promise.all(gone.map(({ server }) => server.stop(CLOSE_MS)));
    for (const one of later)
      await one.server.start().catch((error: unknown) => {
        // It is not there for the next change either, which then tries again.
        this.#running = this.#running.filter((other) => other !== one);
        this.#options.world.log.error('an address is not served any more', {
          what: one.plan.id,
          error: describeError(error),
        });
      });
  }

  #create(plan: ServerPlan): Running {
    const { world } = this.#options;
    const { id, listen, tls, headers } = plan;
    const running: Running = {
      plan,
      server: new HttpServer({
        name: id,
        listen,
        listenFlag: id.includes('.') ? id : `endpoint of ${id}`,
        isBare: true,
        metrics: world.metrics,
        routes: [
          {
            method: 'ANY',
            path: '*',
            handle: (request) =>
              serveContent(running.plan.content, request, {
                world,
                readyAt: this.#readyAt,
                plan: this.#options.plan,
              }),
          },
        ],
        log: world.log,
        strangers: { ...world.hosts },
        web: createWebConfig(`tls of ${id}`, { tls, headers }, world.log),
      }),
    };
    return running;
  }
}

/** What can't change while an address is open. */
function makeKey({ listen, tls, headers }: ServerPlan): string {
  return JSON.stringify([listen, tls ?? null, headers]);
}
