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
/** The wait after a fault that only a change of the set-up mends: more requests would not help. */
const SETUP_RETRY_MS = 30_000;

const THROTTLED = /throttl|too.?many.?requests|rate.?exceeded|slow.?down|limit.?exceeded/i;
const UNAVAILABLE = /internal|unavailable|time.?d?.?out|failure|busy/i;
/** Faults of signature, credentials or permission, which X-Ray answers with 400 or 403. */
const FORBIDDEN =
  /AccessDenied|NotAuthorized|UnrecognizedClient|ExpiredToken|InvalidClientTokenId|Signature|MissingAuthentication|OptInRequired|security token/i;
const TOO_LARGE =
  /too.?large|larger than|(?:segment|document).*size.*(?:exceed|limit)|size.?limit.?exceeded/i;
/** The trace has too much already, of all its documents together. */
const TRACE_FULL = /trace size exceeded/i;

/** @param where  the URL for messages */
export function judgeResponse(response: ClientResponse, where: string, nowMs: number): Verdict {
  const { status, headers } = response;
  const asked = parseRetryAfterMs(headers['retry-after'], nowMs);
  if (status >= 200 && status < 300) return readJudgement(response, where);
  const text = decodeBody(response.body);
  const again = (code: RecoverableCode, remedy: string, waitMs = asked): Verdict => ({
    kind: 'again',
    error: new RecoverableError(
      code,
      `X-Ray at ${where} answered ${status}${text === '' ? '' : ` "${text}"`}${remedy}`,
      { retryAfterMs: waitMs },
    ),
  });
  const setUp = (code: RecoverableCode, remedy: string): Verdict =>
    again(code, remedy, asked ?? SETUP_RETRY_MS);
  const code = `${headers['x-amzn-errortype'] ?? ''} ${text}`;
  if (status === 429 || THROTTLED.test(code)) return again('SINK_THROTTLED', '');
  if (status >= 500 || status === 408 || status === 425) return again('SINK_UNAVAILABLE', '');
  if (status === 401 || status === 403 || FORBIDDEN.test(code))
    return again(
      'SINK_FORBIDDEN',
      '; check the credentials, that the role has xray:PutTraceSegments, the region, and the ' +
        'clock',
      asked ?? (/Expired|Signature|security token/i.test(code) ? undefined : SETUP_RETRY_MS),
    );
  if (status === 413) return { kind: 'split', text: `413 ${text}`.trim() };
  if (status === 404 || status === 405)
    return setUp(
      'SINK_NOT_FOUND',
      '; check the endpoint and the region, nothing is lost meanwhile',
    );
  if (status < 400) {
    const to = headers['location'] ?? '';
    return setUp('SINK_REDIRECTED', `; redirects are not followed, write the endpoint of "${to}"`);
  }
  return {
    kind: 'refused',
    reason: 'bad_request',
    isSeparable: true,
    text: `${status} ${text}`.trim(),
  };
}

/** What is said to have been taken, by another than X-Ray, is sent again. */
function readJudgement({ body, status }: ClientResponse, where: string): Verdict {
  const text = body.toString('utf8').trim();
  const list = text === '' ? [] : parseUnprocessed(text);
  if (list !== undefined) return { kind: 'judged', unprocessed: list };
  const shown = decodeBody(body).slice(0, MESSAGE_MAX);
  const message =
    `${where} answered ${status} "${shown}", which X-Ray does not say; check the endpoint, and ` +
    'whether a proxy answers in its place';
  return {
    kind: 'again',
    error: new RecoverableError('SINK_UNAVAILABLE', message, { retryAfterMs: SETUP_RETRY_MS }),
  };
}

function parseUnprocessed(text: string): Unprocessed[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const list = (answer as { UnprocessedTraceSegments?: unknown }).UnprocessedTraceSegments ?? [];
  if (!Array.isArray(list)) return undefined;
  return list.map((one: unknown) => {
    const { Id, ErrorCode, Message } = (one ?? {}) as Record<string, unknown>;
    return { id: readText(Id), code: readText(ErrorCode), message: readText(Message) };
  });
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MESSAGE_MAX) : '';
}

/** `throttled` and `unavailable` may pass; `too_large` may be slimmed; other documents are lost. */
export type DocumentFate = 'throttled' | 'unavailable' | 'too_large' | 'lost';

export function judgeCode({ code, message }: Unprocessed): DocumentFate {
  if (TRACE_FULL.test(message)) return 'lost';
  if (TOO_LARGE.test(code) || TOO_LARGE.test(message)) return 'too_large';
  if (THROTTLED.test(code)) return 'throttled';
  return UNAVAILABLE.test(code) ? 'unavailable' : 'lost';
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

function decodeBody(body: Buffer): string {
  return body.subarray(0, TEXT_MAX).toString('utf8').trim().replaceAll(/\s+/g, ' ');
}
