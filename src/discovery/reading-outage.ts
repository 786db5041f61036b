/**
 * Tells that readings of a mechanism fail: at the first failure, then in a sum each minute while
 * any of its scopes fails, and when all can be read again.
 */
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';

export class ReadingOutage {
  readonly #world: Pick<World, 'clock' | 'log'> & { readonly mechanism: string };
  readonly #outage: Outage;
  /** The scopes whose last reading failed. */
  readonly #failing = new Set<string>();

  constructor(world: Pick<World, 'clock' | 'log'> & { readonly mechanism: string }) {
    this.#world = world;
    this.#outage = new Outage(() => world.clock.elapsedMs());
  }

  /** @param scope  what was read, where a mechanism reads several things; else empty */
  failed(scope: string, error: unknown): void {
    this.#failing.add(scope);
    const sum = this.#outage.failed();
    if (sum === undefined) return;
    const { log, mechanism } = this.#world;
    log.warn('target list could not be read; the targets known so far stay', {
      mechanism,
      ...(scope === '' ? {} : { scope }),
      error,
      failures: sum.failures,
      for_ms: sum.lastedMs,
    });
  }

  worked(scope: string): void {
    if (!this.#failing.delete(scope) || this.#failing.size > 0) return;
    const sum = this.#outage.worked();
    if (sum === undefined) return;
    const { log, mechanism } = this.#world;
    const fields = { mechanism, failures: sum.failures, for_ms: sum.lastedMs };
    log.info('target list can be read again', fields);
  }
}
