/**
 * Answers OTLP over HTTP as AWS's endpoints do: signed, protobuf or JSON, gzip or none; an answer
 * in the encoding of the request, with a partial success where some items were rejected, and a
 * google.rpc.Status for a request that is refused whole (that AWS's refusals have this form is an
 * assumption).
 * Sources: https://opentelemetry.io/docs/specs/otlp/#otlphttp,
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
 */
import { HttpError } from '../kernel/http-error.ts';
import { type HttpRequest, type HttpResponse, type Route } from '../kernel/http-server.ts';
import { WireError } from '../wire/errors.ts';
import { encodeJsonRequest } from '../wire/otlp/json.ts';
import { METRICS_RESPONSE } from '../wire/otlp/metrics-request.ts';
import { encodeStatus } from '../wire/otlp/rpc-status.ts';
import { encodeMessage } from '../wire/protobuf/encode.ts';
import { breakAnswer } from './broken-answers.ts';
import { type CallEdges, dateHeader } from './json-protocol.ts';
import { refuseDenied } from './prepared-call.ts';
import { AwsError } from './service.ts';
import type { PartialRefusal } from './trouble.ts';

export interface OtlpService {
  readonly signal: 'metrics' | 'traces';
  /** What signatures are scoped to. */
  readonly signingName: string;
  /** The action that a policy must allow, which knows no resources. */
  readonly need: string;
  /** Most bytes of a request, inflated. */
  readonly bodyMaxBytes: number;
  /**
   * Takes a request in protobuf.
   *
   * @param struck  which items are rejected on command
   * @throws AwsError, WireError
   */
  take(body: Uint8Array, struck: PartialRefusal | undefined): Promise<OtlpTaken> | OtlpTaken;
}

export interface OtlpTaken {
  /** Points or spans that were not taken. */
  readonly rejected: number;
  /** Why; '' where none was rejected. */
  readonly message: string;
}

type Encoding = 'protobuf' | 'json';

const TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};
const REJECTED = { metrics: 'rejectedDataPoints', traces: 'rejectedSpans' } as const;

/** By status of HTTP, the code of gRPC. */
const CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  413: 8,
  429: 8,
  503: 14,
};
const UNKNOWN_CODE = 2;

/** @param call  wraps each call, which counts it */
export function otlpRoute(
  endpoint: OtlpService,
  edges: CallEdges,
  call: (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>,
): Route {
  const action = `OTLP ${endpoint.signal}`;
  return {
    method: 'POST',
    path: `/v1/${endpoint.signal}`,
    handle: (request) => call(action, () => answerOtlp(request, endpoint, action, edges)),
  };
}

async function answerOtlp(
  request: HttpRequest,
  endpoint: OtlpService,
  action: string,
  edges: CallEdges,
): Promise<HttpResponse> {
  const { verify, cloud } = edges;
  const { trouble } = cloud;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim();
  const encoding: Encoding = type === TYPES.json ? 'json' : 'protobuf';
  const headers = { 'content-type': TYPES[encoding] };
  try {
    const verdict = await verify(request, endpoint.signingName);
    if (!verdict.ok) throw new AwsError(verdict.code, verdict.message, 403);
    const context = cloud.contextOf(verdict, request.headers);
    refuseDenied([{ action: endpoint.need, resource: '*' }], context, cloud, {
      code: 'AccessDeniedException',
      status: 403,
    });
    if (type !== TYPES[encoding])
      throw new AwsError('UnsupportedMediaType', `Content-Type ${type} is not supported`, 415);
    const how = trouble.strike(action, {}, endpoint.signingName);
    return await breakAnswer(how, request, trouble, async () => {
      const body = await readBody(request, endpoint, encoding);
      const taken = await endpoint.take(body, trouble.strikeDocuments(action, {}));
      return { status: 200, headers, body: encodeTaken(encoding, endpoint.signal, taken) };
    });
  } catch (error) {
    const { status, message } = describeRefusal(error);
    return {
      status,
      headers: {
        ...headers,
        ...(status === 429 ? { 'retry-after': '1' } : {}),
        ...dateHeader(cloud),
      },
      body: encodeRefusal(encoding, CODES[status] ?? UNKNOWN_CODE, message),
    };
  }
}

/** @throws AwsError, WireError, HttpError */
async function readBody(
  request: HttpRequest,
  { signal, bodyMaxBytes }: OtlpService,
  encoding: Encoding,
): Promise<Uint8Array> {
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (!['gzip', 'identity'].includes(coding))
    throw new AwsError('UnsupportedMediaType', `Content-Encoding ${coding} is not supported`, 415);
  const body = await request.body();
  if (body.length > bodyMaxBytes)
    throw new AwsError(
      'RequestTooLarge',
      `the request has ${body.length} bytes uncompressed; at most ${bodyMaxBytes} are taken`,
      413,
    );
  return encoding === 'json' ? encodeJsonRequest(signal, body) : body;
}

/** What is none of a request's faults is thrown on. */
function describeRefusal(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof AwsError || error instanceof HttpError)
    return { status: error.status, message: error.message };
  if (error instanceof WireError) return { status: 400, message: error.message };
  throw error;
}

function encodeTaken(
  encoding: Encoding,
  signal: OtlpService['signal'],
  { rejected, message }: OtlpTaken,
): Uint8Array {
  const isWhole = rejected === 0 && message === '';
  if (encoding === 'json') {
    const partialSuccess = { [REJECTED[signal]]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(isWhole ? {} : { partialSuccess }));
  }
  // The answers of both signals have the same fields.
  const partialSuccess = { rejectedDataPoints: rejected, errorMessage: message };
  return encodeMessage(METRICS_RESPONSE, { partialSuccess: isWhole ? undefined : partialSuccess });
}

function encodeRefusal(encoding: Encoding, code: number, message: string): Uint8Array {
  return encoding === 'json'
    ? Buffer.from(JSON.stringify({ code, message }))
    : encodeStatus(code, message);
}
