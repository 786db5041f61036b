/**
 * Traces requests: decides with the caller's header or by sampling, opens a segment as the X-Ray
 * SDK for Node.js writes it, and ends it with the answer, which carries the header X-Amzn-Trace-Id.
 */
import { randomBytes } from 'node:crypto';
import { HttpError } from '../../kernel/http-error.ts';
import { type HttpRequest, type HttpResponse } from '../../kernel/http-server.ts';
import type { World } from '../../kernel/world.ts';
import type { SamplingRequest } from '../sampling/rule.ts';
import type { SamplingDecision } from '../sampling/sampler.ts';
import type { HttpBlock, SegmentDocument } from './document.ts';
import { OpenSegment } from './segment.ts';
import type { OwnService } from './own-service.ts';
import { formatTraceHeader, parseTraceHeader, TRACE_HEADER } from './trace-header.ts';

/** X-Ray's limit of a text in the block http. */
const TEXT_MAX = 250;
/** What HttpServer answers to a client that has gone. */
const CLIENT_GONE = 499;

export interface TracerOptions {
  readonly world: Pick<World, 'clock' | 'metrics'>;
  readonly service: OwnService;
  /** Undefined: every request without a decision of its caller is traced. */
  readonly decide: ((request: SamplingRequest) => SamplingDecision) | undefined;
  readonly send: (document: SegmentDocument) => void;
}

/** A handler that gets the request's segment, too. */
export type TracedHandler = (request: HttpRequest, segment: OpenSegment) => Promise<HttpResponse>;

export class Tracer {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** Answers a request by the handler, inside a segment. */
  async trace(request: HttpRequest, handle: TracedHandler): Promise<HttpResponse> {
    const segment = this.#open(request);
    try {
      const response = await handle(request, segment).catch(answerHttpError);
      this.#finish(segment, response.status, Buffer.byteLength(response.body ?? ''));
      const { traceId, isSampled } = segment;
      const header = formatTraceHeader({ traceId, isSampled });
      return { ...response, headers: { ...response.headers, [TRACE_HEADER]: header } };
    } catch (error) {
      // HttpServer logs it and answers.
      if (!request.signal.aborted) segment.addException(error);
      this.#finish(segment, request.signal.aborted ? CLIENT_GONE : 500);
      throw error;
    }
  }

  #open(request: HttpRequest): OpenSegment {
    const { world, service, send } = this.#options;
    const context = parseTraceHeader(readHeader(request, TRACE_HEADER));
    const { by, isSampled, rule } = this.#decide(request, context.isSampled);
    world.metrics
      .counters('sample_app_requests_traced_total', 'Requests, by the decision to trace them.')
      .with({ sampled: isSampled ? '1' : '0', by })
      .inc();
    const state = {
      traceId: context.traceId ?? makeTraceId(world.clock.nowMs()),
      isSampled,
      clock: world.clock,
      makeId: () => randomBytes(8).toString('hex'),
      workingDirectory: service.workingDirectory,
      send,
    };
    const segment = new OpenSegment(state, service.name, {
      ...(context.parentId === undefined ? {} : { parent_id: context.parentId }),
      ...(service.origin === undefined ? {} : { origin: service.origin }),
      service: service.versions,
    });
    const xray = { ...service.sdk, ...(rule === undefined ? {} : { rule_name: rule }) };
    segment.details.aws = { ...service.aws, xray };
    segment.details.http = { request: describeRequest(request) };
    return segment;
  }

  #decide(
    request: HttpRequest,
    callers: boolean | undefined,
  ): SamplingDecision & { readonly by: 'caller' | 'flag' | 'rule' | 'default' } {
    if (callers !== undefined) return { isSampled: callers, rule: undefined, by: 'caller' };
    const { service, decide } = this.#options;
    if (decide === undefined) return { isSampled: true, rule: undefined, by: 'flag' };
    const decision = decide({
      serviceName: service.name,
      ...(service.origin === undefined ? {} : { serviceType: service.origin }),
      method: request.method,
      path: request.path,
      host: readHeader(request, 'host') ?? '',
      attributes: {
        'http.request.method': request.method,
        'url.path': request.path,
        'user_agent.original': readHeader(request, 'user-agent') ?? '',
      },
    });
    return { ...decision, by: decision.rule === undefined ? 'default' : 'rule' };
  }

  #finish(segment: OpenSegment, status: number, lengthBytes?: number): void {
    const response = {
      status,
      ...(lengthBytes === undefined ? {} : { content_length: lengthBytes }),
    };
    segment.details.http = { ...segment.details.http, response };
    segment.addStatus(status);
    segment.finish();
  }
}

/** `1-`, seconds since 1970 in 8 hexadecimal digits, `-`, 24 random ones. */
function makeTraceId(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000).toString(16);
  return `1-${seconds.padStart(8, '0')}-${randomBytes(12).toString('hex')}`;
}

function describeRequest(request: HttpRequest): NonNullable<HttpBlock['request']> {
  const forwarded = readHeader(request, 'x-forwarded-for');
  const query = request.query === '' ? '' : `?${request.query}`;
  const url = `http://${readHeader(request, 'host') ?? ''}${request.path}${query}`;
  return {
    method: request.method,
    url: url.slice(0, TEXT_MAX),
    user_agent: (readHeader(request, 'user-agent') ?? '').slice(0, TEXT_MAX),
    client_ip: (forwarded?.split(',')[0]?.trim() ?? request.remoteAddress).slice(0, TEXT_MAX),
    ...(forwarded === undefined ? {} : { x_forwarded_for: true }),
  };
}

/** As HttpServer answers it; another error is thrown on. */
function answerHttpError(error: unknown): HttpResponse {
  if (error instanceof HttpError) return { status: error.status, body: `${error.message}\n` };
  throw error;
}

function readHeader(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
