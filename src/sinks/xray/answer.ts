/**
 * What X-Ray's response to a request means: for the request as a whole, and by the code of each
 * document that was not processed. Pure.
 * Sources: https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html,
 * https://docs.aws.amazon.com/xray/latest/api/CommonErrors.html
 */
import type { RecoverableCode } from '../../kernel/error-codes/catalogue.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import { parseRetryAfterMs } from '../../kernel/retry.ts';
import { withoutSecrets } from '../../settings/url.ts';

/** A document that X-Ray did not process, as it says; what it leaves out is ''. */
export interface Unprocessed {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

export type Verdict =
  /** X-Ray has judged each document: it has those that it does not name. */
  | { readonly kind: 'judged'; readonly unprocessed: readonly Unprocessed[] }
  | { readonly kind: 'again'; readonly error: RecoverableError }
  /** The request is too large as a whole. */
  | { readonly kind: 'split'; readonly text: string }
  /** The request is refused as a whole; the fault may be that of one document. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly isSeparable: true;
      readonly text: string;
    };

const TEXT_MAX = 1_024;
/** How much of X-Ray's text about one document is shown. */
const MESSAGE_MAX = 200;
/** Types of error by which AWS services say that a caller asks too much. */
const THROTTLED =
  /throttl|too.?many.?requests|slow.?down|(?:rate|throughput).?exceeded|^(?:request|bandwidth)?limit.?exceeded/i;
const UNAVAILABLE = /internal|unavailable|time.?d?.?out|failure|busy/i;
/** Faults of signature, credentials or permission, which X-Ray answers with 400 or 403. */
const FORBIDDEN =
  /AccessDenied|NotAuthorized|UnrecognizedClient|ExpiredToken|InvalidClientTokenId|InvalidToken|Signature|MissingAuthentication|OptInRequired/i;
/** Refusals that another signature mends, so that there is no reason to wait for long. */
const STALE = /Expired|Signature|security token/i;
const TOO_LARGE_TYPE = /too.?large|size.?(?:limit.?)?exceeded|length.?exceeded/i;
const INVALID = /^(?:InvalidRequest|Validation|Serialization|MalformedInput|InvalidParameter)/i;
const TOO_LARGE_TEXT =
  /too.?large|larger than|(?:segment|document).*size.*(?:exceed|limit)|size.?limit.?exceeded/i;
/** X-Ray takes OTLP only where traces are kept in CloudWatch Logs. */
const NO_DESTINATION = /segment destination|transaction search/i;
/** The trace has too much already, of all its documents together. */
const TRACE_FULL = /trace size exceeded/i;

/** What differs between the calls of X-Ray. */
export interface Call {
  /** What the role needs for it. */
  readonly permission?: string;
  /**
   * The documents that were not processed, of an answer with success; undefined if none of ours.
   */
  readonly readUnprocessed?: (answer: JsonObject | undefined) => Unprocessed[] | undefined;
}

/**
 * Judges by the type of the error, then by the status. Text is for the log alone: it may say
 * anything, such as what stands in a document.
 *
 * @param where  the URL for messages
 * @param call   PutTraceSegments by default
 */
export function judgeResponse(
  response: ClientResponse,
  where: string,
  nowMs: number,
  call: Call = {},
): Verdict {
  const { status, headers, body } = response;
  const { permission = 'xray:PutTraceSegments' } = call;
  const answer = parseObject(body);
  const type = readErrorType(headers['x-amzn-errortype'], answer);
  const isGood = status >= 200 && status < 300;
  if (isGood && type === '') {
    const unprocessed = (call.readUnprocessed ?? readUnprocessed)(answer);
    if (unprocessed !== undefined) return { kind: 'judged', unprocessed };
  }
  const asked = parseRetryAfterMs(headers, nowMs);
  const text = shorten(body);
  const again = (code: RecoverableCode, remedy: string, isOfSetUp = false): Verdict => ({
    kind: 'again',
    error: new RecoverableError(
      code,
      `X-Ray at ${where} answered ${status}${text === '' ? '' : ` "${text}"`}${remedy}`,
      { retryAfterMs: asked, isOfSetUp },
    ),
  });
  const setUp = (code: RecoverableCode, remedy: string): Verdict => again(code, remedy, true);
  if (status === 429 || THROTTLED.test(type)) return again('SINK_THROTTLED', '');
  if (status === 413 || TOO_LARGE_TYPE.test(type))
    return { kind: 'split', text: `${status} ${text}`.trim() };
  if (status >= 500 || status === 408 || status === 425 || UNAVAILABLE.test(type))
    return again('SINK_UNAVAILABLE', '');
  if (status >= 400 && NO_DESTINATION.test(text))
    return setUp(
      'SINK_NOT_FOUND',
      '; turn on Transaction Search, or set spans: documents, nothing is lost meanwhile',
    );
  if (status === 401 || status === 403 || FORBIDDEN.test(type))
    return again(
      'SINK_FORBIDDEN',
      `; check the credentials, that the role has ${permission}, the region, and the clock`,
      !STALE.test(`${type} ${text}`),
    );
  if (status === 404 || status === 405)
    return setUp(
      'SINK_NOT_FOUND',
      '; check the endpoint and the region, nothing is lost meanwhile',
    );
  if (status >= 300 && status < 400) {
    const to = withoutSecrets(headers['location'] ?? '');
    return setUp('SINK_REDIRECTED', `; redirects are not followed, write the endpoint of "${to}"`);
  }
  const isRefusal = INVALID.test(type) || (status >= 400 && !isOfAnother(status, type, text));
  if (isRefusal)
    return {
      kind: 'refused',
      reason: 'bad_request',
      isSeparable: true,
      text: `${status} ${text}`.trim(),
    };
  return setUp(
    'SINK_UNAVAILABLE',
    ', which X-Ray does not say; check the endpoint, and whether a proxy answers in its place',
  );
}

/** Whether a proxy, or a server of web pages, refuses the request in X-Ray's place. */
function isOfAnother(status: number, type: string, text: string): boolean {
  return status === 407 || (type === '' && text.startsWith('<'));
}

/** The name of an error, of the header or the body, without its namespace and what follows it. */
function readErrorType(header: string | undefined, answer: JsonObject | undefined): string {
  const type = header ?? answer?.['__type'] ?? answer?.['code'];
  if (typeof type !== 'string') return '';
  return (type.split(':', 1)[0] ?? '').replace(/^.*#/, '').trim();
}

/**
 * What X-Ray says of single documents. It writes the list even where it is empty (as the examples
 * of its guide and the events of CloudTrail show), so an answer without one is of somebody else.
 */
function readUnprocessed(answer: JsonObject | undefined): Unprocessed[] | undefined {
  const list = answer?.['UnprocessedTraceSegments'];
  if (!Array.isArray(list)) return undefined;
  return list.map((one: unknown) => {
    const { Id, ErrorCode, Message } = (one ?? {}) as JsonObject;
    return { id: readText(Id), code: readText(ErrorCode), message: readText(Message) };
  });
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(body: Buffer): JsonObject | undefined {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'));
    const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
    return isObject ? (answer as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MESSAGE_MAX) : '';
}

/** `throttled` and `unavailable` may pass; `too_large` may be slimmed; other documents are lost. */
export type DocumentFate = 'throttled' | 'unavailable' | 'too_large' | 'lost';

export function judgeCode({ code, message }: Unprocessed): DocumentFate {
  if (THROTTLED.test(code)) return 'throttled';
  if (TRACE_FULL.test(message)) return 'lost';
  if (TOO_LARGE_TYPE.test(code)) return 'too_large';
  if (UNAVAILABLE.test(code)) return 'unavailable';
  return TOO_LARGE_TEXT.test(message) ? 'too_large' : 'lost';
}

/** The reason of a loss: the code in words, `InvalidName` as `invalid_name`. */
export function nameReason({ code, message }: Unprocessed): string {
  if (TRACE_FULL.test(message)) return 'trace_size_exceeded';
  const words = code
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '_')
    .slice(0, 40);
  return words === '' ? 'no_code' : words;
}

function shorten(body: Buffer): string {
  return body.subarray(0, TEXT_MAX).toString('utf8').trim().replaceAll(/\s+/g, ' ');
}
