/**
 * Which exposition formats a scrape asks for, and which one a body is in. Pure.
 * Source: https://prometheus.io/docs/instrumenting/content_negotiation/,
 * prometheus/scrape/scrape.go (acceptHeader), prometheus/model/textparse/interface.go (New)
 */

/** The media type of each protocol, by its name in `scrape_protocols` of Prometheus. */
const MEDIA_TYPES = {
  PrometheusProto:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
} as const;

export type ScrapeProtocol = keyof typeof MEDIA_TYPES;
export const SCRAPE_PROTOCOLS = Object.keys(MEDIA_TYPES) as ScrapeProtocol[];

/** The protocols that are offered where native histograms are not wanted. */
export const DEFAULT_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

/** How a target is to write names that were illegal before UTF-8, in Prometheus' spelling. */
export const ESCAPING_SCHEMES = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;
export type EscapingScheme = (typeof ESCAPING_SCHEMES)[number];

/** Makes the Accept header: the protocols in order, each with less weight than the one before. */
export function acceptHeader(
  protocols: readonly ScrapeProtocol[],
  escaping: EscapingScheme,
): string {
  let weight = SCRAPE_PROTOCOLS.length + 1;
  const parts = protocols.map((protocol) => {
    const knowsEscaping = protocol.endsWith('Text1.0.0') || protocol === 'PrometheusProto';
    const scheme = knowsEscaping && protocol !== 'PrometheusProto' ? `;escaping=${escaping}` : '';
    return `${MEDIA_TYPES[protocol]}${scheme};q=0.${weight--}`;
  });
  return [...parts, `*/*;q=0.${weight}`].join(',');
}

export type ExpositionKind = 'text' | 'openmetrics' | 'protobuf';

const KINDS_MAX = 1_000;
const LENGTH_MAX = 256;
const kinds = new Map<string | undefined, ExpositionKind | undefined>();

/** The format that a body of this Content-Type is read in; undefined for an unknown type. */
export function parseContentType(contentType: string | undefined): ExpositionKind | undefined {
  // Targets send the same few values at every scrape, so they are parsed once.
  if (kinds.has(contentType)) return kinds.get(contentType);
  const kind = readKind(contentType);
  if ((contentType?.length ?? 0) > LENGTH_MAX) return kind;
  if (kinds.size >= KINDS_MAX) kinds.clear();
  kinds.set(contentType, kind);
  return kind;
}

function readKind(contentType: string | undefined): ExpositionKind | undefined {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim());
  switch (type.toLowerCase()) {
    case 'text/plain':
      return 'text';
    case 'application/openmetrics-text':
      return 'openmetrics';
    case 'application/vnd.google.protobuf': {
      const given = new Map(parameters.map((part) => splitParameter(part)));
      const isFamily = given.get('proto') === 'io.prometheus.client.MetricFamily';
      return isFamily && given.get('encoding') === 'delimited' ? 'protobuf' : undefined;
    }
    default:
      return undefined;
  }
}

/** The format that a body of this protocol is read in. */
export function kindOfProtocol(protocol: ScrapeProtocol): ExpositionKind {
  if (protocol === 'PrometheusProto') return 'protobuf';
  return protocol.startsWith('OpenMetrics') ? 'openmetrics' : 'text';
}

/**
 * Which format to serve for an Accept header: OpenMetrics only where it has at least the weight of
 * text.
 */
export function wantedFormat(accept: string | undefined): 'text' | 'openmetrics' {
  let text = 0;
  let openMetrics = 0;
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const given = new Map(parameters.map((parameter) => splitParameter(parameter)));
    const weight = given.has('q') ? Number(given.get('q')) : 1;
    const version = given.get('version');
    const isKnown = version === undefined || version === '1.0.0' || version === '0.0.1';
    if (type === 'application/openmetrics-text' && isKnown)
      openMetrics = Math.max(openMetrics, weight);
    else if (type === 'text/plain' || type === 'text/*') text = Math.max(text, weight);
  }
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text';
}

function splitParameter(text: string): [string, string] {
  const equal = text.indexOf('=');
  return [
    text.slice(0, equal).trim().toLowerCase(),
    text
      .slice(equal + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1'),
  ];
}
