/**
 * Ids of X-Ray: those of spans and traces in its form, and further ones for what a span has no id
 * for. Those are made of the span's own, so that a span that is converted twice gives the same
 * document and X-Ray stores it once.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** `1-` and the bytes in hex, of ids of X-Ray and W3C alike; undefined for what is no trace id. */
export function formatTraceId(id: Uint8Array): string | undefined {
  if (id.length !== TRACE_ID_BYTES || id.every((byte) => byte === 0)) return undefined;
  const hex = toHex(id);
  return `1-${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** 16 digits; undefined for what is no id of a span. */
export function formatSpanId(id: Uint8Array): string | undefined {
  return id.length === SPAN_ID_BYTES && id.some((byte) => byte !== 0) ? toHex(id) : undefined;
}

/**
 * A further id, which differs for each span and each ordinal: the steps of a generator of random
 * numbers (splitmix64), each of which maps 64 bits to 64 bits one to one.
 */
export function deriveId(spanId: string, ordinal: number): string {
  let state = BigInt.asUintN(64, BigInt(`0x${spanId}`) + 0x9e3779b97f4a7c15n * BigInt(ordinal + 1));
  state = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
  state = BigInt.asUintN(64, (state ^ (state >> 27n)) * 0x94d049bb133111ebn);
  return (state ^ (state >> 31n)).toString(16).padStart(16, '0');
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
