/**
 * GetLogEvents, forward and backward through a stream, and FilterLogEvents, through all or some
 * streams of a group in order of time. A token says behind which event the next page begins, so
 * that pages stay right while events come and leave.
 * Limits as AWS has them: 10,000 events and 1 MB a page. Events past the retention of the group are
 * not shown. A search looks at 5,000 events for a page, which may then be short or empty.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html,
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
import * as z from 'zod';
import { flagSchema } from '../constraints.ts';
import type { AwsInput } from '../service.ts';
import { parsePattern } from './filter-pattern.ts';
import { findLogGroup } from './groups.ts';
import { parseLogsCall, refuseParameter, streamNameSchema } from './requests.ts';
import {
  compareEvents,
  EVENT_OVERHEAD_BYTES,
  type LogGroup,
  type LogStore,
  type LogStream,
  type StoredEvent,
} from './store.ts';

const EVENTS_MAX = 10_000;
const PAGE_MAX_BYTES = 1_048_576;
/** Events that a search looks at for one page. */
const SEARCHED_MAX = 5_000;
const DAY_MS = 86_400_000;

const limitSchema = z.number().int().min(1).max(EVENTS_MAX).optional();
const timeSchema = z.number().int().min(0).optional();

const getSchema = z.object({
  logStreamName: streamNameSchema,
  startTime: timeSchema,
  endTime: timeSchema,
  limit: limitSchema,
  maxResults: z.number().optional(),
  nextToken: z.string().optional(),
  startFromHead: flagSchema.default(false),
});

/** A place in a stream: behind or before the event with this time and sequence. */
type Position = Pick<StoredEvent, 'timestampMs' | 'sequence'>;

/** @throws AwsError */
export function getEvents(store: LogStore, input: AwsInput, nowMs: number): object {
  const request = parseLogsCall(getSchema, input);
  const { startTime, endTime, limit = EVENTS_MAX, maxResults = EVENTS_MAX, nextToken } = request;
  const group = findLogGroup(store, input);
  const stream = store.stream(group, request.logStreamName);
  const fromMs = Math.max(startTime ?? 0, firstKeptMs(group, nowMs));
  const first = findFirst(stream.events, fromMs);
  const end = endTime === undefined ? stream.events.length : findFirst(stream.events, endTime);
  const token = nextToken === undefined ? undefined : parseEventToken(nextToken);
  const isForward = token === undefined ? request.startFromHead : token.isForward;
  const most = Math.min(limit, maxResults);
  let from = first;
  let to = Math.max(end, first);
  if (isForward) {
    if (token !== undefined) from = Math.max(from, findBehind(stream.events, token.position));
    to = Math.max(from, Math.min(to, from + countFitting(stream.events, from, to, most)));
  } else {
    if (token !== undefined) to = Math.min(to, findAt(stream.events, token.position));
    from = Math.max(from, to - countFittingBack(stream.events, from, to, most));
  }
  const page = stream.events.slice(from, Math.max(to, from));
  const position = token?.position ?? { timestampMs: 0, sequence: 0 };
  return {
    events: page.map(renderEvent),
    nextForwardToken: formatToken('f', page.at(-1) ?? position),
    nextBackwardToken: formatToken('b', page[0] ?? position),
  };
}

function renderEvent({ timestampMs, message, ingestedMs }: StoredEvent): object {
  return { timestamp: timestampMs, message, ingestionTime: ingestedMs };
}

function firstKeptMs({ retentionDays }: LogGroup, nowMs: number): number {
  return retentionDays === undefined ? 0 : nowMs - retentionDays * DAY_MS;
}

/** How many events from `from` on make a page. */
function countFitting(
  events: readonly StoredEvent[],
  from: number,
  to: number,
  most: number,
): number {
  let bytes = 0;
  let count = 0;
  while (count < most && from + count < to) {
    bytes += sizeOf(events[from + count]);
    if (bytes > PAGE_MAX_BYTES && count > 0) break;
    count += 1;
  }
  return count;
}

function countFittingBack(
  events: readonly StoredEvent[],
  from: number,
  to: number,
  most: number,
): number {
  let bytes = 0;
  let count = 0;
  while (count < most && to - count > from) {
    bytes += sizeOf(events[to - count - 1]);
    if (bytes > PAGE_MAX_BYTES && count > 0) break;
    count += 1;
  }
  return count;
}

function sizeOf(event: StoredEvent | undefined): number {
  return Buffer.byteLength(event?.message ?? '') + EVENT_OVERHEAD_BYTES;
}

const TOKEN = /^([fb])\/(\d{16})(\d{16})$/;

function formatToken(direction: 'f' | 'b', { timestampMs, sequence }: Position): string {
  const digits = (value: number): string => String(value).padStart(16, '0');
  return `${direction}/${digits(timestampMs)}${digits(sequence)}`;
}

function parseEventToken(token: string): {
  readonly isForward: boolean;
  readonly position: Position;
} {
  const [, direction, timestampMs, sequence] = TOKEN.exec(token) ?? [];
  if (direction === undefined) throw refuseParameter('The specified nextToken is invalid.');
  return {
    isForward: direction === 'f',
    position: { timestampMs: Number(timestampMs), sequence: Number(sequence) },
  };
}

/** The index of the first event at this time or later. */
function findFirst(events: readonly StoredEvent[], atMs: number): number {
  return findAt(events, { timestampMs: atMs, sequence: 0 });
}

/** The index of the first event that is not before the position. */
function findAt(events: readonly StoredEvent[], position: Position): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareEvents(events[middle] as StoredEvent, position) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function findBehind(events: readonly StoredEvent[], { timestampMs, sequence }: Position): number {
  return findAt(events, { timestampMs, sequence: sequence + 1 });
}

const filterSchema = z.object({
  logStreamNames: z.array(streamNameSchema).min(1).max(100).optional(),
  logStreamNamePrefix: streamNameSchema.optional(),
  startTime: timeSchema,
  endTime: timeSchema,
  filterPattern: z.string().default(''),
  limit: limitSchema,
  maxResults: z.number().optional(),
  nextToken: z.string().optional(),
});

/** @throws AwsError */
export function filterEvents(store: LogStore, input: AwsInput, nowMs: number): object {
  const request = parseLogsCall(filterSchema, input);
  const { startTime, endTime = Infinity, limit = EVENTS_MAX, maxResults = EVENTS_MAX } = request;
  const matches = parsePattern(request.filterPattern);
  const group = findLogGroup(store, input);
  const streams = chooseStreams(store, group, request);
  const fromMs = Math.max(startTime ?? 0, firstKeptMs(group, nowMs));
  const { nextToken } = request;
  const after = nextToken === undefined ? undefined : parseEventToken(nextToken).position;
  const cursors = streams.map((stream) => ({
    stream,
    at: Math.max(
      findFirst(stream.events, fromMs),
      after === undefined ? 0 : findBehind(stream.events, after),
    ),
  }));
  const most = Math.min(limit, maxResults);
  const events: object[] = [];
  let bytes = 0;
  let last: StoredEvent | undefined;
  for (let searched = 0; ; searched++) {
    const next = takeEarliest(cursors);
    // The end belongs to the range here.
    if (next === undefined || next.event.timestampMs > endTime) return answer(events);
    const { event, cursor } = next;
    const isHit = matches(event.message);
    if (isHit) bytes += sizeOf(event);
    const isFull = events.length >= most || (bytes > PAGE_MAX_BYTES && events.length > 0);
    if (searched >= SEARCHED_MAX || (isHit && isFull)) return answer(events, last);
    cursor.at += 1;
    last = event;
    if (isHit)
      events.push({
        logStreamName: cursor.stream.name,
        ...renderEvent(event),
        eventId: String(event.sequence).padStart(56, '0'),
      });
  }
}

/** @param last  the event behind which the next page begins; undefined after the last page */
function answer(events: readonly object[], last?: StoredEvent): object {
  return {
    events,
    searchedLogStreams: [],
    ...(last === undefined ? {} : { nextToken: formatToken('f', last) }),
  };
}

interface Cursor {
  readonly stream: LogStream;
  at: number;
}

function takeEarliest(
  cursors: readonly Cursor[],
): { readonly cursor: Cursor; readonly event: StoredEvent } | undefined {
  let found: { cursor: Cursor; event: StoredEvent } | undefined;
  for (const cursor of cursors) {
    const event = cursor.stream.events[cursor.at];
    if (event === undefined) continue;
    if (found === undefined || compareEvents(event, found.event) < 0) found = { cursor, event };
  }
  return found;
}

function chooseStreams(
  store: LogStore,
  group: LogGroup,
  { logStreamNames: names, logStreamNamePrefix: prefix }: z.output<typeof filterSchema>,
): LogStream[] {
  if (names !== undefined && prefix !== undefined)
    throw refuseParameter('logStreamNames and logStreamNamePrefix are mutually exclusive.');
  if (names !== undefined) return names.map((name) => store.stream(group, name));
  return [...group.streams.values()].filter(({ name }) => name.startsWith(prefix ?? ''));
}
