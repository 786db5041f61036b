/** Warns of collectors whose word is missing for so long that targets are without a collector. */
import type { Logger } from '../kernel/logger.ts';

/** After this time, and as often again. */
const OVERDUE_MS = 30_000;

export class OverdueWarning {
  readonly #log: Logger;
  #warnedAt = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param since  when the division became known under which they give up, as `performance.now` */
  tell(missing: readonly string[], since: number): void {
    const now = performance.now();
    if (now - since < OVERDUE_MS || now - this.#warnedAt < OVERDUE_MS) return;
    this.#warnedAt = now;
    this.#log.warn(
      'targets are not scraped until another collector says that it has given them up',
      { missing: missing.length, first: missing[0] },
    );
  }
}
