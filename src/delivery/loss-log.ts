/**
 * Says what a sink loses: the first loss for a reason at once, later ones once a minute together,
 * also where none follows, and the rest when the sink ends. A receiver that refuses all, as after
 * its sender's clock was set back, refuses in hundreds of answers a second.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { MinuteSums } from '../kernel/minute-sums.ts';
import type { Loss } from './protocol.ts';

/** How many owners one log line names. */
const OWNERS_LOGGED_MAX = 10;
/** How many owners are remembered until a line tells them. */
const OWNERS_MAX = 1_000;

export interface LossEvent {
  readonly level: 'warn' | 'error';
  readonly event: string;
  /** Of the last loss that a line tells. */
  readonly fields: Readonly<Record<string, string | number>>;
}

interface About {
  readonly owners: Set<string>;
  last: LossEvent;
}

export class LossLog {
  readonly #log: Logger;
  readonly #sums: MinuteSums<string>;
  /** What a sum is about, by reason. */
  readonly #about = new Map<string, About>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log.unlimited();
    this.#sums = new MinuteSums(clock, (reason, items) => this.#tell(reason, items));
  }

  add(losses: readonly Loss[], last: LossEvent): void {
    const sums = new Map<string, number>();
    for (const { reason, owner, items } of losses) {
      sums.set(reason, (sums.get(reason) ?? 0) + items);
      const about = this.#about.get(reason) ?? { owners: new Set(), last };
      this.#about.set(reason, about);
      if (about.owners.size < OWNERS_MAX) about.owners.add(owner);
      about.last = last;
    }
    for (const [reason, items] of sums) this.#sums.add(reason, items);
  }

  /** Tells what has waited for its minute. */
  tellRest(): void {
    this.#sums.end();
  }

  #tell(reason: string, items: number): void {
    const about = this.#about.get(reason);
    if (about === undefined) return;
    const { owners, last } = about;
    const more = owners.size - OWNERS_LOGGED_MAX;
    const named = [...owners].slice(0, OWNERS_LOGGED_MAX).join(',');
    this.#log[last.level](last.event, {
      items,
      reason,
      owners: `${named}${more > 0 ? ` and ${more} more` : ''}`,
      ...last.fields,
    });
    owners.clear();
  }
}
