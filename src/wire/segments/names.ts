/**
 * The name of a segment: that of the service, or of what is called, where a span's own name is that
 * of an operation; and its namespace.
 * Sources: contrib's exporter/awsxrayexporter/internal/translator/segment.go,
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import type { OtlpSpan } from '../otlp/trace-request.ts';
import { type SpanAttributes, readTextAttribute } from './attributes.ts';

const INVALID = /[^\p{L}\p{N}\s_.:/%&#=+\\\-@]/gu;
/** Characters, not bytes, so that no character is cut in two. */
const FIRST = /^[^]{1,200}/u;
const DEFAULT = 'span';

/** The name without what X-Ray refuses, of at most 200 characters. */
export function fixName(name: string): string {
  return FIRST.exec(name.replaceAll(INVALID, ''))?.[0] ?? DEFAULT;
}

export function isAwsSdkSpan(attributes: SpanAttributes): boolean {
  return readTextAttribute(attributes, 'rpc.system', 'rpc.system.name') === 'aws-api';
}

export function isLocalRoot(attributes: SpanAttributes): boolean {
  return attributes.get('aws.span.kind') === 'LOCAL_ROOT';
}

/** The service of AWS that is called, without the prefix that its SDKs write. */
export function trimSdkPrefix(name: string, attributes: SpanAttributes): string {
  return isAwsSdkSpan(attributes) ? name.replace(/^AWS(?:\.SDK\.|::)/, '') : name;
}

export interface Named {
  readonly name: string;
  readonly namespace: 'aws' | 'remote' | undefined;
}

export function chooseName(
  { kind, name: spanName }: Pick<OtlpSpan, 'kind' | 'name'>,
  attributes: SpanAttributes,
  resource: SpanAttributes,
): Named {
  const text = (...keys: string[]): string | undefined => readTextAttribute(attributes, ...keys);
  const isCall = kind === 'client' || kind === 'producer' || kind === 'consumer';
  const isLocal = kind === 'server' || (kind === 'internal' && isLocalRoot(attributes));
  const remote = isCall ? text('aws.remote.service') : undefined;
  const first =
    (isLocal ? text('aws.local.service') : undefined) ??
    (remote === undefined ? undefined : trimSdkPrefix(remote, attributes)) ??
    text('peer.service', 'service.peer.name');
  const awsService = first === undefined ? text('aws.service') : undefined;
  const name =
    first ??
    awsService ??
    nameDatabase(attributes) ??
    (kind === 'server' ? readTextAttribute(resource, 'service.name') : undefined) ??
    text('rpc.service', 'http.host', 'net.peer.name') ??
    (isCall ? text('server.address') : undefined) ??
    spanName;
  const isAws = isAwsSdkSpan(attributes) || awsService !== undefined;
  const isRemote = kind === 'client' || kind === 'producer';
  return { name: fixName(name), namespace: isAws ? 'aws' : isRemote ? 'remote' : undefined };
}

/** `orders@db.example.com`, of a database and the host in its connection string. */
function nameDatabase(attributes: SpanAttributes): string | undefined {
  const name = readTextAttribute(attributes, 'db.namespace', 'db.name');
  if (name === undefined) return undefined;
  const connection =
    readTextAttribute(attributes, 'db.connection_string')?.replace(/^jdbc:/, '') ?? '';
  const host = readHost(connection) ?? readTextAttribute(attributes, 'server.address');
  return host === undefined ? name : `${name}@${host}`;
}

/** The host of a URL of any scheme: `mysql://user@db.example.com:3306/orders`. */
function readHost(url: string): string | undefined {
  const authority = /^[a-z][a-z\d+.-]*:\/\/([^/?#;]*)/i.exec(url)?.[1];
  const host = authority?.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  return host === '' ? undefined : host;
}
