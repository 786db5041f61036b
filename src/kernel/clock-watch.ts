/**
 * Tells when the wall clock is set forth or back, once for the whole process, and counts it. It
 * changes nothing: what waits goes by elapsed time, and what has a grid takes it anew by itself.
 */
import { CLOCK_STEP_MIN_MS } from './clock.ts';
import type { Component } from './component.ts';
import type { World } from './world.ts';
import { formatDurationMs } from '../model/duration.ts';

const LOOK_EVERY_MS = 1_000;

export class ClockWatch implements Component {
  readonly name = 'clock watch';
  readonly #world: World;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
  }

  start(): Promise<void> {
    this.#watching = this.#watch();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { clock, log, metrics } = this.#world;
    const steps = metrics.counters(
      'amperage_clock_steps_total',
      'How often the wall clock was set, by a second or more.',
    );
    for (const direction of ['back', 'forth']) steps.with({ direction });
    let aheadMs = clock.nowMs() - clock.elapsedMs();
    for (;;) {
      try {
        await clock.sleep(LOOK_EVERY_MS, this.#stopping.signal);
      } catch {
        return;
      }
      const beforeMs = aheadMs;
      aheadMs = clock.nowMs() - clock.elapsedMs();
      const stepMs = Math.round(aheadMs - beforeMs);
      if (Math.abs(stepMs) < CLOCK_STEP_MIN_MS) continue;
      const direction = stepMs < 0 ? 'back' : 'forth';
      steps.with({ direction }).inc();
      log.warn(`the wall clock was set ${direction}; what has a schedule goes on by the new time`, {
        by: formatDurationMs(Math.abs(stepMs)),
        ...(stepMs < 0 ? { consequence: CONSEQUENCE } : {}),
      });
    }
  }
}

const CONSEQUENCE = 'receivers may refuse samples until the time of before is reached again';
