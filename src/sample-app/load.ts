/**
 * The load generator: sends requests over real HTTP at a mean rate, at random moments, as
 * independent clients do (a Poisson process). The number of requests under way is limited; one
 * above the limit is skipped and counted.
 */
import type { Component } from '../kernel/component.ts';
import type { World } from '../kernel/world.ts';

export interface LoadGeneratorOptions {
  readonly world: World;
  /** URL of the application; called after it listens. */
  readonly url: () => string;
  readonly perSecond: number;
  readonly concurrencyMax: number;
  readonly random: () => number;
  /** The path of the nth request, from 0; `/work` by default. */
  readonly pathOf?: (index: number) => string;
}

/** What came of a request: by the class of its status, or `failed` without an answer. */
type Outcome = 'ok' | 'error' | 'throttled' | 'fault' | 'failed';

export class LoadGenerator implements Component {
  readonly name = 'load generator';
  readonly #options: LoadGeneratorOptions;
  readonly #stopping = new AbortController();
  #sent = 0;
  readonly #inFlight = new Set<Promise<void>>();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: LoadGeneratorOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    if (this.#options.perSecond > 0) this.#loop = this.#run();
    return Promise.resolve();
  }

  /** Ends the load; requests under way may finish within the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new Error('the load is stopping'));
    await this.#loop;
    const timer = new AbortController();
    const deadline = this.#options.world.clock
      .sleep(deadlineMs, timer.signal)
      .catch(() => undefined);
    await Promise.race([Promise.all(this.#inFlight), deadline]);
    timer.abort();
  }

  async #run(): Promise<void> {
    const { world, perSecond, concurrencyMax, random } = this.#options;
    const requests = world.metrics.counters(
      'load_requests_total',
      'Requests sent by the load generator, by outcome.',
    );
    while (!this.#stopping.signal.aborted) {
      const waitMs = (-Math.log(1 - random()) / perSecond) * 1_000;
      try {
        await world.clock.sleep(waitMs, this.#stopping.signal);
      } catch {
        return;
      }
      if (this.#inFlight.size >= concurrencyMax) {
        requests.with({ outcome: 'skipped' }).inc();
        continue;
      }
      const request = this.#send().then((outcome) => {
        requests.with({ outcome }).inc();
        this.#inFlight.delete(request);
      });
      this.#inFlight.add(request);
    }
  }

  async #send(): Promise<Outcome> {
    const { pathOf, url } = this.#options;
    const path = pathOf?.(this.#sent++) ?? '/work';
    try {
      const answer = await this.#options.world.http.send({
        method: 'GET',
        url: `${url()}${path}`,
        headers: { 'user-agent': 'amperage-load' },
        timeoutMs: 65_000,
        bodyMaxBytes: 4_096,
        signal: new AbortController().signal,
      });
      return outcomeOf(answer.status);
    } catch (error) {
      this.#options.world.log.debug('a load request failed', { error });
      return 'failed';
    }
  }
}

function outcomeOf(status: number): Outcome {
  if (status === 429) return 'throttled';
  if (status >= 500) return 'fault';
  return status >= 400 ? 'error' : 'ok';
}
