/**
 * The calls that show traces: GetTraceSummaries, BatchGetTraces, GetServiceGraph, GetTraceGraph.
 * Summaries are in the order of time, the most recent first.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
 */
import * as z from 'zod';
import { requireOne } from '../members.ts';
import { AwsError, type AwsInput } from '../service.ts';
import { digestTrace, measureDuration, renderSummary, type TraceDigest } from './digest.ts';
import { viewTrace } from './filter-subjects.ts';
import { parseFilter } from './filter.ts';
import {
  cutPage,
  parseRequest,
  parseTimeRange,
  readPageSize,
  refuseRequest,
  refuseToken,
  type TimeRange,
} from './requests.ts';
import { ServiceGraph } from './service-graph.ts';
import type { XrayState } from './state.ts';
import type { StoredTrace, TraceStore } from './store.ts';

const IDS_MAX = 5;
const TIME_RANGE_TYPES = ['TraceId', 'Event', 'Service'] as const;
type TimeRangeType = (typeof TIME_RANGE_TYPES)[number];

/** @throws AwsError */
export async function summarizeTraces(state: XrayState, input: AwsInput): Promise<object> {
  const range = parseTimeRange(input);
  const type = readTimeRangeType(input);
  const { FilterExpression: expression } = input;
  const matches = typeof expression === 'string' ? parseFilter(expression) : undefined;
  const after = readToken(input['NextToken']);
  const inRange = state.traces
    .list()
    .filter(
      (trace) => isWithin(trace, range, type) && (after === undefined || isAfter(trace, after)),
    )
    .sort(compare);
  const most = readPageSize(input);
  // One more than a page, which shows whether there is another page.
  const found: TraceDigest[] = [];
  let processed = 0;
  await state.steps.forEach(inRange, (trace) => {
    if (found.length > most) return false;
    processed += 1;
    const digest = digestTrace(trace);
    if (matches?.(viewTrace(digest)) ?? true) found.push(digest);
    return true;
  });
  const page = found.slice(0, most);
  const last = page.at(-1)?.trace;
  return {
    TraceSummaries: page.map((digest) => ({
      ...renderSummary(digest),
      MatchedEventTime: type === 'Event' ? lastSeconds(digest.trace) : undefined,
    })),
    ApproximateTime: page[0]?.trace.startSeconds ?? range.startSeconds,
    TracesProcessedCount: processed,
    NextToken: last !== undefined && page.length < found.length ? writeToken(last) : undefined,
  };
}

const idsSchema = z.object({ TraceIds: z.array(z.string().min(1).max(35)) });

/** @throws AwsError */
export function getTraces(store: TraceStore, input: AwsInput): object {
  const { TraceIds: ids } = parseRequest(idsSchema, input);
  if (ids.length > IDS_MAX) throw refuseRequest(`there are more than ${IDS_MAX} trace ids`);
  refuseAnyToken(input);
  const traces = [];
  const unprocessed = [];
  for (const id of new Set(ids)) {
    const trace = store.find(id);
    if (trace === undefined) unprocessed.push(id);
    else
      traces.push({
        Id: id,
        Duration: measureDuration(trace),
        LimitExceeded: trace.isLimitExceeded,
        Segments: [...trace.segments.values()].map(({ id: Id, text }) => ({ Id, Document: text })),
      });
  }
  return { Traces: traces, UnprocessedTraceIds: unprocessed };
}

/** The graph of what began within a time range. @throws AwsError */
export async function graphServices(state: XrayState, input: AwsInput): Promise<object> {
  const range = parseTimeRange(input);
  const { startSeconds, endSeconds } = range;
  const graph = new ServiceGraph();
  await state.steps.forEach(state.traces.list(), (trace) => {
    graph.add(trace, (seconds) => seconds >= startSeconds && seconds < endSeconds);
    return true;
  });
  const { page, ...more } = cutPage(graph.render(), input);
  const times = { StartTime: startSeconds, EndTime: endSeconds };
  return { ...times, Services: page, ContainsOldGroupVersions: false, ...more };
}

/** The graph of some traces. @throws AwsError */
export async function graphTraces(state: XrayState, input: AwsInput): Promise<object> {
  const { TraceIds: ids } = parseRequest(idsSchema, input);
  const graph = new ServiceGraph();
  await state.steps.forEach(new Set(ids), (id) => {
    const trace = state.traces.find(id);
    if (trace !== undefined) graph.add(trace);
    return true;
  });
  const { page, ...more } = cutPage(graph.render(), input);
  return { Services: page, ...more };
}

/** For lists of one page. @throws AwsError for any token */
export function refuseAnyToken({ NextToken: token }: AwsInput): void {
  if (token !== undefined && token !== null) throw refuseToken();
}

function readTimeRangeType(input: AwsInput): TimeRangeType {
  try {
    return requireOne(input, 'TimeRangeType', TIME_RANGE_TYPES) ?? 'TraceId';
  } catch (error) {
    throw error instanceof AwsError ? refuseRequest(error.message) : error;
  }
}

function isWithin(trace: StoredTrace, range: TimeRange, type: TimeRangeType): boolean {
  const { startSeconds, endSeconds } = range;
  const holds = (seconds: number): boolean => seconds >= startSeconds && seconds < endSeconds;
  if (type === 'TraceId') return holds(trace.startSeconds);
  if (type === 'Service') return holds(lastSeconds(trace));
  return trace.startSeconds < endSeconds && lastSeconds(trace) >= startSeconds;
}

function lastSeconds({ startSeconds, endSeconds }: StoredTrace): number {
  return endSeconds ?? startSeconds;
}

/** Where a trace stands in the list: by its start, then by the order in which the traces came. */
type SortKey = Pick<StoredTrace, 'startSeconds' | 'sequence'>;

function compare(a: SortKey, b: SortKey): number {
  return b.startSeconds - a.startSeconds || b.sequence - a.sequence;
}

function isAfter(trace: StoredTrace, key: SortKey): boolean {
  return compare(trace, key) > 0;
}

/** A token names a trace, so that a list stays right while traces come and leave. */
function writeToken({ startSeconds, sequence }: SortKey): string {
  return Buffer.from(`${startSeconds} ${sequence}`).toString('base64');
}

function readToken(token: unknown): SortKey | undefined {
  if (token === undefined || token === null) return undefined;
  const text = typeof token === 'string' ? Buffer.from(token, 'base64').toString() : '';
  const match = /^(\d+(?:\.\d+)?) (\d+)$/.exec(text);
  if (match === null) throw refuseToken();
  return { startSeconds: Number(match[1]), sequence: Number(match[2]) };
}
