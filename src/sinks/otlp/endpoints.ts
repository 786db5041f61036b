/**
 * Where the requests of an otlp_write entry go, by signal, and how those are authenticated: checked
 * against the protocol, with defaults filled in.
 */
import { scopeOfHost } from '../../aws/endpoints.ts';
import type { HttpCredentials } from '../../kernel/http-credentials.ts';
import { findUrlFault } from '../../settings/url.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import { resolveSigv4 } from '../requests/sigv4.ts';
import type { SinkContext } from '../sink.ts';
import type { OtlpEndpoint, OtlpSettings } from './config.ts';
import type { OtlpInput } from './schema.ts';

const SIGNALS: readonly OtlpSignal[] = ['metrics', 'traces'];
const PATHS: Readonly<Record<OtlpSignal, string>> = {
  metrics: '/v1/metrics',
  traces: '/v1/traces',
};

/** Faults are reported; an endpoint with one is left out. */
export function resolveEndpoints(
  input: OtlpInput,
  credentials: HttpCredentials,
  context: SinkContext,
): OtlpSettings['endpoints'] {
  const { path, report } = context;
  if (input.protocol === 'grpc') return resolveGrpc(input, credentials, context);
  const endpoints: Partial<Record<OtlpSignal, OtlpEndpoint>> = {};
  for (const signal of SIGNALS) {
    const key = `${signal}_endpoint` as const;
    const own = input[key];
    const url = own ?? (input.endpoint && joinPath(input.endpoint, PATHS[signal]));
    if (url === undefined) continue;
    const at = [...path, own === undefined ? 'endpoint' : key];
    const fault = findUrlFault(own === undefined ? 'endpoint' : key, url);
    if (fault === undefined) endpoints[signal] = { url, ...authenticate(url) };
    else report.error(at, 'CONFIG_VALUE', fault);
    // Both signals have one endpoint: its fault is told once.
    if (fault !== undefined && own === undefined) break;
  }
  if (input.endpoint === undefined && input.metrics_endpoint === undefined)
    if (input.traces_endpoint === undefined)
      report.error(
        path,
        'CONFIG_VALUE',
        'an entry needs an "endpoint", a "metrics_endpoint" or a "traces_endpoint"',
      );
  return endpoints;

  function authenticate(url: string): Omit<OtlpEndpoint, 'url'> {
    if (input.sigv4 === undefined) return credentials;
    const service = input.sigv4.service_name ?? scopeOfHost(new URL(url).host)?.service;
    if (service === undefined)
      report.error(
        [...path, 'sigv4'],
        'CONFIG_VALUE',
        `sigv4 needs a "service_name": the host of ${new URL(url).host} does not tell it`,
      );
    const sigv4 = { ...input.sigv4, service_name: service };
    return { sigv4: resolveSigv4(sigv4, url, context) };
  }
}

function resolveGrpc(
  input: OtlpInput,
  credentials: HttpCredentials,
  { path, report }: SinkContext,
): OtlpSettings['endpoints'] {
  const { endpoint } = input;
  if (endpoint === undefined) {
    report.error(path, 'CONFIG_VALUE', 'an entry with "protocol: grpc" needs an "endpoint"');
    return {};
  }
  const url = makeOrigin(endpoint);
  if (url === undefined) {
    report.error(
      [...path, 'endpoint'],
      'CONFIG_VALUE',
      'expected host:port, http://host:port without TLS, or https://host:port',
    );
    return {};
  }
  return { metrics: { url, ...credentials }, traces: { url, ...credentials } };
}

/** Scheme and host, with TLS unless http:// says otherwise; undefined for what is none. */
function makeOrigin(text: string): string | undefined {
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const { protocol, host, pathname, search, username } = new URL(whole);
  const isPlain = pathname === '/' && search === '' && username === '' && host !== '';
  return isPlain && /^https?:$/.test(protocol) ? `${protocol}//${host}` : undefined;
}

/** The endpoint as a base, with or without a slash at its end. */
function joinPath(endpoint: string, path: string): string {
  return `${endpoint.replace(/\/+$/, '')}${path}`;
}
