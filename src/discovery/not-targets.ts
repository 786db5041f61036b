/**
 * The metric of candidates that are no targets, which all mechanisms on AWS share. Discoveries of
 * one mechanism, such as those of two jobs, count together; one that ends takes its own away.
 */
import type { Family, Gauge } from '../kernel/metrics.ts';
import type { DiscoveryWorld } from './mechanism.ts';

export class NotTargets {
  readonly #world: Pick<DiscoveryWorld, 'mechanism' | 'signal'>;
  readonly #gauge: Family<Gauge>;
  /** What this discovery has in the metric, by reason. */
  readonly #told = new Map<string, number>();

  constructor(world: Pick<DiscoveryWorld, 'mechanism' | 'metrics' | 'signal'>) {
    this.#world = world;
    this.#gauge = world.metrics.gauges(
      'amperage_sd_not_targets',
      'Containers, tasks or instances that are not targets, by reason.',
    );
    world.signal.addEventListener('abort', () => this.#set(new Map()), { once: true });
  }

  /** @param counts  all candidates of this discovery that are no targets now, by reason */
  tell(counts: ReadonlyMap<string, number>): void {
    if (!this.#world.signal.aborted) this.#set(counts);
  }

  #set(counts: ReadonlyMap<string, number>): void {
    const { mechanism } = this.#world;
    for (const reason of new Set([...this.#told.keys(), ...counts.keys()])) {
      const count = counts.get(reason) ?? 0;
      this.#gauge.with({ mechanism, reason }).inc(count - (this.#told.get(reason) ?? 0));
      this.#told.set(reason, count);
    }
  }
}
