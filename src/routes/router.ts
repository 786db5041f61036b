/**
 * Where the samples of sources go: for each source, the outlets to which its routes lead. They may
 * change at any time; an open appender goes over to the new ones between two transactions.
 */
import { setImmediate } from 'node:timers/promises';
import { type Logger, silentLogger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';
import type { OpenRoutedAppender } from '../model/sample.ts';
import type { CountDropped } from '../model/transform.ts';
import { FanOut } from './fan-out.ts';
import type { Outlet } from './outlet.ts';

/** How many appenders go over in one turn of the event loop. */
const SLICE = 500;

/** The outlets of each source. */
export type Routes = ReadonlyMap<string, readonly Outlet[]>;

export class Router {
  #routes: Routes = new Map();
  readonly #open = new Map<string, Set<FanOut>>();
  readonly #countDropped: CountDropped;

  /**
   * @param metrics  has the counter of samples that transforms drop by themselves
   * @param log      told of the first of each transform and reason
   */
  constructor(metrics: Registry, log: Logger = silentLogger) {
    const told = new Set<string>();
    const dropped = metrics.counters(
      'amperage_transform_samples_dropped_total',
      'Samples that a processor could not convert, by reason.',
    );
    this.#countDropped = (transform, reason, samples) => {
      dropped.with({ transform, reason }).inc(samples);
      const key = `${transform} ${reason}`;
      if (told.has(key)) return;
      told.add(key);
      log.warn(
        reason === 'delta'
          ? 'deltas came, which remote write does not take: they are left out and counted; let ' +
              'the sender make cumulative metrics, or write a processor deltatocumulative'
          : 'a processor leaves out samples that it cannot convert, and counts them',
        { transform, reason },
      );
    };
  }

  /** Opens an appender to the outlets of a source; it follows their changes until it is closed. */
  readonly openAppender: OpenRoutedAppender = (source, key, resource = []) => {
    const open = this.#open.get(source) ?? new Set();
    this.#open.set(source, open);
    const appender = new FanOut({
      key,
      resource,
      outlets: this.#outletsOf(source),
      countDropped: this.#countDropped,
      onClose: () => {
        open.delete(appender);
        if (open.size === 0) this.#open.delete(source);
      },
    });
    open.add(appender);
    return appender;
  };

  /**
   * Goes over to other routes. A source that is gone keeps those of its outlets whose sinks go on
   * for as long as its appenders are open, so that its stale markers arrive. Resolves when no
   * appender uses an outlet that is gone.
   */
  async apply(routes: Routes): Promise<void> {
    const live = new Set([...routes.values()].flat().map(({ openAppender }) => openAppender));
    const leaving = [...this.#routes]
      .filter(([source]) => !routes.has(source) && this.#open.has(source))
      .map(([source, outlets]): [string, readonly Outlet[]] => [
        source,
        outlets.filter(({ openAppender }) => live.has(openAppender)),
      ]);
    this.#routes = new Map([...leaving, ...routes]);
    const changes: Promise<void>[] = [];
    // Appenders that are opened during the loop have the new routes already.
    const all = [...this.#open].flatMap(([source, open]) =>
      [...open].map((appender) => ({ source, appender })),
    );
    for (const [index, { source, appender }] of all.entries()) {
      if (index % SLICE === SLICE - 1) await setImmediate();
      changes.push(appender.goOver(this.#outletsOf(source)));
    }
    await Promise.all(changes);
  }

  #outletsOf(source: string): readonly Outlet[] {
    return this.#routes.get(source) ?? [];
  }
}
