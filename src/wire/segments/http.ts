/**
 * The `http` block of a segment, of attributes under their old and new names.
 * Sources: contrib's exporter/awsxrayexporter/internal/translator/http.go,
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
import { isIP } from './address.ts';
import {
  type SpanAttributes,
  dropAbsent,
  type SegmentMembers,
  readTextAttribute,
  readWhole,
} from './attributes.ts';

/** Attributes that say a span is of HTTP. */
const HTTP = [
  'http.method', 'http.request.method', 'http.client_ip', 'http.user_agent', 'user_agent.original',
  'http.status_code', 'http.response.status_code', 'http.url', 'url.full', 'http.scheme',
  'url.scheme', 'http.host', 'http.target', 'http.server_name', 'net.host.port', 'url.path',
  'url.query',
]; // prettier-ignore

/** Attributes that go into the block where a span is of HTTP, and are none of its metadata. */
const CONSUMED: ReadonlySet<string> = new Set([
  ...HTTP, 'host.name', 'net.host.name', 'net.peer.name', 'net.peer.port', 'net.peer.ip',
  'network.peer.address', 'client.address', 'server.address', 'server.port',
]); // prettier-ignore

/** Those that tell the host of a URL. */
const ADDRESSES = [
  'http.url', 'url.full', 'http.host', 'http.server_name', 'host.name', 'net.host.name',
  'net.peer.name', 'net.peer.ip', 'server.address',
]; // prettier-ignore

export interface HttpOfSpan {
  /** Undefined where the span is not of HTTP. */
  readonly block: SegmentMembers | undefined;
  /** The attributes that are not in it. */
  readonly rest: SpanAttributes;
}

/**
 * @param events  attributes of the span's events, which may tell the size of the response
 */
export function describeHttp(
  attributes: SpanAttributes,
  { isServer, events }: { readonly isServer: boolean; readonly events: readonly SpanAttributes[] },
): HttpOfSpan {
  const rest = new Map([...attributes].filter(([key]) => !CONSUMED.has(key)));
  if (!HTTP.some((key) => attributes.has(key))) return { block: undefined, rest };
  const peer = readPeer(attributes);
  const own =
    readAddress(attributes, 'client.address') ?? readTextAttribute(attributes, 'http.client_ip');
  const clientIp = own ?? peer;
  const request = dropAbsent({
    method: readTextAttribute(attributes, 'http.request.method', 'http.method'),
    url: readUrl(attributes, isServer),
    user_agent: readTextAttribute(attributes, 'user_agent.original', 'http.user_agent'),
    client_ip: clientIp,
    x_forwarded_for: clientIp !== undefined && peer === undefined ? true : undefined,
  });
  const response = dropAbsent({
    status: readWhole(attributes, 'http.response.status_code', 'http.status_code'),
    content_length: readResponseSize(attributes, events),
  });
  return { block: dropAbsent({ request, response }), rest };
}

function readPeer(attributes: SpanAttributes): string | undefined {
  return (
    readAddress(attributes, 'network.peer.address') ?? readTextAttribute(attributes, 'net.peer.ip')
  );
}

function readAddress(attributes: SpanAttributes, key: string): string | undefined {
  const text = readTextAttribute(attributes, key);
  return text !== undefined && isIP(text) ? text : undefined;
}

function readUrl(attributes: SpanAttributes, isServer: boolean): string | undefined {
  const whole = readTextAttribute(attributes, 'url.full', 'http.url');
  if (whole !== undefined) return whole;
  if (!ADDRESSES.some((key) => attributes.has(key)) && readPeer(attributes) === undefined)
    return undefined;
  const scheme = readTextAttribute(attributes, 'url.scheme', 'http.scheme') ?? 'http';
  const host = readTextAttribute(attributes, 'http.host');
  const [name, port] = isServer
    ? [
        readTextAttribute(
          attributes,
          'http.server_name',
          'net.host.name',
          'host.name',
          'server.address',
        ),
        readWhole(attributes, 'net.host.port', 'server.port'),
      ]
    : [
        readTextAttribute(attributes, 'net.peer.name', 'net.peer.ip', 'server.address'),
        readWhole(attributes, 'net.peer.port', 'server.port'),
      ];
  const isUsual =
    port === undefined ||
    (scheme === 'http' && port === 80) ||
    (scheme === 'https' && port === 443);
  const authority = host ?? `${name ?? ''}${isUsual ? '' : `:${port}`}`;
  return `${scheme}://${authority}${readTarget(attributes)}`;
}

function readTarget(attributes: SpanAttributes): string {
  const target = readTextAttribute(attributes, 'http.target');
  if (target !== undefined) return target;
  const path = readTextAttribute(attributes, 'url.path') ?? '/';
  const query = readTextAttribute(attributes, 'url.query');
  if (query === undefined) return path;
  return `${path}${query.startsWith('?') ? '' : '?'}${query}`;
}

function readResponseSize(
  attributes: SpanAttributes,
  events: readonly SpanAttributes[],
): number | undefined {
  const size = readWhole(attributes, 'http.response.body.size', 'http.response_content_length');
  if (size !== undefined) return size;
  for (const one of [attributes, ...events]) {
    if (one.get('message.type') !== 'RECEIVED') continue;
    const received = readWhole(one, 'messaging.message_payload_size_bytes');
    if (received !== undefined && received > 0) return received;
  }
  return undefined;
}
