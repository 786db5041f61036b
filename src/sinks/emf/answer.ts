/**
 * What an answer of CloudWatch Logs means. Pure.
 * Sources:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html,
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html
 */
import type { RecoverableCode } from '../../kernel/error-codes/catalogue.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import { parseRetryAfterMs } from '../../kernel/retry.ts';
import { withoutSecrets } from '../../settings/url.ts';

export type LogsVerdict =
  /** The call has done its work. */
  | { readonly kind: 'done'; readonly answer: LogsAnswer }
  /** What was to be made is there already. */
  | { readonly kind: 'exists' }
  /** The log group or the log stream is missing. */
  | { readonly kind: 'missing' }
  /** The failure may pass. */
  | { readonly kind: 'again'; readonly error: RecoverableError }
  /** Somebody has to change the set-up of this log group, or of all. */
  | { readonly kind: 'denied'; readonly error: RecoverableError }
  /** Sent again it is refused again. */
  | {
      readonly kind: 'refused';
      readonly reason: 'bad_request' | 'too_large';
      readonly text: string;
    };

export type LogsAnswer = Readonly<Record<string, unknown>>;

export interface JudgedCall {
  /** Such as PutLogEvents, and the name of the permission behind `logs:`. */
  readonly action: string;
  /** Where it was sent. */
  readonly where: string;
  readonly group: string;
  readonly nowMs: number;
}

const TEXT_MAX = 512;
const THROTTLED = /throttl|too.?many.?requests|slow.?down|(?:rate|throughput).?exceeded/i;
const UNAVAILABLE =
  /internal|unavailable|time.?d?.?out|failure|busy|OperationAborted|InvalidSequenceToken/i;
const FORBIDDEN =
  /AccessDenied|NotAuthorized|UnrecognizedClient|ExpiredToken|InvalidClientTokenId|InvalidToken|Signature|MissingAuthentication|OptInRequired/i;
/** Refusals that another signature mends, so that there is no reason to wait for long. */
const STALE = /Expired|Signature|security token/i;
/** The account has as many log groups or streams as it may, or a rule forbids the name. */
const SET_UP = /LimitExceeded|InvalidOperation|DataProtection/i;
const TOO_LARGE = /too.?large|(?:size|length).?(?:limit.?)?exceeded/i;

/** Judges by the type of the error, then by the status. */
export function judgeAnswer(response: ClientResponse, call: JudgedCall): LogsVerdict {
  const { status, headers, body } = response;
  const answer = parseObject(body);
  const type = readErrorType(headers['x-amzn-errortype'], answer);
  if (status >= 200 && status < 300 && type === '') {
    // An empty body is the answer of calls that make something.
    if (answer !== undefined) return { kind: 'done', answer };
    if (body.length === 0) return { kind: 'done', answer: {} };
  }
  if (type === 'DataAlreadyAcceptedException') return { kind: 'done', answer: {} };
  if (type === 'ResourceAlreadyExistsException') return { kind: 'exists' };
  if (type === 'ResourceNotFoundException') return { kind: 'missing' };
  const asked = parseRetryAfterMs(headers, call.nowMs);
  const text = shorten(body);
  const makeError = (code: RecoverableCode, remedy: string, isOfSetUp = false): RecoverableError =>
    new RecoverableError(
      code,
      `${call.action} of CloudWatch Logs at ${call.where} answered ${status} for the log group ` +
        `"${call.group}"${text === '' ? '' : ` "${text}"`}${remedy}`,
      { retryAfterMs: asked, isOfSetUp },
    );
  const again = (code: RecoverableCode, remedy = '', isOfSetUp = false): LogsVerdict => ({
    kind: 'again',
    error: makeError(code, remedy, isOfSetUp),
  });
  const deny = (code: RecoverableCode, remedy: string): LogsVerdict => ({
    kind: 'denied',
    error: makeError(code, remedy, true),
  });
  if (status === 429 || THROTTLED.test(type)) return again('SINK_THROTTLED');
  if (status === 413 || TOO_LARGE.test(type))
    return { kind: 'refused', reason: 'too_large', text: `${status} ${text}`.trim() };
  if (status >= 500 || status === 408 || status === 425 || UNAVAILABLE.test(type))
    return again('SINK_UNAVAILABLE');
  if (status === 401 || status === 403 || FORBIDDEN.test(type)) {
    const remedy =
      `; check the credentials, that the role has logs:${call.action}, the region, and the ` +
      'clock; nothing is lost meanwhile';
    return STALE.test(`${type} ${text}`)
      ? again('SINK_FORBIDDEN', remedy)
      : deny('SINK_FORBIDDEN', remedy);
  }
  if (SET_UP.test(type))
    return deny('SINK_FORBIDDEN', '; check the quotas of CloudWatch Logs and the log group');
  if (status === 404 || status === 405)
    return again('SINK_NOT_FOUND', '; check the endpoint and the region', true);
  if (status >= 300 && status < 400)
    return again(
      'SINK_REDIRECTED',
      '; redirects are not followed, write the endpoint of ' +
        `"${withoutSecrets(headers['location'] ?? '')}"`,
      true,
    );
  if (status >= 400 && !isOfAnother(status, type, text)) {
    const reason = TOO_LARGE.test(text) ? 'too_large' : 'bad_request';
    return { kind: 'refused', reason, text: `${status} ${text}`.trim() };
  }
  return again(
    'SINK_UNAVAILABLE',
    ', which CloudWatch Logs does not say; check the endpoint, and whether a proxy answers in ' +
      'its place',
    true,
  );
}

/** Events of a request that CloudWatch does not keep. */
export interface Rejected {
  readonly reason: 'too_old' | 'expired' | 'too_new';
  /** In the order of the request; `to` is not among them. */
  readonly from: number;
  readonly to: number;
}

/** Reads which of `count` events in chronological order are rejected. */
export function readRejected(answer: LogsAnswer, count: number): readonly Rejected[] {
  const info = (answer['rejectedLogEventsInfo'] ?? {}) as LogsAnswer;
  const read = (key: string, missing: number): number => {
    const index = info[key];
    return typeof index === 'number' && Number.isInteger(index)
      ? Math.min(count, Math.max(0, index))
      : missing;
  };
  const tooOld = read('tooOldLogEventEndIndex', 0);
  const expired = Math.max(tooOld, read('expiredLogEventEndIndex', 0));
  const tooNew = Math.max(expired, read('tooNewLogEventStartIndex', count));
  const all: readonly Rejected[] = [
    { reason: 'too_old', from: 0, to: tooOld },
    { reason: 'expired', from: tooOld, to: expired },
    { reason: 'too_new', from: tooNew, to: count },
  ];
  return all.filter(({ from, to }) => to > from);
}

/** What CloudWatch says of the entity of a request; undefined where it says nothing. */
export function readRejectedEntity(answer: LogsAnswer): string | undefined {
  const { errorType } = (answer['rejectedEntityInfo'] ?? {}) as LogsAnswer;
  return typeof errorType === 'string' ? errorType.slice(0, 64) : undefined;
}

/** Whether a proxy, or a server of web pages, refuses the request in CloudWatch's place. */
function isOfAnother(status: number, type: string, text: string): boolean {
  return status === 407 || (type === '' && text.startsWith('<'));
}

/** The name of an error, of the header or the body, without its namespace and what follows it. */
function readErrorType(header: string | undefined, answer: LogsAnswer | undefined): string {
  const type = header ?? answer?.['__type'] ?? answer?.['code'];
  if (typeof type !== 'string') return '';
  return (type.split(':', 1)[0] ?? '').replace(/^.*#/, '').trim();
}

function parseObject(body: Buffer): LogsAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'));
    const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
    return isObject ? (answer as LogsAnswer) : undefined;
  } catch {
    return undefined;
  }
}

function shorten(body: Buffer): string {
  return body.subarray(0, TEXT_MAX).toString('utf8').trim().replaceAll(/\s+/g, ' ');
}
