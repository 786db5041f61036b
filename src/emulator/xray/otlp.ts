/**
 * Segment documents that are OTLP: `T1S` (sampled) or `T1U` (unsampled) and the base64 of an
 * ExportTraceServiceRequest. Each span becomes a segment or a subsegment, as far as it takes to
 * look at it. Left out: events with exceptions, links, SQL, the `aws` block.
 * Source of the prefixes:
 * https://github.com/aws-observability/aws-otel-js-instrumentation, its UDP exporter
 */
import { WireError } from '../../wire/errors.ts';
import type { AnyValue, KeyValue, OtlpSpan } from '../../wire/otlp/trace-request.ts';
import { TRACE_REQUEST } from '../../wire/otlp/trace-request.ts';
import { decodeMessage } from '../../wire/protobuf/decode.ts';
import type { JsonObject } from './entity.ts';

/** Whether a document is OTLP. */
export const OTLP_DOCUMENT = /^T1[SU]/;

const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;
const NAME_START = /^[^]{1,200}/u;
const DOCUMENT_ELEMENTS_MAX = 20_000;
/** Of 5 MB. */
const REQUEST_ELEMENTS_MAX = 2_000_000;

export interface OtlpDocument {
  readonly isSampled: boolean;
  /** In the form of X-Ray's documents. */
  readonly segments: readonly JsonObject[];
}

/** @returns undefined for a text that is no base64 of a request */
export function readOtlpDocument(text: string): OtlpDocument | undefined {
  const encoded = text.slice(3).trim();
  if (!BASE64.test(encoded)) return undefined;
  try {
    const bytes = Buffer.from(encoded, 'base64');
    return {
      isSampled: text.startsWith('T1S'),
      segments: readSegments(bytes, DOCUMENT_ELEMENTS_MAX),
    };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The segments of a request's spans, in order. @throws WireError */
export function readOtlpRequest(bytes: Uint8Array): readonly JsonObject[] {
  return readSegments(bytes, REQUEST_ELEMENTS_MAX);
}

function readSegments(bytes: Uint8Array, elementsMax: number): readonly JsonObject[] {
  const { resourceSpans } = decodeMessage(TRACE_REQUEST, bytes, { elementsMax });
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const attributes = readAttributes(resource?.attributes ?? []);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => makeSegment(span, attributes)));
  });
}

type Attributes = ReadonlyMap<string, unknown>;

function makeSegment(span: OtlpSpan, resource: Attributes): JsonObject {
  const attributes = readAttributes(span.attributes);
  const parentId = toHex(span.parentSpanId);
  const isSegment = parentId === '' || span.kind === 'server';
  const traceId = toHex(span.traceId);
  const isRemote = span.kind === 'client' || span.kind === 'producer';
  const status = readNumber(attributes, 'http.response.status_code', 'http.status_code');
  return dropAbsent({
    id: toHex(span.spanId),
    trace_id: `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`,
    parent_id: parentId === '' ? undefined : parentId,
    type: isSegment ? undefined : 'subsegment',
    name: chooseName(span, { isSegment, isRemote, attributes, resource }),
    namespace: !isSegment && isRemote ? 'remote' : undefined,
    origin: isSegment ? chooseOrigin(resource) : undefined,
    start_time: toSeconds(span.startUnixNano),
    end_time: toSeconds(span.endUnixNano),
    ...judgeStatus(span.status?.code === 'error', status),
    http: describeHttp(attributes, status),
    ...splitAttributes(attributes, resource),
  });
}

function chooseName(
  span: OtlpSpan,
  where: {
    readonly isSegment: boolean;
    readonly isRemote: boolean;
    readonly attributes: Attributes;
    readonly resource: Attributes;
  },
): string {
  const { isSegment, isRemote, attributes, resource } = where;
  const service = readText(resource, 'service.name');
  const peer = readText(attributes, 'peer.service', 'server.address', 'http.host', 'net.peer.name');
  const name = isSegment ? service : isRemote ? peer : undefined;
  const cleaned = (name ?? span.name).replaceAll(/[^\p{L}\p{N}\s_.:/%&#=+\\\-@]/gu, '');
  return NAME_START.exec(cleaned)?.[0] ?? 'span';
}

/** The kind of resource that an application runs on. */
function chooseOrigin(resource: Attributes): string | undefined {
  switch (readText(resource, 'cloud.platform')) {
    case 'aws_ecs': {
      const launchType = readText(resource, 'aws.ecs.launchtype')?.toLowerCase();
      if (launchType === 'fargate') return 'AWS::ECS::Fargate';
      return launchType === 'ec2' ? 'AWS::ECS::EC2' : 'AWS::ECS::Container';
    }
    case 'aws_ec2':
      return 'AWS::EC2::Instance';
    case 'aws_eks':
      return 'AWS::EKS::Container';
    case 'aws_elastic_beanstalk':
      return 'AWS::ElasticBeanstalk::Environment';
    default:
      return undefined;
  }
}

/** A failed span without an error of the client is a fault. */
function judgeStatus(hasFailed: boolean, status: number | undefined): JsonObject {
  const isClientError = status !== undefined && status >= 400 && status < 500;
  const isServerError = status !== undefined && status >= 500;
  return {
    error: isClientError || undefined,
    throttle: status === 429 || undefined,
    fault: isServerError || (hasFailed && !isClientError) || undefined,
  };
}

function describeHttp(attributes: Attributes, status: number | undefined): JsonObject | undefined {
  const request = dropAbsent({
    method: readText(attributes, 'http.request.method', 'http.method'),
    url: readText(attributes, 'url.full', 'http.url', 'http.target', 'url.path'),
    user_agent: readText(attributes, 'user_agent.original', 'http.user_agent'),
    client_ip: readText(attributes, 'client.address', 'http.client_ip'),
  });
  const isEmpty = Object.keys(request).length === 0;
  if (isEmpty && status === undefined) return undefined;
  return dropAbsent({
    request: isEmpty ? undefined : request,
    response: status === undefined ? undefined : { status },
  });
}

/** Attributes that are to be indexed become annotations, all others metadata. */
function splitAttributes(attributes: Attributes, resource: Attributes): JsonObject {
  const indexed = new Set(
    [
      attributes.get('aws.xray.annotations'),
      resource.get('aws.xray.exporter.config.indexed_attributes'),
    ].flat(),
  );
  const annotations: Record<string, unknown> = {};
  const metadata: Record<string, unknown> = {};
  for (const [key, value] of attributes)
    if (indexed.has(key)) annotations[key.replaceAll(/[^\w.]/g, '_')] = value;
    else if (key !== 'aws.xray.annotations') metadata[key] = value;
  return {
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
    metadata: Object.keys(metadata).length === 0 ? undefined : { default: metadata },
  };
}

function readAttributes(list: readonly KeyValue[]): Attributes {
  return new Map(list.map(({ key, value }) => [key, readValue(value)]));
}

function readValue(any: AnyValue | undefined): unknown {
  const value = any?.value;
  if (value === undefined) return null;
  switch (value.is) {
    case 'list':
      return value.value.values.map(readValue);
    case 'map':
      return Object.fromEntries(value.value.values.map((one) => [one.key, readValue(one.value)]));
    case 'bytes':
      return Buffer.from(value.value).toString('base64');
    default:
      return value.value;
  }
}

function readText(attributes: Attributes, ...keys: string[]): string | undefined {
  return keys
    .map((key) => attributes.get(key))
    .find((value): value is string => typeof value === 'string' && value !== '');
}

function readNumber(attributes: Attributes, ...keys: string[]): number | undefined {
  return keys.map((key) => attributes.get(key)).find((value) => typeof value === 'number');
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function toSeconds(nanos: bigint): number | undefined {
  return nanos === 0n ? undefined : Number(nanos / 1_000n) / 1e6;
}

function dropAbsent(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
