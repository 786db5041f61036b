/**
 * PutLogEvents: a call whose batch breaks a rule is refused as a whole; events that are too old,
 * too new or older than the group's retention are rejected one by one, and the others are kept.
 * Limits as AWS has them: 10,000 events and 1,048,576 bytes a call, 26 bytes counted for each
 * event; 1 MB an event; 24 hours from the first to the last event that is kept; from 14 days ago to
 * 2 hours ahead.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
import * as z from 'zod';
import type { AwsInput } from '../service.ts';
import { describeEntityFault } from './entity.ts';
import { groupNameSchema, parseLogsCall, refuseParameter, streamNameSchema } from './requests.ts';
import type { LogsState } from './state.ts';
import { EVENT_OVERHEAD_BYTES } from './store.ts';

const EVENTS_MAX = 10_000;
const BATCH_MAX_BYTES = 1_048_576;
const EVENT_MAX_BYTES = 1_048_576;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SPAN_MAX_MS = DAY_MS;
const AGE_MAX_MS = 14 * DAY_MS;
const AHEAD_MAX_MS = 2 * HOUR_MS;

const requestSchema = z.object({
  logGroupName: groupNameSchema,
  logStreamName: streamNameSchema,
  logEvents: z
    .array(z.object({ timestamp: z.number().int().min(0), message: z.string().min(1) }))
    .min(1)
    .max(EVENTS_MAX),
  sequenceToken: z.string().min(1).optional(),
  entity: z.unknown().optional(),
});

type InputEvent = z.output<typeof requestSchema>['logEvents'][number];

/** Which events of a batch are rejected. */
interface Rejection {
  readonly tooNewLogEventStartIndex?: number;
  readonly tooOldLogEventEndIndex?: number;
  readonly expiredLogEventEndIndex?: number;
}

/**
 * @param isEmf  whether the caller says that each event is one of the embedded metric format
 * @throws AwsError InvalidParameterException, ResourceNotFoundException
 */
export function putEvents(
  state: LogsState,
  input: AwsInput,
  { isEmf, nowMs }: { readonly isEmf: boolean; readonly nowMs: number },
): object {
  const request = parseLogsCall(requestSchema, input);
  const { logEvents } = request;
  refuseWrongSizes(logEvents);
  refuseWrongOrder(logEvents);
  const group = state.store.group(request.logGroupName);
  const stream = state.store.stream(group, request.logStreamName);
  const rejection = judgeTimes(logEvents, group.retentionDays, nowMs);
  const kept = logEvents
    .slice(
      Math.max(rejection.tooOldLogEventEndIndex ?? 0, rejection.expiredLogEventEndIndex ?? 0),
      rejection.tooNewLogEventStartIndex ?? logEvents.length,
    )
    .map(({ timestamp, message }) => ({ timestampMs: timestamp, message }));
  refuseLongSpan(kept);
  countRejected(state, rejection, logEvents.length);
  state.count('stored', kept.length);
  state.store.add(group, stream, kept, nowMs);
  for (const event of kept) state.onEvent({ ...event, group: group.name, isEmf, nowMs });
  const errorType = describeEntityFault(request.entity);
  return {
    // Sequence tokens have no meaning any more; clients of before still read one.
    nextSequenceToken: '49590302938177593312342351020442453182457575270164099138',
    ...(Object.keys(rejection).length === 0 ? {} : { rejectedLogEventsInfo: rejection }),
    ...(errorType === undefined ? {} : { rejectedEntityInfo: { errorType } }),
  };
}

function refuseWrongSizes(events: readonly InputEvent[]): void {
  let batchBytes = 0;
  for (const { message } of events) {
    const sizeBytes = Buffer.byteLength(message);
    if (sizeBytes > EVENT_MAX_BYTES)
      throw refuseParameter(
        `Log event too large: ${sizeBytes} bytes exceeds limit of ${EVENT_MAX_BYTES}`,
      );
    batchBytes += sizeBytes + EVENT_OVERHEAD_BYTES;
  }
  if (batchBytes > BATCH_MAX_BYTES)
    throw refuseParameter(
      `Upload too large: ${batchBytes} bytes exceeds limit of ${BATCH_MAX_BYTES}`,
    );
}

function refuseWrongOrder(events: readonly InputEvent[]): void {
  let last = 0;
  for (const { timestamp } of events) {
    if (timestamp < last)
      throw refuseParameter(
        'Log events in a single PutLogEvents request must be in chronological order.',
      );
    last = timestamp;
  }
}

function refuseLongSpan(events: readonly { readonly timestampMs: number }[]): void {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return;
  if (last.timestampMs - first.timestampMs > SPAN_MAX_MS)
    throw refuseParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
}

/** The events are in order of their times, so that those of one fault stand side by side. */
function judgeTimes(
  events: readonly InputEvent[],
  retentionDays: number | undefined,
  nowMs: number,
): Rejection {
  const firstFrom = (atMs: number): number => {
    const found = events.findIndex(({ timestamp }) => timestamp >= atMs);
    return found < 0 ? events.length : found;
  };
  const tooOld = firstFrom(nowMs - AGE_MAX_MS);
  const expired = retentionDays === undefined ? 0 : firstFrom(nowMs - retentionDays * DAY_MS);
  const tooNew = firstFrom(nowMs + AHEAD_MAX_MS + 1);
  return {
    ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
  };
}

function countRejected(state: LogsState, rejection: Rejection, count: number): void {
  const {
    tooOldLogEventEndIndex: tooOld = 0,
    expiredLogEventEndIndex: expired = tooOld,
    tooNewLogEventStartIndex: tooNew = count,
  } = rejection;
  state.count('too_old', tooOld);
  state.count('expired', expired - tooOld);
  state.count('too_new', count - tooNew);
}
