/**
 * The spans in a segment document: a server span for the segment, a client span for each call and
 * each statement of a database, and an internal one for other subsegments. The attributes are those
 * of the semantic conventions. Pure.
 * Source: https://opentelemetry.io/docs/specs/semconv/ (http, database, aws-sdk)
 */
import type { SegmentDocument } from '../tracing/document.ts';

export type WrittenValue = string | number | boolean;
export type WrittenAttributes = Readonly<Record<string, WrittenValue | undefined>>;

export interface SpanValue {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: WrittenAttributes;
  /** Exceptions, told at the end of the span. */
  readonly events: readonly { readonly name: string; readonly attributes: WrittenAttributes }[];
  /** What went wrong, '' where it has no text; undefined where nothing did. */
  readonly error: string | undefined;
}

/** The id of a trace as W3C has it: `1-5759e988-bd86…` without its version and dashes. */
export function formatW3cTraceId(xrayId: string): string {
  return xrayId.slice(2).replace('-', '');
}

/** All spans of a document; none of a segment in progress, which is told again at its end. */
export function listSpans(document: SegmentDocument): readonly SpanValue[] {
  return collect(document, formatW3cTraceId(document.trace_id ?? ''), document.parent_id);
}

function collect(
  document: SegmentDocument,
  traceId: string,
  parentId: string | undefined,
): readonly SpanValue[] {
  const { id, end_time: end, start_time: start, subsegments = [] } = document;
  const inner = subsegments.flatMap((one) => collect(one, traceId, id));
  if (end === undefined) return inner;
  const kind = findKind(document);
  const span: SpanValue = {
    traceId,
    spanId: id,
    parentId,
    name: nameSpan(document, kind),
    kind,
    startMs: start * 1_000,
    endMs: end * 1_000,
    attributes: {
      ...describeHttp(document, kind),
      ...describeCall(document),
      ...document.annotations,
    },
    events: listExceptions(document).map(({ type, message }) => ({
      name: 'exception',
      attributes: { 'exception.type': type, 'exception.message': message },
    })),
    error: describeError(document, kind),
  };
  return [span, ...inner];
}

function findKind({ trace_id: id, type, namespace }: SegmentDocument): SpanValue['kind'] {
  if (namespace !== undefined) return 'client';
  return id !== undefined && type === undefined ? 'server' : 'internal';
}

function nameSpan({ name, http, aws, sql }: SegmentDocument, kind: SpanValue['kind']): string {
  const request = http?.request;
  if (kind === 'server' && request !== undefined)
    return `${request.method} ${new URL(request.url).pathname}`;
  if (typeof aws?.['operation'] === 'string') return `${name}.${aws['operation']}`;
  if (sql !== undefined) return 'SELECT cart_items';
  return kind === 'client' && request !== undefined ? request.method : name;
}

function describeHttp({ http }: SegmentDocument, kind: SpanValue['kind']): WrittenAttributes {
  const request = http?.request;
  const status = { 'http.response.status_code': http?.response?.status };
  if (request === undefined) return status;
  const url = new URL(request.url);
  const common = { 'http.request.method': request.method, ...status };
  if (kind === 'client')
    return { ...common, 'url.full': request.url, 'server.address': url.hostname };
  return {
    ...common,
    'url.path': url.pathname,
    'url.scheme': url.protocol.slice(0, -1),
    'client.address': request.client_ip,
    'user_agent.original': request.user_agent,
  };
}

function describeCall({ name, aws, sql, namespace }: SegmentDocument): WrittenAttributes {
  if (sql !== undefined)
    return {
      'db.system.name': sql['database_type']?.toLowerCase(),
      'db.query.text': sql['sanitized_query'],
      'server.address': name.split('@').at(-1),
    };
  if (namespace !== 'aws' || aws === undefined) return {};
  return {
    'rpc.system': 'aws-api',
    'rpc.service': name,
    'rpc.method': String(aws['operation']),
    'cloud.region': String(aws['region']),
    'aws.request_id': String(aws['request_id']),
  };
}

/** What the caller did wrong is no error of a server. */
function describeError(document: SegmentDocument, kind: SpanValue['kind']): string | undefined {
  const { fault, error } = document;
  const isError = fault === true || (error === true && kind !== 'server');
  return isError ? (listExceptions(document)[0]?.message ?? '') : undefined;
}

function listExceptions({ cause }: SegmentDocument) {
  return typeof cause === 'object' ? cause.exceptions : [];
}
