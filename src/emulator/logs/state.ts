/**
 * The CloudWatch Logs of an emulated account: what it keeps, and what became of the events that it
 * received.
 */
import type { AwsPlace } from '../service.ts';
import { LogStore } from './store.ts';

/** What became of an event; `dropped` left for newer ones at a limit of the store. */
export type EventOutcome = 'stored' | 'too_old' | 'too_new' | 'expired' | 'dropped';

/** An event that was kept. */
export interface KeptEvent {
  readonly group: string;
  readonly timestampMs: number;
  readonly message: string;
  /** Whether the caller said that it is one of the embedded metric format. */
  readonly isEmf: boolean;
  /** When it came. */
  readonly nowMs: number;
}

export class LogsState {
  readonly store: LogStore;
  readonly #outcomes = new Map<EventOutcome, number>();
  /** Called with the number of events that had an outcome. */
  onCount: (outcome: EventOutcome, count: number) => void = () => undefined;
  /** Called for each event that is kept, in order. */
  onEvent: (event: KeptEvent) => void = () => undefined;

  constructor(place: AwsPlace) {
    this.store = new LogStore(place);
    this.store.onDrop = (count) => this.count('dropped', count);
  }

  count(outcome: EventOutcome, count: number): void {
    if (count === 0) return;
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + count);
    this.onCount(outcome, count);
  }

  /** Forgets groups, streams, events and counts. */
  clear(): void {
    this.store.clear();
    this.#outcomes.clear();
  }

  /** What was received so far. */
  describe(): LogsDescription {
    return {
      events: Object.fromEntries(this.#outcomes),
      storedBytes: this.store.sizeBytes,
      groups: Object.fromEntries(
        this.store.list().map(({ name, retentionDays, tags, streams }) => [
          name,
          {
            retentionInDays: retentionDays ?? null,
            tags: Object.fromEntries(tags),
            streams: Object.fromEntries(
              [...streams.values()].map((stream) => [stream.name, stream.events.length]),
            ),
          },
        ]),
      ),
    };
  }
}

export interface LogsDescription {
  readonly events: Readonly<Partial<Record<EventOutcome, number>>>;
  readonly storedBytes: number;
  readonly groups: Readonly<
    Record<
      string,
      {
        readonly retentionInDays: number | null;
        readonly tags: Readonly<Record<string, string>>;
        /** The number of events that are kept, by the name of the stream. */
        readonly streams: Readonly<Record<string, number>>;
      }
    >
  >;
}
