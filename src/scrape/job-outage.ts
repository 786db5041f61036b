/**
 * Tells that targets of a job can't be scraped: at the first failure, then in a sum each minute
 * while there are any, and when all answer again.
 */
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import { withoutSecrets } from '../settings/url.ts';

export class JobOutage {
  readonly #world: World;
  readonly #outage: Outage;
  /** The keys of targets whose last scrape failed. */
  readonly #down = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    this.#outage = new Outage(() => world.clock.elapsedMs());
  }

  failed(job: string, target: { readonly key: string; readonly url: string }, error: Error): void {
    this.#down.add(target.key);
    const sum = this.#outage.failed();
    if (sum === undefined) return;
    this.#world.log.warn('targets cannot be scraped', {
      job,
      down: this.#down.size,
      failures: sum.failures,
      newest: withoutSecrets(target.url),
      error,
    });
  }

  /** The target is gone, or is the business of another pool. */
  forget(key: string): void {
    this.#down.delete(key);
  }

  worked(job: string, key: string): void {
    this.#down.delete(key);
    if (this.#down.size > 0) return;
    const sum = this.#outage.worked();
    if (sum === undefined) return;
    this.#world.log.info('no target fails any more', { job, failures: sum.failures });
  }
}
