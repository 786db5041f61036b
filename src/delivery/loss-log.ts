/**
 * Says what a sink loses: the first loss for a reason at once, later ones once a minute together,
 * and the rest when the sink ends. A receiver that refuses all, as after its sender's clock was set
 * back, refuses in hundreds of answers a second.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Loss } from './protocol.ts';

const INTERVAL_MS = 60_000;
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

interface Untold {
  items: number;
  readonly owners: Set<string>;
  last: LossEvent;
  /** From when on a line may tell them. */
  nextMs: number;
}

export class LossLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  /** By reason, of which there are few. */
  readonly #untold = new Map<string, Untold>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  add(losses: readonly Loss[], last: LossEvent): void {
    for (const { reason, owner, items } of losses) {
      const untold = this.#untold.get(reason) ?? {
        items: 0,
        owners: new Set(),
        last,
        nextMs: -Infinity,
      };
      this.#untold.set(reason, untold);
      untold.items += items;
      if (untold.owners.size < OWNERS_MAX) untold.owners.add(owner);
      untold.last = last;
    }
    const atMs = this.#clock.elapsedMs();
    for (const [reason, untold] of this.#untold)
      if (untold.items > 0 && atMs >= untold.nextMs) {
        this.#tell(reason, untold);
        untold.nextMs = atMs + INTERVAL_MS;
      }
  }

  /** Tells what has waited for its minute. */
  tellRest(): void {
    for (const [reason, untold] of this.#untold)
      // Words of its own, or the logger would take it for a repeat of the line before.
      if (untold.items > 0) this.#tell(reason, untold, { when: 'since the line before' });
  }

  #tell(reason: string, untold: Untold, more: LossEvent['fields'] = {}): void {
    const { items, owners, last } = untold;
    const unnamed = owners.size - OWNERS_LOGGED_MAX;
    const named = [...owners].slice(0, OWNERS_LOGGED_MAX).join(',');
    this.#log[last.level](last.event, {
      items,
      reason,
      owners: `${named}${unnamed > 0 ? ` and ${unnamed} more` : ''}`,
      ...last.fields,
      ...more,
    });
    untold.items = 0;
    owners.clear();
  }
}
