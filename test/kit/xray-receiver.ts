/**
 * X-Ray's PutTraceSegments, PutTelemetryRecords and endpoint for OTLP on the loopback. It answers
 * by a function, and keeps the documents that it accepted, in the order of arrival.
 */
import { type HttpRequest, type HttpResponse, HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { TRACE_REQUEST, type TraceRequest } from '../../src/wire/otlp/trace-request.ts';
import { decodeMessage } from '../../src/wire/protobuf/decode.ts';
import { type Ending, onEnd } from './ending.ts';

export interface XrayRequest {
  readonly request: HttpRequest;
  readonly documents: readonly string[];
}

/** An item of UnprocessedTraceSegments. */
export interface XrayRefusal {
  readonly Id?: string;
  readonly ErrorCode?: string;
  readonly Message?: string;
}

const BODY_MAX_BYTES = 32 * 1024 * 1024;

export class XrayReceiver {
  /** The documents of all requests, whatever the answer was. */
  readonly requests: XrayRequest[] = [];
  /** Those that were accepted. */
  readonly kept: string[] = [];
  /** Bodies of PutTelemetryRecords. */
  readonly telemetry: Record<string, unknown>[] = [];
  /** What each document is refused with, or undefined. */
  judge: (document: string, documents: readonly string[]) => XrayRefusal | undefined = () =>
    undefined;
  /** The answer to a request as a whole; undefined judges its documents. */
  answer: (received: XrayRequest) => HttpResponse | undefined = () => undefined;
  /** Requests of spans that were answered with success. */
  readonly spanRequests: TraceRequest[] = [];
  spansAnswer: (request: TraceRequest) => HttpResponse = () => ({ status: 200, body: '' });
  telemetryAnswer: () => HttpResponse = () => ({ status: 200, body: '{}' });
  readonly server: HttpServer;

  constructor() {
    this.server = new HttpServer({
      // It stands for servers of any name.
      strangers: 'none',
      name: 'xray',
      listen: '127.0.0.1:0',
      log: silentLogger,
      bodyMaxBytes: BODY_MAX_BYTES,
      routes: [
        { method: 'POST', path: '/TraceSegments', handle: (request) => this.#take(request) },
        { method: 'POST', path: '/v1/traces', handle: (request) => this.#takeSpans(request) },
        {
          method: 'POST',
          path: '/TelemetryRecords',
          handle: async (request) => {
            const answer = this.telemetryAnswer();
            const body = JSON.parse((await request.body()).toString()) as Record<string, unknown>;
            if (answer.status === 200) this.telemetry.push(body);
            return answer;
          },
        },
      ],
    });
  }

  /** An entry of xray_write that sends here, without telemetry. */
  get entry(): Record<string, unknown> {
    return {
      endpoint: this.server.url,
      region: 'us-east-1',
      access_key: 'AKIDEXAMPLE',
      secret_key: 'secret',
      local_mode: true,
      telemetry: { enabled: false },
      queue_config: { batch_send_deadline: '10ms', max_backoff: '50ms' },
    };
  }

  async #takeSpans(request: HttpRequest): Promise<HttpResponse> {
    const { headers } = request;
    if (headers['content-type'] !== 'application/x-protobuf') return { status: 415 };
    const spans = decodeMessage(TRACE_REQUEST, await request.body());
    const answer = this.spansAnswer(spans);
    if (answer.status === 200) this.spanRequests.push(spans);
    return answer;
  }

  async #take(request: HttpRequest): Promise<HttpResponse> {
    const body = JSON.parse((await request.body()).toString()) as {
      TraceSegmentDocuments: string[];
    };
    const documents = body.TraceSegmentDocuments;
    const received = { request, documents };
    this.requests.push(received);
    const answer = this.answer(received);
    if (answer !== undefined) return answer;
    const refused = documents.map((document) => this.judge(document, documents));
    this.kept.push(...documents.filter((_, index) => refused[index] === undefined));
    const UnprocessedTraceSegments = refused.filter((one) => one !== undefined);
    return { status: 200, body: JSON.stringify({ UnprocessedTraceSegments }) };
  }
}

/** Starts a receiver that listens until the test ends. */
export async function startXrayReceiver(ending: Ending): Promise<XrayReceiver> {
  const receiver = new XrayReceiver();
  await receiver.server.start();
  onEnd(ending, () => receiver.server.stop(100));
  return receiver;
}
