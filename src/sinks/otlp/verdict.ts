/**
 * What the answer of an OTLP receiver means for a request: taken, to be sent again, to be halved,
 * or refused for good. Pure. As OTLP says it, but for two things: what only a change of the set-up
 * mends waits in the queue instead of being lost, and a signed request that AWS answers with 500 is
 * sent again, as AWS's own SDKs do.
 * Source: https://opentelemetry.io/docs/specs/otlp/#failures-1 (HTTP), #failures (gRPC),
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
import type { Answer } from '../../delivery/protocol.ts';
import type { RecoverableCode } from '../../kernel/error-codes/catalogue.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import type { GrpcReply } from '../../kernel/grpc/client.ts';
import { formatGrpcStatus } from '../../kernel/grpc/client-status.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import { parseRetryAfterMs } from '../../kernel/retry.ts';
import { readRpcStatus } from '../../wire/otlp/export-response.ts';
import { withoutSecrets } from '../../settings/url.ts';
import { nameAwsRefusal } from './aws-refusals.ts';

/** Without `taken`: an answer of delivery. */
export type OtlpVerdict =
  | { readonly kind: 'taken' }
  | Exclude<Answer, { kind: 'delivered' | 'partial' }>;

export interface JudgeContext {
  /** The receiver's URL for messages, without secrets. */
  readonly where: string;
  readonly nowMs: number;
  /** Whether the request is signed for AWS. */
  readonly isSigned: boolean;
  /** 1 for the first; after it, refused credentials are tried again after a wait. */
  readonly attempt: number;
}

/** How much of the receiver's text is shown. */
const TEXT_MAX = 1_024;
const TOO_LARGE =
  /larger than (?:the )?(?:max|limit)|too.?large|(?:exceed|over).*(?:size|limit|max)/i;

/** How a refusal is named in messages: the status, and what the receiver says to it. */
interface Refusal extends JudgeContext {
  readonly status: string;
  readonly text: string;
  readonly waitMs: number | undefined;
}

export function judgeHttp(response: ClientResponse, context: JudgeContext): OtlpVerdict {
  const { status, headers, body } = response;
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const type = headers['content-type'] ?? '';
  const isProto = type.startsWith('application/x-protobuf');
  const rpc = isProto || type.includes('json') ? readRpcStatus(body, !isProto) : undefined;
  // AWS and others answer with JSON that is no Status: then it is shown as it is.
  const text = rpc === undefined || rpc.message === '' ? decodeText(body, isProto) : rpc.message;
  const waitMs = parseRetryAfterMs(headers, context.nowMs) ?? rpc?.waitMs;
  const said = { ...context, status: String(status), text: shorten(text), waitMs };
  if (status === 413) return { kind: 'split', text: describeStatus(said) };
  if (status === 429) return sendAgain(said, 'SINK_THROTTLED', '');
  if ([502, 503, 504].includes(status) || (context.isSigned && status >= 500))
    return sendAgain(said, 'SINK_UNAVAILABLE', '');
  if (status === 401 || status === 403 || status === 407) return refuseCredentials(said);
  if (status === 404 || status === 405) return waitForSetUp(said, 'SINK_NOT_FOUND', AT_ENDPOINT);
  if (status === 415) return waitForSetUp(said, 'SINK_UNSUPPORTED', AT_ENCODING);
  if (status >= 300 && status < 400) {
    const to = withoutSecrets(headers['location'] ?? '');
    const remedy = `; redirects are not followed, write the endpoint of "${to}"`;
    return waitForSetUp(said, 'SINK_REDIRECTED', remedy);
  }
  const isData = status === 400 || status === 422;
  const named =
    context.isSigned && isData
      ? nameAwsRefusal(headers['x-amzn-errortype'], decodeText(body, isProto), text)
      : undefined;
  if (named === 'throttled') return sendAgain(said, 'SINK_THROTTLED', '');
  if (named === 'forbidden') return refuseCredentials(said);
  if (named === 'no_destination') return waitForSetUp(said, 'SINK_NOT_FOUND', AT_DESTINATION);
  return refuse(said, isData ? 'bad_request' : 'refused', isData || status === 409);
}

export function judgeGrpc(
  { status, text, details }: GrpcReply,
  context: JudgeContext,
): OtlpVerdict {
  const rpc = details === undefined ? undefined : readRpcStatus(details, false);
  const name = formatGrpcStatus(status);
  const said = { ...context, status: name, text: shorten(text), waitMs: rpc?.waitMs };
  switch (status) {
    case 'ok':
      return { kind: 'taken' };
    case 'cancelled':
    case 'deadlineExceeded':
    case 'aborted':
    case 'outOfRange':
    case 'unavailable':
    case 'dataLoss':
      return sendAgain(said, said.waitMs ? 'SINK_THROTTLED' : 'SINK_UNAVAILABLE', '');
    case 'resourceExhausted':
      // Without the wait, the receiver does not say that it may pass: the request is too large.
      if (said.waitMs !== undefined) return sendAgain(said, 'SINK_THROTTLED', '');
      if (TOO_LARGE.test(text)) return { kind: 'split', text: describeStatus(said) };
      return refuse(said, 'resource_exhausted', false);
    case 'unauthenticated':
    case 'permissionDenied':
      return refuseCredentials(said);
    case 'unimplemented':
      return waitForSetUp(said, 'SINK_NOT_FOUND', AT_ENDPOINT);
    case 'invalidArgument':
      return refuse(said, 'bad_request', true);
    case 'alreadyExists':
    case 'failedPrecondition':
      return refuse(said, name.toLowerCase(), true);
    default:
      return refuse(said, name.toLowerCase(), false);
  }
}

const AT_ENDPOINT = '; check the endpoint and that the receiver takes this signal';
const AT_DESTINATION = '; turn on Transaction Search, nothing is lost meanwhile';
const AT_ENCODING = '; check "encoding" and "compression", which the receiver does not take';

function sendAgain(
  said: Refusal,
  code: RecoverableCode,
  remedy: string,
  isOfSetUp = false,
): OtlpVerdict {
  const message = `OTLP to ${said.where} answered ${describeStatus(said)}${remedy}`;
  return {
    kind: 'again',
    error: new RecoverableError(code, message, { retryAfterMs: said.waitMs, isOfSetUp }),
  };
}

function waitForSetUp(said: Refusal, code: RecoverableCode, remedy: string): OtlpVerdict {
  return sendAgain(said, code, `${remedy}; nothing is lost meanwhile`, true);
}

/** New credentials may be at hand, so that the second attempt follows soon. */
function refuseCredentials(said: Refusal): OtlpVerdict {
  const remedy = said.isSigned
    ? '; check the credentials, the region, that the role may write here, and the clock'
    : '; check the credentials';
  if (said.attempt > 1) return waitForSetUp(said, 'SINK_FORBIDDEN', remedy);
  return sendAgain(said, 'SINK_FORBIDDEN', remedy);
}

function refuse(said: Refusal, reason: string, isSeparable: boolean): OtlpVerdict {
  return { kind: 'refused', reason, isSeparable, text: describeStatus(said) };
}

function describeStatus({ status, text }: Refusal): string {
  return text === '' ? status : `${status} "${text}"`;
}

function decodeText(body: Uint8Array, isProto: boolean): string {
  if (isProto) return '';
  return Buffer.from(body.subarray(0, TEXT_MAX)).toString('utf8');
}

export function shorten(text: string): string {
  return text.slice(0, TEXT_MAX).trim().replaceAll(/\s+/g, ' ');
}
