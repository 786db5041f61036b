/**
 * What a receiver of OTLP answers: how much of a request it has refused though it took the rest,
 * and the status by which it refuses a whole one, with the wait that it asks for. Pure; the same in
 * HTTP and gRPC, as protobuf or as JSON.
 * Source: https://opentelemetry.io/docs/specs/otlp/#full-success,
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/{status,error_details}.proto
 */
import { decodeMessage } from '../protobuf/decode.ts';
import { int, string } from '../protobuf/scalars.ts';
import { defineMessage, field } from '../protobuf/schema.ts';
import { readRetryDelayMs, RPC_STATUS } from './rpc-status.ts';

/** Nothing is rejected where the request was taken whole; a message is a warning then. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** `waitMs` is undefined where the receiver does not say that trying again would help. */
export interface ExportRefusal {
  readonly message: string;
  readonly waitMs: number | undefined;
}

const EXPORT_RESPONSE = defineMessage('ExportServiceResponse', {
  partialSuccess: field(
    1,
    defineMessage('ExportPartialSuccess', { rejected: field(1, int), message: field(2, string) }),
  ),
});

const WHOLE: PartialSuccess = { rejected: 0, message: '' };
const RETRY_INFO = /\/google\.rpc\.RetryInfo$/;

/** What an answer in protobuf says. @throws WireError for what is none */
export function decodePartialSuccess(body: Uint8Array): PartialSuccess {
  const { partialSuccess } = decodeMessage(EXPORT_RESPONSE, body);
  if (partialSuccess === undefined) return WHOLE;
  return { ...partialSuccess, rejected: Math.max(0, partialSuccess.rejected) };
}

/** An answer with success that cannot be read is one without a word on what was rejected. */
export function readPartialSuccess(body: Uint8Array, isJson: boolean): PartialSuccess {
  try {
    if (!isJson) return decodePartialSuccess(body);
    const { partialSuccess } = parseObject(body);
    if (typeof partialSuccess !== 'object' || partialSuccess === null) return WHOLE;
    const { rejectedDataPoints, rejectedSpans, errorMessage } = partialSuccess as Json;
    const rejected = Number(rejectedDataPoints ?? rejectedSpans ?? 0);
    return {
      rejected: Number.isInteger(rejected) && rejected > 0 ? rejected : 0,
      message: readText(errorMessage),
    };
  } catch {
    return WHOLE;
  }
}

/** Undefined for a body that is no Status, such as the page of a proxy. */
export function readRpcStatus(body: Uint8Array, isJson: boolean): ExportRefusal | undefined {
  try {
    if (!isJson) {
      const status = decodeMessage(RPC_STATUS, body);
      return { message: status.message, waitMs: readRetryDelayMs(status) };
    }
    const { code, message, details } = parseObject(body);
    if (code === undefined && message === undefined) return undefined;
    return {
      message: readText(message),
      waitMs: Array.isArray(details) ? findJsonDelay(details) : undefined,
    };
  } catch {
    return undefined;
  }
}

type Json = Readonly<Record<string, unknown>>;

function parseObject(body: Uint8Array): Json {
  const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** As JSON, a delay is a text such as "1.5s". */
function findJsonDelay(details: readonly unknown[]): number | undefined {
  const info = details.find((one): one is Json => {
    const { '@type': type } = (one ?? {}) as Json;
    return typeof type === 'string' && RETRY_INFO.test(type);
  });
  if (info === undefined) return undefined;
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(readText(info['retryDelay']))?.[1] ?? 0);
  return seconds * 1_000;
}
