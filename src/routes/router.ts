/**
 * Where the samples of sources go: for each source the outlets that its routes lead to, each a sink
 * with what is done to series on the way. The outlets may change at any time; an open appender goes
 * over to others between two transactions.
 */
import { setImmediate } from 'node:timers/promises';
import type { OpenRoutedAppender } from '../model/sample.ts';
import { FanOut } from './fan-out.ts';
import type { Outlet } from './outlet.ts';

/** Appenders that go over in one turn of the event loop. */
const SLICE = 500;

/** By source. */
export type Routes = ReadonlyMap<string, readonly Outlet[]>;

export class Router {
  #routes: Routes = new Map();
  readonly #open = new Map<string, Set<FanOut>>();

  /** An appender to wherever the source's samples go, now and later. */
  readonly openAppender: OpenRoutedAppender = (source, key) => {
    const open = this.#open.get(source) ?? new Set();
    this.#open.set(source, open);
    const appender = new FanOut(key, this.#outletsOf(source), () => {
      open.delete(appender);
      if (open.size === 0) this.#open.delete(source);
    });
    open.add(appender);
    return appender;
  };

  /**
   * Goes over to other routes. A source that is gone keeps its ways for as long as its appenders
   * are open, for the ends of its series. Resolves when no appender has anything to do with the
   * outlets that are gone.
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
    // Those that are opened meanwhile have the new routes.
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
