/**
 * The header X-Amzn-Trace-Id: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;
 * Sampled=1`, in one line. Pure.
 * Source:
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */

export const TRACE_HEADER = 'x-amzn-trace-id';

export interface TraceContext {
  readonly traceId?: string;
  /** The id of the caller's segment or subsegment. */
  readonly parentId?: string;
  /** The caller's decision; undefined when it leaves it to us (`Sampled=?`, or nothing). */
  readonly isSampled?: boolean;
}

/** A longer header is not read. */
const HEADER_MAX = 2_048;

/**
 * Reads what a caller sent. A malformed Root makes a new trace, whose parent cannot be the
 * caller's, so Parent counts with Root only.
 */
export function parseTraceHeader(header: string | undefined): TraceContext {
  if (header === undefined || header.length > HEADER_MAX) return {};
  const values = new Map<string, string>();
  for (const part of header.split(';')) {
    const sign = part.indexOf('=');
    if (sign > 0) values.set(part.slice(0, sign).trim().toLowerCase(), part.slice(sign + 1).trim());
  }
  const root = values.get('root') ?? '';
  const parent = values.get('parent') ?? '';
  const sampled = values.get('sampled');
  const hasRoot = /^1-[\da-f]{8}-[\da-f]{24}$/i.test(root);
  return {
    ...(hasRoot ? { traceId: root } : {}),
    ...(hasRoot && /^[\da-f]{16}$/i.test(parent) ? { parentId: parent } : {}),
    ...(sampled === '0' || sampled === '1' ? { isSampled: sampled === '1' } : {}),
  };
}

/** The header for a callee, or with no parent for an answer. */
export function formatTraceHeader({
  traceId,
  parentId,
  isSampled,
}: TraceContext & { readonly traceId: string }): string {
  const parent = parentId === undefined ? '' : `;Parent=${parentId}`;
  return `Root=${traceId}${parent};Sampled=${isSampled === true ? '1' : '0'}`;
}
