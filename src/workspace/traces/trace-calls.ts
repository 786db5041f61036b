/**
 * The calls of the workspace's API that show X-Ray's traces on the web page: the newest traces, the
 * documents of one, and the services between which they went. They ask X-Ray at each call; nothing
 * of a trace is stored here. Without X-Ray each of them answers 404, and how to switch it on.
 * Limits: TRACES_MAX traces in a list, PAGES_MAX pages of an answer, DOCUMENTS_MAX_CHARACTERS of a
 * trace, CALL_MAX_MS for one call with all of its pages.
 */
import type { HttpRequest } from '../../kernel/http-server.ts';
import { refuseForeignPage } from '../api/foreign-page.ts';
import { TRACE_ID } from '../../wire/xray/trace-id.ts';
import { ApiError, type Data } from '../api/answer.ts';
import { invalid, parseLimit, parseTime } from '../api/parameters.ts';
import type { ApiCall } from '../api/routes.ts';
import { servicesSchema, summariesSchema, type TraceSummary, tracesSchema } from './answers.ts';
import { countSegments, IDS_PER_CALL, SegmentCounts } from './segment-counts.ts';
import type { XrayApi } from './xray-api.ts';

const TRACES_DEFAULT = 50;
const TRACES_MAX = 500;
const PAGES_MAX = 10;
const DOCUMENTS_MAX_CHARACTERS = 16 * 1024 * 1024;
const CALL_MAX_MS = 9_000;
const FILTER_MAX = 4_000;
const SPAN_DEFAULT_MS = 300_000;

const TRUNCATED =
  'results truncated due to limit; narrow the range or give a filter expression to see others';

const OFF =
  'traces are off; start the workspace with --xray.endpoint http://127.0.0.1:4566 (an emulator) ' +
  'or with --xray (the X-Ray of the AWS account)';

export interface TraceCallsOptions {
  /** Undefined where traces are off. */
  readonly xray: XrayApi | undefined;
  readonly nowMs: () => number;
}

export function makeTraceCalls({ xray, nowMs }: TraceCallsOptions): ApiCall[] {
  const counts = new SegmentCounts();
  const serve = (
    path: string,
    handle: (
      api: XrayApi,
      parameters: URLSearchParams,
      request: HttpRequest,
      signal: AbortSignal,
    ) => Promise<Data>,
  ): ApiCall => ({
    path,
    methods: ['GET'],
    isPublic: false,
    handle: async (parameters, request) => {
      const foreign = refuseForeignPage(request.headers);
      if (foreign !== undefined) throw new ApiError('forbidden', foreign);
      if (xray === undefined) throw new ApiError('not_found', OFF);
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(CALL_MAX_MS)]);
      return handle(xray, parameters, request, signal);
    },
  });
  return [
    serve('xray/traces', (api, parameters, _request, signal) =>
      listTraces(api, counts, { parameters, nowMs: nowMs(), signal }),
    ),
    serve('xray/traces/*', (api, _parameters, { path }, signal) =>
      readTrace(api, readTraceId(path), signal),
    ),
    serve('xray/services', (api, parameters, _request, signal) =>
      listServices(api, { parameters, nowMs: nowMs(), signal }),
    ),
  ];
}

interface Asked {
  readonly parameters: URLSearchParams;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

async function listTraces(api: XrayApi, counts: SegmentCounts, asked: Asked): Promise<Data> {
  const { parameters, signal } = asked;
  const limit = Math.min(readLimit(parameters), TRACES_MAX);
  const filter = parameters.get('filter') ?? '';
  if (filter.length > FILTER_MAX)
    throw invalid('filter', `it has ${filter.length} characters, and may have ${FILTER_MAX}`);
  const question = {
    ...readSpan(asked),
    ...(filter === '' ? {} : { FilterExpression: filter }),
  };
  const found: TraceSummary[] = [];
  let token = '';
  let pages = 0;
  do {
    const body = token === '' ? question : { ...question, NextToken: token };
    const page = await api.call('GetTraceSummaries', body, summariesSchema, signal);
    found.push(...page.traces);
    token = page.nextToken;
    pages += 1;
  } while (token !== '' && found.length < limit && pages < PAGES_MAX);
  const traces = found.sort((a, b) => b.startS - a.startS).slice(0, limit);
  const warnings = token !== '' || found.length > limit ? [TRUNCATED] : [];
  await counts
    .learn(traces, (ids) => countTraces(api, ids, signal))
    .catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      warnings.push(`segments are not counted: ${error.message}`);
    });
  const listed = traces.map((trace) => ({ ...trace, segments: counts.find(trace) }));
  return { json: JSON.stringify({ traces: listed }), warnings };
}

/** The limit that was asked for; the default where none was, or 0. */
function readLimit(parameters: URLSearchParams): number {
  const limit = parseLimit(parameters);
  return limit === Infinity ? TRACES_DEFAULT : limit;
}

async function countTraces(api: XrayApi, ids: readonly string[], signal: AbortSignal) {
  const { traces } = await readTraces(api, ids, signal);
  return [...traces.values()].map(({ id, segments }) => ({
    id,
    segments: countSegments(segments.map(({ document }) => document)),
  }));
}

interface TraceDocuments {
  readonly id: string;
  readonly durationS: number;
  /** Whether X-Ray has not kept all, because there was too much. */
  readonly isLimitExceeded: boolean;
  /** Whether more documents are there than are given. */
  readonly isCut: boolean;
  readonly segments: readonly { readonly id: string; readonly document: string }[];
}

/** The documents of at most IDS_PER_CALL traces, with all pages of the answer joined. */
async function readTraces(api: XrayApi, ids: readonly string[], signal: AbortSignal) {
  const traces = new Map<string, TraceDocuments>();
  let unprocessed: readonly string[] = [];
  let token = '';
  let pages = 0;
  let characters = 0;
  do {
    const body = { TraceIds: ids.slice(0, IDS_PER_CALL), ...(token && { NextToken: token }) };
    const page = await api.call('BatchGetTraces', body, tracesSchema, signal);
    for (const { segments, ...trace } of page.traces) {
      const within = segments.filter(({ document }) => {
        characters += document.length;
        return characters <= DOCUMENTS_MAX_CHARACTERS;
      });
      const before = traces.get(trace.id);
      traces.set(trace.id, {
        ...trace,
        isCut: before?.isCut === true || within.length < segments.length,
        segments: [...(before?.segments ?? []), ...within],
      });
    }
    unprocessed = [...unprocessed, ...page.unprocessed].slice(0, IDS_PER_CALL);
    token = page.nextToken;
    pages = characters < DOCUMENTS_MAX_CHARACTERS ? pages + 1 : PAGES_MAX;
  } while (token !== '' && pages < PAGES_MAX);
  return { traces, unprocessed, isCut: token !== '' };
}

async function readTrace(api: XrayApi, id: string, signal: AbortSignal): Promise<Data> {
  const { traces, unprocessed, isCut } = await readTraces(api, [id], signal);
  const trace = traces.get(id);
  if (trace !== undefined)
    return { json: JSON.stringify({ ...trace, isCut: trace.isCut || isCut }) };
  if (unprocessed.includes(id))
    throw new ApiError('unavailable', `X-Ray has not processed trace ${id} yet; ask again`);
  throw new ApiError(
    'not_found',
    `X-Ray has no trace ${id}; it may not have arrived yet, be older than 30 days, or be in ` +
      'another region',
  );
}

function readTraceId(path: string): string {
  const id = /\/traces\/([^/]{1,200})$/.exec(path)?.[1] ?? '';
  if (TRACE_ID.test(id)) return id;
  const shown = JSON.stringify(id);
  if (TRACE_ID.test(id.toLowerCase()))
    throw invalid('id', `${shown} has capital letters, and X-Ray has ids in lower case only`);
  throw invalid('id', `${shown} is no trace id, such as 1-5759e988-bd862e3fe1be46a994272793`);
}

async function listServices(api: XrayApi, asked: Asked): Promise<Data> {
  const question = readSpan(asked);
  const services: unknown[] = [];
  let token = '';
  let pages = 0;
  do {
    const body = token === '' ? question : { ...question, NextToken: token };
    const page = await api.call('GetServiceGraph', body, servicesSchema, asked.signal);
    services.push(...page.services);
    token = page.nextToken;
    pages += 1;
  } while (token !== '' && pages < PAGES_MAX);
  const warnings = token === '' ? [] : [TRUNCATED];
  return { json: JSON.stringify({ services }), warnings };
}

/** The time frame as X-Ray takes it, seconds: the last five minutes where none is given. */
function readSpan({ parameters, nowMs }: Asked): { StartTime: number; EndTime: number } {
  const endMs = readTime(parameters, 'end', nowMs);
  const startMs = readTime(parameters, 'start', endMs - SPAN_DEFAULT_MS);
  if (endMs < startMs) throw invalid('end', 'end timestamp must not be before start time');
  return { StartTime: startMs / 1_000, EndTime: endMs / 1_000 };
}

/** The latest time that X-Ray's protocol can carry: the end of the year 9999. */
const TIME_MAX_MS = 253_402_300_799_999;

function readTime(parameters: URLSearchParams, name: string, fallbackMs: number): number {
  const ms = parseTime(parameters, name, fallbackMs);
  if (ms >= 0 && ms <= TIME_MAX_MS) return ms;
  const shown = JSON.stringify(parameters.get(name) ?? '');
  throw invalid(name, `${shown} is no time from 1970 to 9999`);
}
