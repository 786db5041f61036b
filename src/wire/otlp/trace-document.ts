/**
 * Spans as a document of X-Ray: `T1S` and the base64 of an ExportTraceServiceRequest; `T1U` where
 * they are not sampled. X-Ray takes such documents of one resource each.
 * Sources: https://github.com/aws-observability/aws-otel-js-instrumentation, its UDP exporter;
 * https://github.com/amazon-contributing/opentelemetry-collector-contrib, its exporter awsxray
 */
import { WireError } from '../errors.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, tagOf } from '../protobuf/wire-format.ts';
import { TRACE_REQUEST, type TraceRequest } from './trace-request.ts';

export const SAMPLED = 'T1S';
export const UNSAMPLED = 'T1U';
const PREFIX_LENGTH = 3;

const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;
const ELEMENTS_MAX = 200_000;

/** Whether a document is of spans, sampled or not. */
export function isSpanDocument(document: Buffer): boolean {
  const start = document.toString('latin1', 0, PREFIX_LENGTH);
  return start === SAMPLED || start === UNSAMPLED;
}

export function isSampledSpans(document: Buffer): boolean {
  return document.toString('latin1', 0, PREFIX_LENGTH) === SAMPLED;
}

/**
 * The request within a document of spans, with fields that are newer than the tables.
 *
 * @returns  undefined for a document that is none of spans, or no base64 of a request
 */
export function readTraceDocument(document: Buffer): TraceRequest | undefined {
  if (!isSpanDocument(document)) return undefined;
  const encoded = document.toString('latin1', PREFIX_LENGTH).trim();
  if (!BASE64.test(encoded)) return undefined;
  try {
    const bytes = Buffer.from(encoded, 'base64');
    return decodeMessage(TRACE_REQUEST, bytes, { elementsMax: ELEMENTS_MAX, keepsUnknown: true });
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** A document of spans; of one resource, so that X-Ray takes it. */
export function writeTraceDocument(
  request: TraceRequest,
  prefix: typeof SAMPLED | typeof UNSAMPLED = SAMPLED,
): Buffer {
  const bytes = encodeMessage(TRACE_REQUEST, request);
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  return Buffer.from(prefix + encoded, 'latin1');
}

/** The length of a document of so many bytes of protobuf. */
export function measureTraceDocument(bytes: number): number {
  return PREFIX_LENGTH + 4 * Math.ceil(bytes / 3);
}

/**
 * The bytes of the request within a document of spans. Requests one behind the other are one
 * request of all of them, since its only field is repeated.
 */
export function readRequestBytes(document: Buffer): Buffer {
  return Buffer.from(document.toString('latin1', PREFIX_LENGTH), 'base64');
}

/** How many spans are in a request, without decoding them; undefined for what is none. */
export function countSpans(request: Uint8Array): number | undefined {
  const reader = new ProtoReader(request);
  const count = (fields: readonly number[]): number => {
    const [wanted, ...below] = fields;
    let spans = 0;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== wanted) reader.skip(tag);
      else if (below.length === 0) {
        reader.skip(tag);
        spans += 1;
      } else {
        const outer = reader.enter();
        spans += count(below);
        reader.leave(outer);
      }
    }
    return spans;
  };
  try {
    return count([tagOf(1, BYTES), tagOf(2, BYTES), tagOf(2, BYTES)]);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
