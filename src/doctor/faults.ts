/**
 * What an answer, or its absence, says: why a connection failed, and why AWS refused a request.
 */
import { describeError } from '../kernel/errors.ts';
import { HttpClientError } from '../kernel/http-client-error.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';
import { formatDurationMs } from '../model/duration.ts';
import { blamesClock, blamesToken } from '../aws/refusals.ts';
import type { ClientResponse } from '../kernel/http-client.ts';

/** Why a connection failed. */
export type ConnectionFault =
  | 'refused'
  | 'timeout'
  | 'unresolved'
  | 'resolver'
  | 'tls-name'
  | 'tls-trust'
  | 'tls-expired'
  | 'tls'
  | 'no-route'
  | 'reset'
  | 'other';

const BY_CODE: readonly (readonly [RegExp, ConnectionFault])[] = [
  [/^ECONNREFUSED$/, 'refused'],
  [/^(?:ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'timeout'],
  [/^ENOTFOUND$/, 'unresolved'],
  [/^(?:EAI_AGAIN|EAI_FAIL|ESERVFAIL)$/, 'resolver'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'tls-name'],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, 'tls-expired'],
  [/SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_UNTRUSTED/, 'tls-trust'],
  [/^(?:ERR_SSL|EPROTO|ERR_TLS)/, 'tls'],
  [/^(?:EHOSTUNREACH|ENETUNREACH)$/, 'no-route'],
  [/^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'reset'],
];

/** The innermost reason that is known. */
export function judgeConnection(error: unknown): ConnectionFault {
  for (const { code, kind } of listCauses(error)) {
    const known = BY_CODE.find(([pattern]) => pattern.test(code))?.[1];
    if (known !== undefined) return known;
    if (kind === 'timeout') return 'timeout';
  }
  return 'other';
}

function listCauses(error: unknown): { readonly code: string; readonly kind: string }[] {
  const found: { code: string; kind: string }[] = [];
  const add = (one: unknown, depth: number): void => {
    if (!(one instanceof Error) || depth > 8) return;
    if (one instanceof AggregateError) for (const part of one.errors) add(part, depth + 1);
    add(one.cause, depth + 1);
    const { code } = one as NodeJS.ErrnoException;
    const kind = one instanceof HttpClientError ? one.kind : '';
    found.push({ code: typeof code === 'string' ? code : '', kind });
  };
  add(error, 0);
  return found;
}

/** Why AWS refused a request; `other` is no matter of access. */
export type RefusalKind =
  | 'none'
  | 'denied'
  | 'signature'
  | 'region'
  | 'service'
  | 'clock'
  | 'expired'
  | 'unknown-key'
  | 'unsigned'
  | 'missing'
  | 'throttled'
  | 'other';

export interface Refusal {
  readonly kind: RefusalKind;
  /** The code of the error, as the service writes it. */
  readonly code: string;
  readonly message: string;
}

const TEXT_MAX = 16_384;
const DENIED = /AccessDenied|Unauthori[sz]ed(?:Operation)?|not authorized to perform/i;

/** Reads the error of any of AWS's protocols. */
export function readRefusal({ status, headers, body }: ClientResponse): Refusal {
  const text = body.subarray(0, TEXT_MAX).toString();
  const { code, message } = readError(text, headers['x-amzn-errortype'] ?? '');
  const said = `${code} ${message}`;
  const make = (kind: RefusalKind): Refusal => ({ kind, code, message });
  if (status < 300) return make('none');
  if (blamesClock(said)) return make('clock');
  if (/scoped to a valid region/i.test(said)) return make('region');
  if (/scoped to correct service/i.test(said)) return make('service');
  if (/ExpiredToken|token .* expired/i.test(said)) return make('expired');
  if (blamesToken(said) || /InvalidAccessKeyId/i.test(said)) return make('unknown-key');
  if (/SignatureDoesNotMatch|InvalidSignature|signature we calculated/i.test(said))
    return make('signature');
  if (/MissingAuthentication|IncompleteSignature/i.test(said)) return make('unsigned');
  if (status === 429 || /Throttl|RequestLimitExceeded|Rate exceeded/i.test(said))
    return make('throttled');
  if (DENIED.test(said)) return make('denied');
  if (/ResourceNotFound|NotFound|NoSuch/i.test(code) || status === 404) return make('missing');
  return make('other');
}

function readError(text: string, type: string): { code: string; message: string } {
  const ofType = type.split(/[:,]/)[0] ?? '';
  if (text.trimStart().startsWith('<')) {
    const pick = (name: string): string =>
      new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
    return { code: pick('Code') || ofType, message: decodeXml(pick('Message')) };
  }
  try {
    const value = parseForeignJson(text) as Readonly<Record<string, unknown>>;
    const pick = (...names: string[]): string =>
      names.map((name) => value[name]).find((one) => typeof one === 'string') ?? '';
    const code = pick('__type', 'code', 'Code').replace(/^.*#/, '');
    return { code: code || ofType, message: pick('message', 'Message') };
  } catch {
    return { code: ofType, message: text.trim() };
  }
}

function decodeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#10': '\n', '#xA': '\n',
  }; // prettier-ignore
  return text.replaceAll(/&([#\w]+);/g, (whole, name: string) => names[name] ?? whole);
}

/** A failure on one line, bounded. */
export function describeBriefly(error: unknown): string {
  return oneLine(describeError(error));
}

/** Why something could not be looked at; that there are no credentials is told at length once. */
export function describeSkip(error: unknown): string {
  const { code } = error as { readonly code?: string };
  if (code === 'AWS_CREDENTIALS') return 'there are no credentials';
  if (code === 'AWS_REGION_UNKNOWN') return 'no region is known';
  return describeBriefly(error);
}

/** A span of time in whole seconds. */
export function describeSeconds(spanMs: number): string {
  return formatDurationMs(Math.round(Math.max(0, spanMs) / 1_000) * 1_000);
}

export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
