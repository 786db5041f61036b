/**
 * A receiver of remote write that keeps a ledger of visits: which sample of which target came, from
 * whom, and how often. Like a Prometheus without a window it refuses a request with a sample that
 * is older than one it has of the series.
 */
import { type Received, Receiver } from '../../kit/receiver.ts';

export class StrictReceiver {
  isDown = false;
  /** Requests that were refused for a sample out of order. */
  refused = 0;
  /** Of each target, how often the sample of a visit came. */
  readonly visits = new Map<number, Map<number, number>>();
  /** Of each target, the stale markers of its visits. */
  readonly stale = new Map<number, number>();
  /** Of each target, the scrapes that failed. */
  readonly failed = new Map<number, number>();
  readonly #receiver: Receiver;
  readonly #newest = new Map<string, number>();

  /** @param listen  a free port of the loopback when absent */
  constructor(listen?: string) {
    this.#receiver = new Receiver(listen);
  }

  async start(): Promise<void> {
    this.#receiver.answer = (received) => ({ status: this.#take(received) });
    await this.#receiver.server.start();
  }

  get url(): string {
    return this.#receiver.server.url;
  }

  async stop(): Promise<void> {
    await this.#receiver.server.stop(100);
  }

  #take({ samples }: Received): number {
    if (this.isDown) return 503;
    for (const { series, tMs } of samples)
      if (tMs < (this.#newest.get(series) ?? -Infinity)) {
        this.refused += 1;
        return 400;
      }
    for (const { series, tMs, value } of samples) {
      this.#newest.set(series, tMs);
      const [, name, target] = /__name__=(visits|up),.*target=(\d+)/.exec(series) ?? [];
      if (name === 'visits') this.#note(Number(target), value);
      else if (name === 'up' && value === 0) addOne(this.failed, Number(target));
    }
    return 204;
  }

  #note(target: number, value: number): void {
    if (Number.isNaN(value)) {
      addOne(this.stale, target);
      return;
    }
    const visits = this.visits.get(target) ?? new Map<number, number>();
    addOne(visits, value);
    this.visits.set(target, visits);
  }
}

function addOne(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
