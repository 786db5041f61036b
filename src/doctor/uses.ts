/**
 * What a plan reaches by network, but for its scrape targets: each receiver and each service of
 * AWS, with the place in the configuration that asks for it.
 */
import type { CredentialOptions } from '../aws/credential-source.ts';
import { scopeOfHost } from '../aws/endpoints.ts';
import type { ServiceAccess } from '../aws/service-client.ts';
import type { CollectorPlan, SinkPlan } from '../config/plan.ts';
import type { DiscoveryEntry } from '../discovery/mechanisms.ts';
import type { HttpConnection } from '../kernel/http-connection.ts';
import { type AwsAccessInput, resolveAwsAccess } from '../settings/aws-access.ts';
import type { EmfSettings } from '../sinks/emf/config.ts';
import type { OtlpSettings } from '../sinks/otlp/config.ts';
import type { RemoteWriteConfig } from '../sinks/remote-write/config.ts';
import type { XraySettings } from '../sinks/xray/config.ts';

/** A service of AWS, and with whose credentials it is asked. */
export interface AwsUse {
  /** Its name in signatures. */
  readonly service: string;
  /** Undefined: that of the place where the collector runs. */
  readonly region: string | undefined;
  /** Undefined: that of service and region. */
  readonly endpoint: string | undefined;
  readonly credentials: CredentialOptions;
}

export interface Use {
  /** For people: `remote_write "amp"`. */
  readonly what: string;
  /** `file:line:column`. */
  readonly where: string;
  /** Where requests go, whole; undefined where only the service is known. */
  readonly url: string | undefined;
  /** Undefined where requests are not signed. */
  readonly aws: AwsUse | undefined;
  readonly connection: HttpConnection | undefined;
  /** The sink's settings, for remote write. */
  readonly remoteWrite?: RemoteWriteConfig;
}

export function listNetworkUses({ sinks, sources, forwarders }: CollectorPlan): readonly Use[] {
  return [
    ...sinks.flatMap(listOfSink),
    ...sources.flatMap(({ id, discovery, position }) =>
      discovery.entries.flatMap((entry) => listOfEntry(entry, `job "${id}"`, position)),
    ),
    ...forwarders.map(({ id, access }) => ofAccess(access, `proxy "${id}"`, '')),
  ];
}

function listOfSink({ kind, name, position: where, settings }: SinkPlan): readonly Use[] {
  const what = `${kind} "${name}"`;
  switch (kind) {
    case 'remote_write': {
      const remoteWrite = settings as RemoteWriteConfig;
      const { url, sigv4, connection } = remoteWrite;
      const aws = sigv4 && {
        service: sigv4.serviceName ?? 'aps',
        region: sigv4.region,
        endpoint: undefined,
        credentials: { ...sigv4, region: sigv4.stsRegion ?? sigv4.region },
      };
      return [{ what, where, url, aws, connection, remoteWrite }];
    }
    case 'otlp': {
      const { endpoints, connection } = settings as OtlpSettings;
      return Object.values(endpoints).map(({ url, sigv4 }) => ({
        what,
        where,
        url,
        connection,
        aws: sigv4 && {
          service: sigv4.serviceName ?? scopeOfHost(new URL(url).host)?.service ?? '',
          region: sigv4.region,
          endpoint: undefined,
          credentials: { ...sigv4, region: sigv4.stsRegion ?? sigv4.region },
        },
      }));
    }
    case 'emf': {
      const { access, destination } = settings as EmfSettings;
      return destination === 'stdout' ? [] : [ofAccess(access, what, where)];
    }
    case 'xray':
      return [ofAccess((settings as XraySettings).access, what, where)];
    default:
      return [];
  }
}

function ofAccess(access: ServiceAccess, what: string, where: string): Use {
  const { service, region, endpoint, credentials, connection } = access;
  const aws = { service, region, endpoint, credentials: { ...credentials, region } };
  return { what, where, url: undefined, aws, connection };
}

const SERVICES_OF_ROLES = {
  ecs: ['ecs', 'ec2'],
  ec2: ['ec2'],
  elasticache: ['elasticache'],
  msk: ['kafka'],
  rds: ['rds'],
} as const;

/** The services that a mechanism asks, the first one without which it finds nothing. */
function servicesOf(entry: DiscoveryEntry): readonly string[] {
  switch (entry.key) {
    case 'cloudmap_sd_configs':
      return entry.config.namespaces_parameter === undefined
        ? ['servicediscovery']
        : ['servicediscovery', 'ssm'];
    case 'amperage_ecs_sd_configs':
    case 'ecs_sd_configs':
      return ['ecs', 'ec2'];
    case 'ec2_sd_configs':
      return ['ec2'];
    case 'msk_sd_configs':
      return ['kafka'];
    case 'rds_sd_configs':
      return ['rds'];
    case 'elasticache_sd_configs':
      return ['elasticache'];
    case 'aws_sd_configs':
      return SERVICES_OF_ROLES[entry.config.role];
    default:
      return [];
  }
}

function listOfEntry(entry: DiscoveryEntry, job: string, where: string): readonly Use[] {
  const config = entry.config as AwsAccessInput & { readonly endpoint?: string | undefined };
  return servicesOf(entry).map((service) => ({
    what: `${entry.key} of ${job}`,
    where,
    url: undefined,
    connection: undefined,
    aws: {
      service,
      region: config.region,
      endpoint: scopeOfEndpoint(config.endpoint, service),
      credentials: { ...resolveAwsAccess(config), region: config.region },
    },
  }));
}

/** A host of AWS serves its own service only. */
function scopeOfEndpoint(endpoint: string | undefined, service: string): string | undefined {
  if (endpoint === undefined) return undefined;
  const scope = scopeOfHost(new URL(endpoint).host);
  return scope === undefined || scope.service === service ? endpoint : undefined;
}
