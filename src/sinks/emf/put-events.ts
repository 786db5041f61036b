/**
 * The requests PutLogEvents of some events, and sending one of them: a missing group or stream is
 * made, and where a request is refused as a whole, its halves are sent until it is clear which
 * event is meant.
 * Limits of a request: 1,048,576 bytes of UTF-8 and 26 for each event, 10,000 events, and 24 hours
 * from the first to the last.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
import { RecoverableError } from '../../kernel/errors.ts';
import { LOG_EVENT_OVERHEAD_BYTES } from '../../wire/emf/limits.ts';
import { readRejected, readRejectedEntity } from './answer.ts';
import type { FramedEvent } from './chunk.ts';
import type { Destination, LogGroups } from './groups.ts';
import type { CallLogs } from './logs-calls.ts';

export const REQUEST_MAX_BYTES = 1_048_576;
export const EVENTS_MAX = 10_000;
const SPAN_MAX_MS = 86_400_000;
/** How many refusals the search for an event may cost; the rest is lost as a whole after them. */
const SEARCH_MAX = 64;

/** Events of one log stream, in chronological order, within the limits of a request. */
export interface PutRequest extends Destination {
  readonly events: readonly FramedEvent[];
  /** As CloudWatch Logs counts them. */
  readonly bytes: number;
}

/** Makes requests of events in any order. */
export function makeRequests(events: Iterable<FramedEvent>): readonly PutRequest[] {
  const byDestination = new Map<string, FramedEvent[]>();
  for (const event of events) {
    const key = `${event.group}\0${event.stream}`;
    const own = byDestination.get(key);
    if (own === undefined) byDestination.set(key, [event]);
    else own.push(event);
  }
  return [...byDestination.values()].flatMap((own) =>
    cutRequests(own.sort((a, b) => a.timestampMs - b.timestampMs)),
  );
}

/** @param events  of one destination, in order */
function cutRequests(events: readonly FramedEvent[]): readonly PutRequest[] {
  const requests: PutRequest[] = [];
  let from = 0;
  let bytes = 0;
  const end = (to: number): void => {
    const own = events.slice(from, to);
    const [first] = own;
    if (first === undefined) return;
    requests.push({ group: first.group, stream: first.stream, events: own, bytes });
    from = to;
    bytes = 0;
  };
  for (const [index, { message, timestampMs }] of events.entries()) {
    const size = message.length + LOG_EVENT_OVERHEAD_BYTES;
    const isOver =
      bytes + size > REQUEST_MAX_BYTES ||
      index - from >= EVENTS_MAX ||
      timestampMs - (events[from]?.timestampMs ?? timestampMs) > SPAN_MAX_MS;
    if (isOver) end(index);
    bytes += size;
  }
  end(events.length);
  return requests;
}

export interface PutOptions {
  readonly call: CallLogs;
  readonly groups: LogGroups;
  readonly onRequest: () => void;
  readonly onRejectedEntity: (errorType: string) => void;
}

export interface LostEvents {
  readonly events: readonly FramedEvent[];
  readonly reason: string;
  /** What CloudWatch said. */
  readonly text: string;
}

/** What became of the events of a request. */
export interface PutOutcome {
  readonly delivered: readonly FramedEvent[];
  readonly lost: readonly LostEvents[];
  /** Not taken, and not refused for good. */
  readonly again: readonly FramedEvent[];
  /** Why; `isDenied` where only a change of the set-up helps. */
  readonly error?: RecoverableError | undefined;
  readonly isDenied: boolean;
  /** Of the bodies that were sent. */
  readonly sentBytes: number;
}

/** Sends a request. @throws RecoverableError when there is no answer to its first part */
export async function sendEvents(
  request: PutRequest,
  options: PutOptions,
  signal: AbortSignal,
): Promise<PutOutcome> {
  const { group, stream } = request;
  const delivered: FramedEvent[] = [];
  const lost: LostEvents[] = [];
  let sentBytes = 0;
  let refusals = 0;
  // A stack: the next part is at the end, so that halves are sent in order.
  const parts: (readonly FramedEvent[])[] = [request.events];
  const stop = (part: readonly FramedEvent[], error: RecoverableError, isDenied = false) => ({
    delivered,
    lost,
    again: [...part, ...parts.toReversed().flat()],
    error,
    isDenied,
    sentBytes,
  });
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const events = part;
    const put = await putOnce(events, request, options, signal).catch((error: unknown) => {
      // What was taken before must not be sent again.
      if (delivered.length === 0 || signal.aborted) throw error;
      return { verdict: { kind: 'again', error: error as RecoverableError } as const, bytes: 0 };
    });
    const { verdict, bytes } = put;
    sentBytes += bytes;
    if (verdict.kind === 'again') return stop(events, verdict.error);
    if (verdict.kind === 'denied') {
      options.groups.deny({ group, stream }, verdict.error);
      return stop(events, verdict.error, true);
    }
    if (verdict.kind === 'refused') {
      refusals += 1;
      if (events.length === 1 || refusals > SEARCH_MAX) {
        lost.push({ events, reason: verdict.reason, text: verdict.text });
        continue;
      }
      const middle = Math.ceil(events.length / 2);
      parts.push(events.slice(middle), events.slice(0, middle));
      continue;
    }
    const rejected = readRejected(verdict.answer, events.length);
    for (const { reason, from, to } of rejected)
      lost.push({ events: events.slice(from, to), reason, text: describeRejected(reason) });
    const isKept = (index: number): boolean =>
      rejected.every(({ from, to }) => index < from || index >= to);
    delivered.push(...events.filter((_, index) => isKept(index)));
    const entity = readRejectedEntity(verdict.answer);
    if (entity !== undefined) options.onRejectedEntity(entity);
  }
  return { delivered, lost, again: [], isDenied: false, sentBytes };
}

/** Sends some events; where group or stream are missing, makes them and sends once more. */
async function putOnce(
  events: readonly FramedEvent[],
  { group, stream }: Destination,
  { call, groups, onRequest }: PutOptions,
  signal: AbortSignal,
) {
  const input = {
    logGroupName: group,
    logStreamName: stream,
    logEvents: events.map(({ timestampMs, message }) => ({
      timestamp: timestampMs,
      message: message.toString('utf8'),
    })),
  };
  onRequest();
  const first = await call('PutLogEvents', group, input, signal);
  const { verdict, bytes } = first;
  if (verdict.kind !== 'missing' && verdict.kind !== 'exists') return { verdict, bytes };
  const failed = await groups.make({ group, stream }, signal);
  if (failed !== undefined) return { verdict: failed, bytes };
  onRequest();
  const second = await call('PutLogEvents', group, input, signal);
  if (second.verdict.kind !== 'missing' && second.verdict.kind !== 'exists')
    return { verdict: second.verdict, bytes: second.bytes };
  const text = `the log stream "${stream}" of "${group}" was made and is not there yet`;
  const error = new RecoverableError('SINK_NOT_FOUND', text);
  return { verdict: { kind: 'again', error } as const, bytes: second.bytes };
}

function describeRejected(reason: string): string {
  switch (reason) {
    case 'too_old':
      return 'older than 14 days';
    case 'expired':
      return 'older than the retention of the log group';
    default:
      return 'more than 2 hours ahead of the clock of AWS';
  }
}
