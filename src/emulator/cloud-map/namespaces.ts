/** The calls for namespaces of Cloud Map, for the services in them, and for the tags of both. */
import {
  type ActionHandler,
  AwsError,
  type AwsInput,
  cutListPage,
  requireText,
} from '../service.ts';
import type { CloudMapStore, StoredNamespace, StoredService } from './store.ts';

export function namespaceActions(store: CloudMapStore): Record<string, ActionHandler> {
  const { namespaces, services, operations, tags } = store;
  const create =
    (type: StoredNamespace['Type']): ActionHandler =>
    (input) => {
      const name = requireText(input, 'Name');
      if ([...namespaces.values()].some((known) => known.Name === name))
        throw new AwsError('NamespaceAlreadyExists', `namespace ${name} exists`);
      const made = store.describeNew('namespace');
      const Properties = { HttpProperties: { HttpName: name } };
      namespaces.set(made.Id, { ...made, Name: name, Type: type, Properties });
      store.setTags(made.Arn, input['Tags']);
      return store.addOperation('CREATE_NAMESPACE', { NAMESPACE: made.Id });
    };
  return {
    CreatePrivateDnsNamespace: create('DNS_PRIVATE'),
    CreatePublicDnsNamespace: create('DNS_PUBLIC'),
    CreateHttpNamespace: create('HTTP'),
    GetOperation: (input) => {
      const id = requireText(input, 'OperationId');
      const found = operations.get(id);
      if (found === undefined) throw new AwsError('OperationNotFound', `operation ${id} not found`);
      return { Operation: { Id: id, Status: 'SUCCESS', ...found } };
    },
    GetNamespace: (input) => ({ Namespace: store.namespaceOf(requireText(input, 'Id')) }),
    ListNamespaces: (input) => {
      const { page, ...more } = cutListPage([...namespaces.values()], input);
      return { Namespaces: applyFilters(page, input), ...more };
    },
    DeleteNamespace: (input) => {
      const namespace = store.namespaceOf(requireText(input, 'Id'));
      if ([...services.values()].some(({ NamespaceId }) => NamespaceId === namespace.Id))
        throw new AwsError('ResourceInUse', 'the namespace has services; delete them first');
      namespaces.delete(namespace.Id);
      tags.delete(namespace.Arn);
      return store.addOperation('DELETE_NAMESPACE', { NAMESPACE: namespace.Id });
    },
  };
}

export function serviceActions(store: CloudMapStore): Record<string, ActionHandler> {
  const { services, tags } = store;
  return {
    CreateService: (input) => {
      const dns = input['DnsConfig'] as { NamespaceId?: string } | undefined;
      const namespace = store.namespaceOf(String(input['NamespaceId'] ?? dns?.NamespaceId ?? ''));
      const name = requireText(input, 'Name');
      const isTaken = [...services.values()].some(
        (known) => known.Name === name && known.NamespaceId === namespace.Id,
      );
      if (isTaken) throw new AwsError('ServiceAlreadyExists', `service ${name} exists`);
      const isHttp = namespace.Type === 'HTTP' || input['Type'] === 'HTTP';
      const service: StoredService = {
        ...store.describeNew('service'),
        Name: name,
        NamespaceId: namespace.Id,
        Type: isHttp ? 'HTTP' : 'DNS_HTTP',
        DnsConfig: dns,
        HealthCheckConfig: input['HealthCheckConfig'],
        HealthCheckCustomConfig: input['HealthCheckCustomConfig'],
        instances: new Map(),
        health: new Map(),
        revision: 1,
      };
      services.set(service.Id, service);
      store.setTags(service.Arn, input['Tags']);
      return { Service: describe(service) };
    },
    GetService: (input) => ({ Service: describe(store.serviceOf(requireText(input, 'Id'))) }),
    ListServices: (input) => {
      const { page, ...more } = cutListPage([...services.values()], input);
      return { Services: applyFilters(page, input).map(describe), ...more };
    },
    DeleteService: (input) => {
      const service = store.serviceOf(requireText(input, 'Id'));
      if (service.instances.size > 0)
        throw new AwsError('ResourceInUse', 'the service has instances; deregister them first');
      services.delete(service.Id);
      tags.delete(service.Arn);
      return {};
    },
    UntagResource: (input) => {
      const own = tags.get(requireText(input, 'ResourceARN'));
      for (const key of (input['TagKeys'] ?? []) as string[]) own?.delete(key);
      return {};
    },
    TagResource: (input) => {
      store.setTags(requireText(input, 'ResourceARN'), input['Tags']);
      return {};
    },
    ListTagsForResource: (input) => {
      const own = tags.get(requireText(input, 'ResourceARN'));
      if (own === undefined)
        throw new AwsError('ResourceNotFoundException', 'the resource was not found');
      return { Tags: [...own].map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

function describe({
  instances,
  health: _health,
  revision: _revision,
  ...service
}: StoredService): object {
  return { ...service, InstanceCount: instances.size };
}

/**
 * Applies the filters NAMESPACE_ID, TYPE and NAME. Cloud Map cuts a list page first and filters it
 * then, so a page may be empty although more pages follow; callers must not take it for the end.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_ListServices.html
 */
function applyFilters<T extends { Name: string; NamespaceId?: string; Type?: string }>(
  page: readonly T[],
  input: AwsInput,
): T[] {
  const filters = (input['Filters'] ?? []) as { Name: string; Values: string[] }[];
  return page.filter((item) =>
    filters.every(({ Name, Values }) => {
      if (Name === 'NAMESPACE_ID')
        return Values.some((value) => value.split('/').at(-1) === item.NamespaceId);
      if (Name === 'TYPE') return Values.includes(item.Type ?? '');
      if (Name === 'NAME') return Values.includes(item.Name);
      throw new AwsError(
        'InvalidInput',
        `the filter ${Name} is not supported here; NAMESPACE_ID, TYPE and NAME are`,
      );
    }),
  );
}
