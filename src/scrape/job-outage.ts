/**
 * Tells that targets of a job can't be scraped: at the first failure, then in a sum each minute
 * while there are any, and when all answer again. A line names the first few of the targets.
 */
import type { Gauge } from '../kernel/metrics.ts';
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import { withoutSecrets } from '../settings/url.ts';

const NAMED_MAX = 3;

export class JobOutage {
  readonly #world: World;
  readonly #gauge: Gauge;
  readonly #outage: Outage;
  /** Targets whose last scrape failed: their URLs by key. */
  readonly #down = new Map<string, string>();
  /** The URLs of the first targets that went down since all were up. */
  readonly #first = new Set<string>();

  /** @param gauge  of how many targets are down */
  constructor(world: World, gauge: Gauge) {
    this.#world = world;
    this.#gauge = gauge;
    this.#outage = new Outage(() => world.clock.elapsedMs());
  }

  failed(job: string, target: { readonly key: string; readonly url: string }, error: Error): void {
    this.#down.set(target.key, target.url);
    this.#gauge.set(this.#down.size);
    if (this.#first.size < NAMED_MAX) this.#first.add(target.url);
    const sum = this.#outage.failed();
    if (sum === undefined) return;
    this.#world.log.warn('targets cannot be scraped', {
      job,
      down: this.#down.size,
      failures: sum.failures,
      targets: nameTargets(this.#down.values(), this.#down.size),
      error,
    });
  }

  /** The target is gone, or is the business of another pool. */
  forget(key: string): void {
    if (this.#down.delete(key)) this.#gauge.set(this.#down.size);
  }

  worked(job: string, key: string): void {
    this.forget(key);
    if (this.#down.size > 0) return;
    const sum = this.#outage.worked();
    if (sum === undefined) return;
    const targets = nameTargets(this.#first, this.#first.size);
    this.#first.clear();
    const { failures, lastedMs } = sum;
    const fields = { job, targets, failures, after_ms: Math.round(lastedMs) };
    this.#world.log.info('no target fails any more', fields);
  }
}

function nameTargets(urls: Iterable<string>, count: number): string {
  const named: string[] = [];
  for (const url of urls) {
    if (named.length === NAMED_MAX) break;
    named.push(withoutSecrets(url));
  }
  const more = count > named.length ? [`${count - named.length} more`] : [];
  return [...named, ...more].join(', ');
}
