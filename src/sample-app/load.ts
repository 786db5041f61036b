/**
 * The load generator: sends requests over real HTTP at a mean rate, at random moments, as
 * independent clients do (a Poisson process). Each moment follows from the one before and not from
 * when that one was served, so late timers and slow turns do not lower the rate.
 * Limits: the number of requests under way, and LATE_MAX_MS by which a request may be late. What is
 * above either is skipped and counted.
 */
import type { Component } from '../kernel/component.ts';
import type { World } from '../kernel/world.ts';

/** What is later than this, as after a sleep of the machine, is not sent any more. */
const LATE_MAX_MS = 1_000;
/** After so many requests in one turn, others have one. */
const BURST_MAX = 100;

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
    const skipped = requests.with({ outcome: 'skipped' });
    let dueMs = world.clock.elapsedMs();
    let burst = 0;
    while (!this.#stopping.signal.aborted) {
      const spaceMs = (-Math.log(1 - random()) / perSecond) * 1_000;
      dueMs += spaceMs;
      let waitMs = dueMs - world.clock.elapsedMs();
      if (waitMs < -LATE_MAX_MS) {
        skipped.inc(Math.round((-waitMs / 1_000) * perSecond));
        dueMs = world.clock.elapsedMs();
        waitMs = 0;
      }
      burst += 1;
      // A timer of less than a millisecond comes late; what is due by then is sent in one turn.
      if (waitMs >= 1 || burst >= BURST_MAX) {
        burst = 0;
        try {
          await world.clock.sleep(waitMs, this.#stopping.signal);
        } catch {
          return;
        }
      }
      if (this.#inFlight.size >= concurrencyMax) {
        skipped.inc();
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
