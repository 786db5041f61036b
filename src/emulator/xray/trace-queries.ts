/**
 * The calls that show traces: GetTraceSummaries, BatchGetTraces, GetServiceGraph, GetTraceGraph.
 * Summaries are in the order of time, the most recent first.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
 */
import { z } from 'zod';
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
import type { TraceStore } from './store.ts';
import { forEachInTurns } from './turns.ts';

const IDS_MAX = 5;
const TIME_RANGE_TYPES = ['TraceId', 'Event', 'Service'] as const;
type TimeRangeType = (typeof TIME_RANGE_TYPES)[number];

/** @throws AwsError */
export async function summarizeTraces(store: TraceStore, input: AwsInput): Promise<object> {
  const range = parseTimeRange(input);
  const type = readTimeRangeType(input);
  const { FilterExpression: expression } = input;
  const matches = typeof expression === 'string' ? parseFilter(expression) : undefined;
  const after = readPosition(input['NextToken']);
  const found: TraceDigest[] = [];
  let processed = 0;
  await forEachInTurns(store.list(), (trace) => {
    if (trace.segments.size === 0) return;
    const digest = digestTrace(trace);
    if (!isWithin(digest, range, type)) return;
    processed += 1;
    if (after !== undefined && compare(positionOf(digest), after) <= 0) return;
    if (matches?.(viewTrace(digest)) ?? true) found.push(digest);
  });
  found.sort((a, b) => compare(positionOf(a), positionOf(b)));
  const page = found.slice(0, readPageSize(input));
  const last = page.at(-1);
  return {
    TraceSummaries: page.map((digest) =>
      type === 'Event'
        ? { ...renderSummary(digest), MatchedEventTime: digest.endSeconds ?? digest.startSeconds }
        : renderSummary(digest),
    ),
    ApproximateTime: page[0]?.startSeconds ?? range.startSeconds,
    TracesProcessedCount: processed,
    ...(last !== undefined && page.length < found.length
      ? { NextToken: writePosition(positionOf(last)) }
      : {}),
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
        Duration: measureDuration(digestTrace(trace)),
        LimitExceeded: trace.isLimitExceeded,
        Segments: [...trace.segments.values()].map(({ id: Id, text }) => ({ Id, Document: text })),
      });
  }
  return { Traces: traces, UnprocessedTraceIds: unprocessed };
}

/** The graph of what began within a time range. @throws AwsError */
export async function graphServices(store: TraceStore, input: AwsInput): Promise<object> {
  const range = parseTimeRange(input);
  const { startSeconds, endSeconds } = range;
  const graph = new ServiceGraph();
  await forEachInTurns(store.list(), (trace) =>
    graph.add(trace, (seconds) => seconds >= startSeconds && seconds < endSeconds),
  );
  const { page, ...more } = cutPage(graph.render(), input);
  const times = { StartTime: startSeconds, EndTime: endSeconds };
  return { ...times, Services: page, ContainsOldGroupVersions: false, ...more };
}

/** The graph of some traces. @throws AwsError */
export async function graphTraces(store: TraceStore, input: AwsInput): Promise<object> {
  const { TraceIds: ids } = parseRequest(idsSchema, input);
  const graph = new ServiceGraph();
  await forEachInTurns(new Set(ids), (id) => {
    const trace = store.find(id);
    if (trace !== undefined) graph.add(trace);
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

function isWithin(
  { startSeconds, endSeconds = startSeconds }: TraceDigest,
  range: TimeRange,
  type: TimeRangeType,
): boolean {
  const holds = (seconds: number): boolean =>
    seconds >= range.startSeconds && seconds < range.endSeconds;
  if (type === 'TraceId') return holds(startSeconds);
  if (type === 'Service') return holds(endSeconds);
  return startSeconds < range.endSeconds && endSeconds >= range.startSeconds;
}

/** Where a trace stands in the list: the start, then the order in which the traces came. */
type Position = readonly [startSeconds: number, sequence: number];

function positionOf({ startSeconds, trace }: TraceDigest): Position {
  return [startSeconds, trace.sequence];
}

function compare(a: Position, b: Position): number {
  return b[0] - a[0] || b[1] - a[1];
}

/** A token names a trace, so that a list stays right while traces come and leave. */
function writePosition(position: Position): string {
  return Buffer.from(position.join(' ')).toString('base64');
}

function readPosition(token: unknown): Position | undefined {
  if (token === undefined || token === null) return undefined;
  const text = typeof token === 'string' ? Buffer.from(token, 'base64').toString() : '';
  const match = /^(\d+(?:\.\d+)?) (\d+)$/.exec(text);
  if (match === null) throw refuseToken();
  return [Number(match[1]), Number(match[2])];
}
