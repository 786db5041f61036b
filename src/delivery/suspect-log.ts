/**
 * Tells the series that a receiver begins to refuse: the first at once, further ones once a minute
 * together, by their count and the first few names. A receiver that is at its limit refuses
 * thousands.
 * Limits: NAMED_MAX names in a line, and of each its first NAME_LENGTH_MAX characters.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { MinuteSums } from '../kernel/minute-sums.ts';

const NAMED_MAX = 5;
const NAME_LENGTH_MAX = 200;

export class SuspectLog {
  readonly #names = new Set<string>();
  readonly #sums: MinuteSums<'series'>;
  #answer = '';

  constructor(log: Logger, clock: Pick<Clock, 'elapsedMs' | 'sleep'>) {
    const unlimited = log.unlimited();
    this.#sums = new MinuteSums(clock, (_, series) => {
      const metrics = [...this.#names].join(' ');
      this.#names.clear();
      unlimited.warn('the receiver refuses series; they are sent apart from now on', {
        series,
        metrics,
        answer: this.#answer,
      });
    });
  }

  /** @param name  of the metric: labels may tell more than a log should */
  add(name: string, answer: string): void {
    if (this.#names.size < NAMED_MAX) this.#names.add(name.slice(0, NAME_LENGTH_MAX));
    this.#answer = answer;
    this.#sums.add('series', 1);
  }

  /** Tells what has waited for its minute. */
  tellRest(): void {
    this.#sums.end();
  }
}
