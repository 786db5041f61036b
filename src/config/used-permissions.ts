/**
 * The permissions that the role of a task needs to run a plan: those of the features in use, and no
 * other. What is done with other credentials than the role's needs none.
 */
import { scopeOfHost } from '../aws/endpoints.ts';
import {
  findBrokers,
  findCaches,
  findDatabases,
  findInstances,
  findTasks,
  readEvents,
} from '../deploy/discovery-permissions.ts';
import {
  askForSampling,
  assumeRole,
  findByCloudMap,
  makeArn,
  makeLogGroup,
  mergeStatements,
  type PolicyStatement,
  readParameter,
  type ResourcePlace,
  sendMetrics,
  sendSegments,
  sendSpans,
  writeMetricEvents,
  writeSamples,
} from '../deploy/permissions.ts';
import type { DiscoveryEntry } from '../discovery/mechanisms.ts';
import type { AwsAccessInput } from '../settings/aws-access.ts';
import { resolveAwsAccess } from '../settings/aws-access.ts';
import type { CredentialOptions } from '../aws/credential-source.ts';
import type { EmfSettings } from '../sinks/emf/config.ts';
import type { OtlpEndpoint, OtlpSettings } from '../sinks/otlp/config.ts';
import type { RemoteWriteConfig } from '../sinks/remote-write/config.ts';
import type { XraySettings } from '../sinks/xray/config.ts';
import type { CollectorPlan, ForwarderPlan, SinkPlan } from './plan.ts';

/** @returns statements with unique names, each once */
export function permissionsOfPlan(plan: CollectorPlan, place: ResourcePlace): PolicyStatement[] {
  return mergeStatements([
    ...plan.sinks.flatMap((sink) => permissionsOfSink(sink, place)),
    ...permissionsOfDiscovery(plan, place),
    ...plan.forwarders.flatMap(permissionsOfForwarder),
  ]);
}

export function permissionsOfDiscovery(
  { sources }: Pick<CollectorPlan, 'sources'>,
  place: ResourcePlace,
): PolicyStatement[] {
  const entries = sources.flatMap(({ discovery }) => discovery.entries);
  return mergeStatements(entries.flatMap((entry) => permissionsOfEntry(entry, place)));
}

/** With keys, a profile or a token of their own, calls need nothing of the task's role. */
function throughRole(
  { accessKey, profile, roleArn, webIdentityTokenFile }: Partial<CredentialOptions>,
  statements: () => readonly PolicyStatement[],
): readonly PolicyStatement[] {
  if (accessKey !== undefined || profile !== undefined || webIdentityTokenFile !== undefined)
    return [];
  return roleArn === undefined ? statements() : [assumeRole(roleArn)];
}

function permissionsOfEntry(
  entry: DiscoveryEntry,
  place: ResourcePlace,
): readonly PolicyStatement[] {
  switch (entry.key) {
    case 'cloudmap_sd_configs': {
      const { namespaces_parameter: parameter } = entry.config;
      return ofEntry(entry.config, place, (at) => [
        findByCloudMap(),
        ...(parameter === undefined
          ? []
          : [readParameter(at, parameter, 'namespaces_parameter; without it no target')]),
      ]);
    }
    case 'amperage_ecs_sd_configs': {
      const { config } = entry;
      const isPrometheus = config.labels === 'prometheus';
      return ofEntry(config, place, (at) => [
        ...findTasks(at, config.clusters, {
          definitions: true,
          services: config.service_details || isPrometheus,
          interfaces: isPrometheus,
        }),
        ...eventsOf(config, at),
      ]);
    }
    case 'ecs_sd_configs':
      return ofEntry(entry.config, place, (at) => findAllOfTasks(at, entry.config.clusters));
    case 'ec2_sd_configs':
      return ofEntry(entry.config, place, (at) => [
        ...findInstances(),
        ...eventsOf(entry.config, at),
      ]);
    case 'msk_sd_configs':
      return ofEntry(entry.config, place, (at) => findBrokers(at, entry.config.clusters));
    case 'rds_sd_configs':
      return ofEntry(entry.config, place, (at) => findDatabases(at, entry.config.clusters));
    case 'elasticache_sd_configs':
      return ofEntry(entry.config, place, (at) => findCaches(at, entry.config.clusters));
    case 'aws_sd_configs': {
      const { role, clusters } = entry.config;
      return ofEntry(entry.config, place, (at) => {
        switch (role) {
          case 'ec2':
            return findInstances();
          case 'ecs':
            return findAllOfTasks(at, clusters);
          case 'elasticache':
            return findCaches(at, clusters);
          case 'msk':
            return findBrokers(at, clusters);
          case 'rds':
            return findDatabases(at, clusters);
        }
      });
    }
    default:
      return [];
  }
}

function ofEntry(
  config: AwsAccessInput,
  place: ResourcePlace,
  statements: (at: ResourcePlace) => readonly PolicyStatement[],
): readonly PolicyStatement[] {
  return throughRole(resolveAwsAccess(config), () =>
    statements({ ...place, region: config.region ?? place.region }),
  );
}

/** As Prometheus finds them: without their definitions. */
function findAllOfTasks(
  place: ResourcePlace,
  clusters: readonly string[] | undefined,
): PolicyStatement[] {
  return findTasks(place, clusters, { definitions: false, services: true, interfaces: true });
}

function eventsOf(
  { events_queue_url: url }: { readonly events_queue_url?: string | undefined },
  place: ResourcePlace,
): PolicyStatement[] {
  return url === undefined ? [] : [readEvents(place, url)];
}

/** Settings are those of the sink's kind: its own `resolve` has made them. */
function permissionsOfSink(
  { kind, settings }: SinkPlan,
  place: ResourcePlace,
): readonly PolicyStatement[] {
  switch (kind) {
    case 'remote_write':
      return writingSamples(settings as RemoteWriteConfig, place);
    case 'emf':
      return writingEvents(settings as EmfSettings, place);
    case 'xray':
      return sendingSegments(settings as XraySettings);
    case 'otlp':
      return Object.values((settings as OtlpSettings).endpoints).flatMap(sendingOtlp);
    default:
      return [];
  }
}

function writingSamples(
  { url, sigv4 }: RemoteWriteConfig,
  place: ResourcePlace,
): readonly PolicyStatement[] {
  if (sigv4 === undefined || (sigv4.serviceName ?? 'aps') !== 'aps') return [];
  const { host, pathname } = new URL(url);
  const id = /\/workspaces\/([^/]+)\//.exec(pathname)?.[1] ?? '*';
  const at = { ...place, region: scopeOfHost(host)?.region ?? sigv4.region };
  return throughRole(sigv4, () => [
    writeSamples({ workspace: makeArn(at, 'aps', `workspace/${id}`) }),
  ]);
}

function writingEvents(
  { destination, access, events, groups }: EmfSettings,
  place: ResourcePlace,
): readonly PolicyStatement[] {
  if (destination === 'stdout') return [];
  const group = events.logGroup === '' ? `/metrics/${events.namespace || '*'}` : events.logGroup;
  const pattern = group.replaceAll(/\{[^}]*\}/g, '*');
  const at = { ...place, region: access.region ?? place.region };
  return throughRole(access.credentials, () => [
    writeMetricEvents(at, pattern),
    makeLogGroup(at, pattern, {
      hasRetention: groups.retentionDays > 0,
      hasTags: Object.keys(groups.tags).length > 0,
    }),
  ]);
}

function sendingSegments({ access, spans, telemetry }: XraySettings): readonly PolicyStatement[] {
  return throughRole(access.credentials, () => [
    sendSegments({ hasTelemetry: telemetry.isSent, asOtlp: spans.form === 'otlp' }),
  ]);
}

function sendingOtlp({ url, sigv4 }: OtlpEndpoint): readonly PolicyStatement[] {
  if (sigv4 === undefined) return [];
  const service = sigv4.serviceName ?? scopeOfHost(new URL(url).host)?.service;
  return throughRole(sigv4, () => {
    if (service === 'xray') return [sendSpans()];
    return service === 'monitoring' ? [sendMetrics()] : [];
  });
}

function permissionsOfForwarder({ access }: ForwarderPlan): readonly PolicyStatement[] {
  if (access.service !== 'xray') return [];
  return throughRole(access.credentials, () => [askForSampling()]);
}
