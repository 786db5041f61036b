/**
 * The calls for instances of Cloud Map services and their health: those of the control plane, and
 * those of discovery.
 */
import {
  type ActionHandler,
  AwsError,
  type AwsInput,
  cutListPage,
  requireText,
} from '../service.ts';
import type { CloudMapStore, StoredService } from './store.ts';

const INSTANCES_MAX = 1_000;
const DISCOVERED_MAX = 1_000;

/** Registers and lists instances. A list shows each change at once. */
export function instanceActions(store: CloudMapStore): Record<string, ActionHandler> {
  return {
    RegisterInstance: (input) => {
      const service = store.serviceOf(requireText(input, 'ServiceId'));
      const id = requireText(input, 'InstanceId');
      if (!service.instances.has(id) && service.instances.size >= INSTANCES_MAX)
        throw new AwsError(
          'ResourceLimitExceeded',
          `at most ${INSTANCES_MAX} instances in a service`,
        );
      service.revision += 1;
      service.instances.set(id, { ...(input['Attributes'] as Record<string, string> | undefined) });
      return store.addOperation('REGISTER_INSTANCE', { INSTANCE: id, SERVICE: service.Id });
    },
    DeregisterInstance: (input) => {
      const service = store.serviceOf(requireText(input, 'ServiceId'));
      const id = requireText(input, 'InstanceId');
      if (!service.instances.delete(id)) throw refuseUnknownInstance(id);
      service.health.delete(id);
      service.revision += 1;
      return store.addOperation('DEREGISTER_INSTANCE', { INSTANCE: id, SERVICE: service.Id });
    },
    ListInstances: (input) => {
      const { instances, ResourceOwner } = store.serviceOf(requireText(input, 'ServiceId'));
      const all = [...instances].map(([Id, Attributes]) => ({ Id, Attributes }));
      const { page, ...more } = cutListPage(all, input);
      return { Instances: page, ResourceOwner, ...more };
    },
    GetInstance: (input) => {
      const id = requireText(input, 'InstanceId');
      const { instances, ResourceOwner } = store.serviceOf(requireText(input, 'ServiceId'));
      const Attributes = instances.get(id);
      if (Attributes === undefined) throw refuseUnknownInstance(id);
      return { Instance: { Id: id, Attributes }, ResourceOwner };
    },
    UpdateInstanceCustomHealthStatus: (input) => {
      const service = store.serviceOf(requireText(input, 'ServiceId'));
      const id = requireText(input, 'InstanceId');
      if (!service.instances.has(id)) throw refuseUnknownInstance(id);
      if (service.HealthCheckCustomConfig === undefined)
        throw new AwsError('CustomHealthNotFound', 'the service has no custom health check');
      service.health.set(id, requireText(input, 'Status'));
      return {};
    },
    GetInstancesHealthStatus: (input) => {
      const service = store.serviceOf(requireText(input, 'ServiceId'));
      if (!hasHealthCheck(service))
        throw new AwsError('InvalidInput', 'the service has no health check');
      const { page, ...more } = cutListPage([...service.instances.keys()], input);
      return {
        Status: Object.fromEntries(page.map((id) => [id, readHealth(service, id)])),
        ...more,
      };
    },
  };
}

/**
 * Discovery returns instances in random order and without list pages, and does not say that
 * MaxResults has cut the answer short. For a service without a health check HealthStatus is
 * ignored.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html
 */
export function discoveryActions(store: CloudMapStore): Record<string, ActionHandler> {
  return {
    DiscoverInstances: (input) => {
      const service = store.findByNames(input);
      const most = Number(input['MaxResults'] ?? 100);
      if (!Number.isInteger(most) || most < 1 || most > DISCOVERED_MAX)
        throw new AwsError('InvalidInput', `MaxResults must be from 1 to ${DISCOVERED_MAX}`);
      const all = [...service.instances].map(([InstanceId, Attributes]) => ({
        InstanceId,
        NamespaceName: requireText(input, 'NamespaceName'),
        ServiceName: service.Name,
        HealthStatus: readHealth(service, InstanceId),
        Attributes,
      }));
      const own = all.filter(matches(input['QueryParameters']));
      const better = own.filter(matches(input['OptionalParameters']));
      const wanted = selectByHealth(better.length > 0 ? better : own, service, input);
      return {
        Instances: shuffle(wanted).slice(0, most),
        InstancesRevision: service.revision,
      };
    },
    DiscoverInstancesRevision: (input) => ({
      InstancesRevision: store.findByNames(input).revision,
    }),
  };
}

function refuseUnknownInstance(id: string): AwsError {
  return new AwsError('InstanceNotFound', `instance ${id} not found`);
}

function hasHealthCheck({ HealthCheckConfig, HealthCheckCustomConfig }: StoredService): boolean {
  return HealthCheckConfig !== undefined || HealthCheckCustomConfig !== undefined;
}

/** Whether DNS answers with an instance. */
export function isServed(service: StoredService, id: string): boolean {
  return readHealth(service, id) !== 'UNHEALTHY';
}

function readHealth(service: StoredService, id: string): string {
  if (!hasHealthCheck(service)) return 'UNKNOWN';
  const initial = service.instances.get(id)?.['AWS_INIT_HEALTH_STATUS'];
  return service.health.get(id) ?? initial ?? 'HEALTHY';
}

function matches(
  parameters: unknown,
): (instance: { Attributes: Readonly<Record<string, string>> }) => boolean {
  const wanted = Object.entries(parameters ?? {});
  return ({ Attributes }) => wanted.every(([name, value]) => Attributes[name] === value);
}

function selectByHealth<T extends { HealthStatus: string }>(
  all: readonly T[],
  service: StoredService,
  input: AwsInput,
): readonly T[] {
  const status = String(input['HealthStatus'] ?? 'HEALTHY_OR_ELSE_ALL');
  if (status === 'ALL' || !hasHealthCheck(service)) return all;
  if (status === 'UNHEALTHY') return all.filter(({ HealthStatus }) => HealthStatus === status);
  const healthy = all.filter(({ HealthStatus }) => HealthStatus === 'HEALTHY');
  return status === 'HEALTHY' || healthy.length > 0 ? healthy : all;
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
