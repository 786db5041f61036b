/**
 * Segment documents that are OTLP: `T1S` (sampled) or `T1U` (unsampled) and the base64 of an
 * ExportTraceServiceRequest. Each span becomes what the sink makes of it where it sends segments,
 * so that a trace looks the same in both forms.
 */
import { readTraceDocument } from '../../wire/otlp/trace-document.ts';
import { TRACE_REQUEST, type TraceRequest } from '../../wire/otlp/trace-request.ts';
import { decodeMessage } from '../../wire/protobuf/decode.ts';
import {
  readSpanAttributes,
  readTexts,
  stringifyDocument,
} from '../../wire/segments/attributes.ts';
import { makeSegments } from '../../wire/segments/segment.ts';
import type { JsonObject } from './entity.ts';

/** Whether a document is OTLP. */
export const OTLP_DOCUMENT = /^T1[SU]/;

/** Attributes of a resource by which the sender says what is to be indexed. */
const INDEX_ALL = 'aws.xray.exporter.config.index_all_attributes';
const INDEXED = 'aws.xray.exporter.config.indexed_attributes';

/** Of a request of 5 MB. */
const REQUEST_ELEMENTS_MAX = 2_000_000;

export interface OtlpDocument {
  readonly isSampled: boolean;
  /** In the form of X-Ray's documents. */
  readonly segments: readonly JsonObject[];
}

/** @returns undefined for a text that is no base64 of a request */
export function readOtlpDocument(text: string): OtlpDocument | undefined {
  const request = readTraceDocument(Buffer.from(text));
  if (request === undefined) return undefined;
  return { isSampled: text.startsWith('T1S'), segments: listSegments(request) };
}

/** The segments of a request's spans, in order. @throws WireError */
export function readOtlpRequest(bytes: Uint8Array): readonly JsonObject[] {
  return listSegments(decodeMessage(TRACE_REQUEST, bytes, { elementsMax: REQUEST_ELEMENTS_MAX }));
}

function listSegments({ resourceSpans }: TraceRequest): readonly JsonObject[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const attributes = readSpanAttributes(resource?.attributes ?? []);
    const indexing = {
      all: attributes.get(INDEX_ALL) === true,
      attributes: readTexts(attributes.get(INDEXED)),
    };
    attributes.delete(INDEX_ALL);
    attributes.delete(INDEXED);
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .flatMap((span): readonly JsonObject[] => {
        const made = makeSegments(span, attributes, { indexing, logGroups: [] });
        if (made.length > 0) return made;
        // What is wrong with its ids is judged as it is of a segment.
        const traceId = toHex(span.traceId);
        const trace_id = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
        return [{ id: toHex(span.spanId), trace_id, name: span.name }];
      })
      .map((segment) => JSON.parse(stringifyDocument(segment)) as JsonObject);
  });
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
