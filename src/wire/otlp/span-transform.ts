/**
 * The seam of transforms of spans: what a route of traces does to the spans of a resource on their
 * way. It stands beside the messages that it is about, since model/ knows no format.
 */
import type { OtlpResourceSpans } from './trace-request.ts';

export interface SpanTransform {
  /** Of the processor, for metrics. */
  readonly name: string;
  /** Equal for two transforms that do the same to all spans; made by `formatIdentity`. */
  readonly identity: string;
  /** The spans of a resource as they go on: the given ones where nothing changes. */
  change(spans: OtlpResourceSpans): OtlpResourceSpans;
}

/** How many spans there are of a resource. */
export function countSpansOf({ scopeSpans }: OtlpResourceSpans): number {
  return scopeSpans.reduce((sum, { spans }) => sum + spans.length, 0);
}
