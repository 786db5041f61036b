/**
 * The sample application: what it does for a request is in requests.ts, and `/metrics` has the
 * metrics of the article's web application: counter `http_requests_total`, histogram
 * `request_duration_milliseconds{path}` with buckets 500, 1000, 2500 and 5000; both of `/work`.
 * Source: article "Metrics and traces collection from Amazon ECS using ADOT".
 */
import { HttpError } from '../kernel/http-error.ts';
import {
  HttpServer,
  type HttpRequest,
  type HttpResponse,
  type Route,
} from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import type { MetricExemplar } from '../model/metric-family.ts';
import type { DrawLatencyMs } from './latency.ts';
import { type AnswerRequest, writeJson, createRequests } from './requests.ts';
import { formatW3cTraceId } from './otlp/spans.ts';
import type { SegmentSender } from './tracing/sender.ts';
import { parseTraceHeader, TRACE_HEADER } from './tracing/trace-header.ts';
import type { Tracer } from './tracing/tracer.ts';

export interface SampleAppOptions {
  readonly world: World;
  readonly listen: string;
  readonly drawLatencyMs: DrawLatencyMs;
  /** How many ms of processor time each request of `/work` burns. */
  readonly cpuMs: number;
  /** Traces every request but those of the server's own paths; absent: none. */
  readonly tracing?: Tracing | undefined;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** What was sent to a daemon, for `/sent`; absent without one. */
  readonly sender?: Pick<SegmentSender, 'report'> | undefined;
  readonly region: string;
}

const BUCKETS_MS = [500, 1_000, 2_500, 5_000] as const;

export function createSampleApp(options: SampleAppOptions): HttpServer {
  const { world, tracing } = options;
  const requests = world.metrics.counter('http_requests_total', 'Requests served.');
  const durations = world.metrics
    .histograms(
      'request_duration_milliseconds',
      'Time to serve a request, in milliseconds.',
      BUCKETS_MS,
    )
    .with({ path: '/work' });
  const trace =
    (answer: AnswerRequest): Route['handle'] =>
    (request) =>
      tracing === undefined ? answer(request) : tracing.tracer.trace(request, answer);
  const answers = createRequests({
    ...options,
    region: tracing?.region ?? '',
    url: () => server.url,
  });
  const count = async (handle: Route['handle'], request: HttpRequest) => {
    const startMs = performance.now();
    const response = await handle(request);
    const tookMs = performance.now() - startMs;
    const nowMs = world.clock.nowMs();
    durations.observe(tookMs, makeExemplar(response, tookMs, nowMs));
    requests.inc(1, makeExemplar(response, 1, nowMs));
    return response;
  };
  const routes = Object.entries(answers).map(([path, answer]): Route => {
    const handle = trace(answer);
    return {
      method: 'GET',
      path,
      handle: path === '/work' ? (request) => count(handle, request) : handle,
    };
  });
  // The exact count, for tests that compare it with what the workspace has stored.
  const served: Route = {
    method: 'GET',
    path: '/served',
    handle: () => writeJson(200, { requests: requests.value }),
  };
  const server = new HttpServer({
    name: 'sample-app',
    isToldElsewhere: true,
    listen: options.listen,
    routes: [...routes, served, ...(tracing === undefined ? [] : tracedOnly(tracing, trace))],
    log: world.log,
    strangers: { ...world.hosts },
    metrics: world.metrics,
  });
  return server;
}

/** Of a request that is traced: its answer says the trace. */
function makeExemplar(
  { headers }: HttpResponse,
  value: number,
  tMs: number,
): MetricExemplar | undefined {
  const header = headers?.[TRACE_HEADER];
  const { traceId, isSampled } = parseTraceHeader(typeof header === 'string' ? header : undefined);
  if (traceId === undefined || isSampled !== true) return undefined;
  return { labels: { trace_id: formatW3cTraceId(traceId) }, value, tMs };
}

/**
 * What was sent, for tests that compare it with what has arrived; and paths that nothing serves.
 */
function tracedOnly(
  { sender }: Tracing,
  trace: (answer: AnswerRequest) => Route['handle'],
): Route[] {
  return [
    ...(sender === undefined
      ? []
      : [{ method: 'GET', path: '/sent', handle: () => writeJson(200, sender.report) } as const]),
    {
      method: 'ANY',
      path: '/*',
      handle: trace(({ method, path }) =>
        Promise.reject(new HttpError(404, `404: nothing is served at ${method} ${path}`)),
      ),
    },
  ];
}
