/**
 * The log groups, streams and events that an emulated CloudWatch Logs keeps. Events of a stream are
 * in the order of their times, those of one time in the order in which they came. The events that
 * came first leave at a limit.
 * Limits: 1,000 groups, 10,000 streams, 500,000 events, 128 MiB of events.
 */
import { AwsError, type AwsPlace } from '../service.ts';
import { missGroup } from './requests.ts';

export interface StoredEvent {
  readonly timestampMs: number;
  readonly message: string;
  readonly ingestedMs: number;
  /** The order in which the events of all streams came. */
  readonly sequence: number;
}

export interface LogStream {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  /** In order of their times. */
  events: StoredEvent[];
  lastIngestedMs: number | undefined;
}

export interface LogGroup {
  readonly name: string;
  /** Without the `:*` at the end that some answers have. */
  readonly arn: string;
  readonly createdMs: number;
  readonly tags: Map<string, string>;
  readonly streams: Map<string, LogStream>;
  retentionDays: number | undefined;
  storedBytes: number;
}

/** The events of one call, which leave together. */
interface Batch {
  readonly stream: LogStream;
  readonly group: LogGroup;
  readonly lastSequence: number;
  readonly count: number;
  readonly sizeBytes: number;
}

const GROUPS_MAX = 1_000;
const STREAMS_MAX = 10_000;
const EVENTS_MAX = 500_000;
const BYTES_MAX = 128 * 1024 * 1024;
/** How full the store is after events left, so that they leave seldom and many at once. */
const FULL_AFTER = 0.9;
/** What CloudWatch Logs counts for each event besides its message. */
export const EVENT_OVERHEAD_BYTES = 26;

export class LogStore {
  readonly #place: AwsPlace;
  readonly #groups = new Map<string, LogGroup>();
  #batches: Batch[] = [];
  #streamCount = 0;
  #eventCount = 0;
  #sizeBytes = 0;
  #sequence = 0;
  /** Called with the number of events that left at a limit. */
  onDrop: (count: number) => void = () => undefined;

  constructor(place: AwsPlace) {
    this.#place = place;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** In the order of their names. */
  list(): LogGroup[] {
    return [...this.#groups.values()].sort((a, b) => compareTexts(a.name, b.name));
  }

  find(name: string): LogGroup | undefined {
    return this.#groups.get(name);
  }

  /** @throws AwsError ResourceNotFoundException */
  group(name: string): LogGroup {
    const found = this.#groups.get(name);
    if (found === undefined) throw missGroup();
    return found;
  }

  /** @throws AwsError ResourceNotFoundException */
  stream(group: LogGroup, name: string): LogStream {
    const found = group.streams.get(name);
    if (found === undefined)
      throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
    return found;
  }

  /** @throws AwsError ResourceAlreadyExistsException, LimitExceededException */
  createGroup(name: string, tags: Readonly<Record<string, string>>, nowMs: number): void {
    if (this.#groups.has(name))
      throw new AwsError(
        'ResourceAlreadyExistsException',
        'The specified log group already exists',
      );
    if (this.#groups.size >= GROUPS_MAX)
      throw new AwsError('LimitExceededException', `there are ${GROUPS_MAX} log groups already`);
    this.#groups.set(name, {
      name,
      arn: `arn:aws:logs:${this.#place.region}:${this.#place.accountId}:log-group:${name}`,
      createdMs: nowMs,
      tags: new Map(Object.entries(tags)),
      streams: new Map(),
      retentionDays: undefined,
      storedBytes: 0,
    });
  }

  /** @throws AwsError ResourceAlreadyExistsException, LimitExceededException */
  createStream(group: LogGroup, name: string, nowMs: number): void {
    if (group.streams.has(name))
      throw new AwsError(
        'ResourceAlreadyExistsException',
        'The specified log stream already exists',
      );
    if (this.#streamCount >= STREAMS_MAX)
      throw new AwsError('LimitExceededException', `there are ${STREAMS_MAX} log streams already`);
    const arn = `${group.arn}:log-stream:${name}`;
    group.streams.set(name, { name, arn, createdMs: nowMs, events: [], lastIngestedMs: undefined });
    this.#streamCount += 1;
  }

  deleteGroup(group: LogGroup): void {
    for (const stream of group.streams.values()) this.deleteStream(group, stream);
    this.#groups.delete(group.name);
  }

  deleteStream(group: LogGroup, stream: LogStream): void {
    group.streams.delete(stream.name);
    this.#streamCount -= 1;
    this.#batches = this.#batches.filter((batch) => {
      if (batch.stream !== stream) return true;
      this.#forget(batch);
      return false;
    });
  }

  clear(): void {
    this.#groups.clear();
    this.#batches = [];
    this.#streamCount = 0;
    this.#eventCount = 0;
    this.#sizeBytes = 0;
  }

  /** @param events  of one call, in order of their times */
  add(
    group: LogGroup,
    stream: LogStream,
    events: readonly { readonly timestampMs: number; readonly message: string }[],
    nowMs: number,
  ): void {
    if (events.length === 0) return;
    let sizeBytes = 0;
    const stored = events.map(({ timestampMs, message }): StoredEvent => {
      sizeBytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
      this.#sequence += 1;
      return { timestampMs, message, ingestedMs: nowMs, sequence: this.#sequence };
    });
    stream.events = mergeByTime(stream.events, stored);
    stream.lastIngestedMs = nowMs;
    const batch = {
      stream,
      group,
      lastSequence: this.#sequence,
      count: stored.length,
      sizeBytes,
    };
    this.#batches.push(batch);
    this.#eventCount += batch.count;
    this.#sizeBytes += sizeBytes;
    group.storedBytes += sizeBytes;
    this.#makeRoom();
  }

  #makeRoom(): void {
    if (this.#eventCount <= EVENTS_MAX && this.#sizeBytes <= BYTES_MAX) return;
    const before = this.#eventCount;
    const lastOf = new Map<LogStream, number>();
    let gone = 0;
    while (
      gone < this.#batches.length - 1 &&
      (this.#eventCount > EVENTS_MAX * FULL_AFTER || this.#sizeBytes > BYTES_MAX * FULL_AFTER)
    ) {
      const batch = this.#batches[gone] as Batch;
      this.#forget(batch);
      lastOf.set(batch.stream, batch.lastSequence);
      gone += 1;
    }
    this.#batches = this.#batches.slice(gone);
    for (const [stream, last] of lastOf)
      stream.events = stream.events.filter(({ sequence }) => sequence > last);
    this.onDrop(before - this.#eventCount);
  }

  #forget({ group, count, sizeBytes }: Batch): void {
    this.#eventCount -= count;
    this.#sizeBytes -= sizeBytes;
    group.storedBytes -= sizeBytes;
  }
}

/** The order of events: by time, then as they came. */
export function compareEvents(
  a: Pick<StoredEvent, 'timestampMs' | 'sequence'>,
  b: Pick<StoredEvent, 'timestampMs' | 'sequence'>,
): number {
  return a.timestampMs - b.timestampMs || a.sequence - b.sequence;
}

/** @param news  whose sequence numbers are above those that are there */
function mergeByTime(there: StoredEvent[], news: StoredEvent[]): StoredEvent[] {
  const last = there.at(-1);
  const [first] = news;
  if (last === undefined || first === undefined || last.timestampMs <= first.timestampMs) {
    for (const event of news) there.push(event);
    return there;
  }
  return [...there, ...news].sort(compareEvents);
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
