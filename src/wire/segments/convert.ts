/**
 * A request of spans as segment documents of X-Ray.
 */
import type { TraceRequest } from '../otlp/trace-request.ts';
import { readSpanAttributes, stringifyDocument } from './attributes.ts';
import { makeSegments, type SpanSegment, type SegmentRules } from './segment.ts';

export interface Converted {
  readonly documents: readonly Buffer[];
  /** Spans whose ids are not valid, of which there is no document. */
  readonly invalid: number;
}

export function convertSpans(request: TraceRequest, rules: SegmentRules): Converted {
  const documents: Buffer[] = [];
  let invalid = 0;
  for (const segments of listSegments(request, rules)) {
    if (segments.length === 0) invalid += 1;
    for (const segment of segments) documents.push(Buffer.from(stringifyDocument(segment)));
  }
  return { documents, invalid };
}

/** For each span in order, its segments. */
export function* listSegments(
  { resourceSpans }: TraceRequest,
  rules: SegmentRules,
): Generator<readonly SpanSegment[]> {
  for (const { resource, scopeSpans } of resourceSpans) {
    const attributes = readSpanAttributes(resource?.attributes ?? []);
    for (const { spans } of scopeSpans)
      for (const span of spans) yield makeSegments(span, attributes, rules);
  }
}
