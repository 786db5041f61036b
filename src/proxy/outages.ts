/**
 * Tells that an upstream gives no answers: at the first failure, then in a sum each minute, and
 * when it answers again. Limit: UPSTREAMS_MAX, of which the one that failed first makes room.
 */
import { Outage, type OutageSum } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';

const UPSTREAMS_MAX = 1_000;
/** An upstream where some requests fail and others do not works again after this time. */
const QUIET_MS = 5_000;

interface Failing {
  readonly outage: Outage;
  failedMs: number;
}

export class UpstreamOutages {
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #failing = new Map<string, Failing>();

  constructor(world: Pick<World, 'clock' | 'log'>) {
    this.#world = world;
  }

  /** @param path  of the request, without its query, which may hold what is secret */
  failed(host: string, path: string, error: unknown): void {
    const { clock, log } = this.#world;
    const atMs = clock.elapsedMs();
    const failing = this.#failing.get(host) ?? {
      outage: new Outage(() => clock.elapsedMs()),
      failedMs: atMs,
    };
    failing.failedMs = atMs;
    this.#failing.set(host, failing);
    const [oldest = ''] = this.#failing.keys();
    if (this.#failing.size > UPSTREAMS_MAX) this.#failing.delete(oldest);
    const sum = failing.outage.failed();
    if (sum !== undefined)
      log.warn('an upstream gives no answers', { host, path, error, ...formatSum(sum) });
  }

  worked(host: string): void {
    const failing = this.#failing.get(host);
    const { clock, log } = this.#world;
    if (failing === undefined || clock.elapsedMs() - failing.failedMs < QUIET_MS) return;
    this.#failing.delete(host);
    const sum = failing.outage.worked();
    if (sum !== undefined) log.info('an upstream answers again', { host, ...formatSum(sum) });
  }
}

function formatSum({ failures, lastedMs }: OutageSum): { failures: number; for_ms: number } {
  return { failures, for_ms: lastedMs };
}
