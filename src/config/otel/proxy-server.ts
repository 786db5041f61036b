/**
 * The keys of the Collector's proxy to an AWS service, which the receiver `awsxray` and the
 * extension `awsproxy` share, as a forwarder. As there, every request that reaches it is signed
 * with the credentials of the process.
 * Source: contrib's internal/aws/proxy/{cfg,conn,server}.go
 */
import * as z from 'zod';
import { isRegion } from '../../aws/endpoints.ts';
import { awsAccessShape } from '../../settings/aws-access.ts';
import { connectionShape, resolveConnectionToAws } from '../../settings/connection.ts';
import { type ConfigPath, relocated, type Reporter } from '../../settings/finding.ts';
import { ignored } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema, textSchema } from '../../settings/text.ts';
import { findUrlFault } from '../../settings/url.ts';
import { XRAY_PATHS } from '../../xray/forwarder.ts';
import { readEndpointVariant } from '../endpoint-variant.ts';
import type { ForwarderPlan } from '../plan.ts';
import { parseValue } from '../reading.ts';
import { resolveClientProxy } from './client-proxy.ts';
import type { ComponentContext } from './component.ts';
import { exporterTlsSchema } from './exporter-schema.ts';
import { resolveExporterTls, TLS_KEYS } from './exporter-tls.ts';
import { resolveEndpoint } from './server-settings.ts';

export const PROXY_ENDPOINT_DEFAULT = 'localhost:2000';
const SERVICE_DEFAULT = 'xray';

export const proxyServerShape = {
  endpoint: textSchema.optional().meta({
    description: 'Address to listen on by TCP, host:port.',
    default: PROXY_ENDPOINT_DEFAULT,
  }),
  dialer: ignored('Has no effect, as in the Collector: nothing is dialled to listen.'),
  proxy_address: presentSchema.describe(
    'HTTP proxy through which AWS is reached; those of HTTPS_PROXY and NO_PROXY by default.',
  ),
  tls: exporterTlsSchema
    .extend({
      insecure: switchSchema.optional().meta({
        description: 'Takes any certificate of AWS, as insecure_skip_verify does.',
        default: false,
      }),
    })
    .optional()
    .describe('TLS of the connections to AWS. The Collector takes no key but insecure.'),
  region: awsAccessShape.region,
  role_arn: awsAccessShape.role_arn,
  aws_endpoint: presentSchema.describe(
    'URL of the service: scheme, host and port; made of service and region by default.',
  ),
  local_mode: switchSchema.optional().meta({
    description: 'Whether instance metadata is not asked for the region.',
    default: false,
  }),
  service_name: presentSchema.meta({
    description: 'Service that is signed for, and whose endpoint is asked.',
    default: SERVICE_DEFAULT,
  }),
};

const schema = z.strictObject(proxyServerShape);

export interface ForwardingScope {
  readonly id: string;
  /** Whether every request is forwarded, and not only those of X-Ray's SDKs. */
  readonly forwardsAll: boolean;
}

/** Undefined where it can't be done; the findings then say why. */
export function resolveProxyServer(
  input: z.output<typeof schema>,
  { id, forwardsAll }: ForwardingScope,
  context: Omit<ComponentContext, 'name'>,
): ForwarderPlan | undefined {
  const { at, report, reading } = context;
  const { region, aws_endpoint: endpoint, service_name: service = SERVICE_DEFAULT } = input;
  if (input.dialer !== undefined)
    report.warn([...at, 'dialer'], 'dialer has no effect, as in the Collector', 'key');
  if (region !== undefined && !isRegion(region))
    report.error([...at, 'region'], 'CONFIG_VALUE', `"${region}" is no region of AWS`);
  const fault = endpoint === undefined ? undefined : findEndpointFault(endpoint);
  if (fault !== undefined) report.error([...at, 'aws_endpoint'], 'CONFIG_VALUE', fault);
  const listenAt = [...at, 'endpoint'];
  const listen = resolveEndpoint(input.endpoint ?? PROXY_ENDPOINT_DEFAULT, listenAt, report);
  const connection = resolveUpstream(input, context);
  if (listen === undefined || connection === 'faulty' || fault !== undefined) return undefined;
  return {
    id,
    listen,
    listenFlag: `endpoint of ${id}`,
    access: {
      service,
      region,
      endpoint: endpoint && new URL(endpoint).origin,
      isLocal: input.local_mode ?? false,
      credentials: { roleArn: input.role_arn },
      connection,
      ...(endpoint === undefined ? readEndpointVariant(reading.env) : {}),
    },
    paths: forwardsAll || service !== SERVICE_DEFAULT ? undefined : XRAY_PATHS,
    keepsSampling: service === SERVICE_DEFAULT,
  };
}

function findEndpointFault(endpoint: string): string | undefined {
  const fault = findUrlFault('aws_endpoint', endpoint);
  if (fault !== undefined) return fault;
  const { pathname, search } = new URL(endpoint);
  return pathname === '/' && search === ''
    ? undefined
    : 'aws_endpoint has a path or query, which no request would get; write scheme, host and port';
}

/** TLS and a proxy of connections to AWS. */
function resolveUpstream(
  { tls, proxy_address: proxy }: z.output<typeof schema>,
  { at, baseDirectory, report, reading }: Omit<ComponentContext, 'name'>,
) {
  const { insecure, ...rest } = tls ?? {};
  const skips = insecure === true ? { insecure_skip_verify: true } : {};
  const written = {
    ...resolveExporterTls({ ...rest, ...skips }, [...at, 'tls'], report),
    ...resolveClientProxy(proxy, reading.env),
  };
  const moved = moveFindings(report, at);
  const parsed = parseValue(z.strictObject(connectionShape), written, {
    allowsPartial: false,
    report: moved,
  });
  if (parsed === undefined) return 'faulty';
  return resolveConnectionToAws(parsed.data, { path: [], baseDirectory, report: moved });
}

/** Findings of `connectionShape` are told at the Collector's keys. */
function moveFindings(report: Reporter, at: ConfigPath): Reporter {
  return relocated(report, ([key, inner, ...rest]) => {
    if (key !== 'tls_config') return [...at, 'proxy_address'];
    const below = inner === undefined ? [] : [TLS_KEYS[inner] ?? inner, ...rest];
    return [...at, 'tls', ...below];
  });
}
