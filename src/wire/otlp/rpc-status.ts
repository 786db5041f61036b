/**
 * google.rpc.Status, what an error of OTLP says over HTTP and, with details, over gRPC; and
 * RetryInfo, the detail that says when to try again.
 * Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto,
 * https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-throttling
 */
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { binary, int, string } from '../protobuf/scalars.ts';
import { defineMessage, field, type MessageValue, repeated } from '../protobuf/schema.ts';

export const RPC_STATUS = defineMessage('Status', {
  code: field(1, int),
  message: field(2, string),
  details: repeated(3, defineMessage('Any', { typeUrl: field(1, string), value: field(2, binary) })),
}); // prettier-ignore

export type RpcStatus = MessageValue<typeof RPC_STATUS>;

const RETRY_INFO = defineMessage('RetryInfo', {
  retryDelay: field(1, defineMessage('Duration', { seconds: field(1, int), nanos: field(2, int) })),
});
const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

/** @param retryAfterMs  after how long the request may be sent again; undefined says nothing */
export function encodeStatus(code: number, message: string, retryAfterMs?: number): Uint8Array {
  const details =
    retryAfterMs === undefined
      ? []
      : [{ typeUrl: RETRY_INFO_URL, value: encodeRetryInfo(retryAfterMs) }];
  return encodeMessage(RPC_STATUS, { code, message, details });
}

function encodeRetryInfo(delayMs: number): Uint8Array {
  const seconds = Math.floor(delayMs / 1_000);
  const nanos = Math.round((delayMs - seconds * 1_000) * 1_000_000);
  return encodeMessage(RETRY_INFO, { retryDelay: { seconds, nanos } });
}

/** Undefined where the status says nothing of it. @throws WireError for details that are none */
export function readRetryDelayMs({ details }: RpcStatus): number | undefined {
  const info = details.find(({ typeUrl }) => typeUrl === RETRY_INFO_URL);
  if (info === undefined) return undefined;
  const { retryDelay } = decodeMessage(RETRY_INFO, info.value);
  if (retryDelay === undefined) return 0;
  return Math.max(0, retryDelay.seconds * 1_000 + retryDelay.nanos / 1_000_000);
}
