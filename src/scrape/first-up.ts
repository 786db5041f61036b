/**
 * Says once that targets are up: a moment after the first scrape that worked, so that one line
 * counts all that came up together.
 */
import type { World } from '../kernel/world.ts';
import type { TargetStatus } from './pool.ts';

/** New targets are first scraped within two seconds, or more where there are thousands. */
const GATHER_MS = 3_000;

export class FirstUp {
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #targets: () => readonly TargetStatus[];
  readonly #signal: AbortSignal;
  #hasWorked = false;

  /** @param signal  of the end of scraping */
  constructor(
    world: Pick<World, 'clock' | 'log'>,
    targets: () => readonly TargetStatus[],
    signal: AbortSignal,
  ) {
    this.#world = world;
    this.#targets = targets;
    this.#signal = signal;
  }

  worked(): void {
    if (this.#hasWorked) return;
    this.#hasWorked = true;
    const { clock, log } = this.#world;
    const tell = (): void => {
      const targets = this.#targets();
      const up = targets.filter(({ health }) => health === 'up');
      const jobs = new Set(up.map(({ job }) => job)).size;
      log.info('targets are up', { up: up.length, targets: targets.length, jobs });
    };
    void clock.sleep(GATHER_MS, this.#signal).then(tell, () => undefined);
  }
}
