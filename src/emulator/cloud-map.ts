/**
 * AWS Cloud Map: namespaces, services with tags, instances; the calls that discovery and the deploy scripts make.
 * In memory. Operations are done at once, and told so by GetOperation.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/Welcome.html
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import {
  type AwsAction,
  AwsError,
  type AwsInput,
  type JsonService,
  pageOf,
  textOf,
} from './service.ts';

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

interface Namespace {
  readonly Id: string;
  readonly Arn: string;
  readonly Name: string;
  readonly Type: 'DNS_PRIVATE' | 'DNS_PUBLIC' | 'HTTP';
  readonly CreateDate: number;
}

interface Service {
  readonly Id: string;
  readonly Arn: string;
  readonly Name: string;
  readonly NamespaceId: string;
  readonly DnsConfig: unknown;
  readonly CreateDate: number;
  readonly instances: Map<string, Readonly<Record<string, string>>>;
}

const INSTANCES_MAX = 1_000;
const TAGS_MAX = 50;

export function createCloudMap(region: string, clock: Clock): JsonService {
  const namespaces = new Map<string, Namespace>();
  const services = new Map<string, Service>();
  const operations = new Map<
    string,
    { readonly Type: string; readonly Targets: Record<string, string> }
  >();
  const tags = new Map<string, Map<string, string>>();
  /** Raised with every change of an instance. */
  let revision = 1;
  /** By service and instance, where it was set. */
  const health = new Map<string, string>();
  const arn = (kind: string, id: string): string =>
    `arn:aws:servicediscovery:${region}:000000000000:${kind}/${id}`;
  const nowSeconds = (): number => clock.nowMs() / 1_000;

  const operation = (type: string, targets: Record<string, string>): { OperationId: string } => {
    const id = randomBytes(16).toString('hex');
    operations.set(id, { Type: type, Targets: targets });
    return { OperationId: id };
  };
  const setTags = (resource: string, given: unknown): void => {
    const own = tags.get(resource) ?? new Map<string, string>();
    for (const { Key, Value } of Array.isArray(given) ? (given as Tag[]) : []) own.set(Key, Value);
    if (own.size > TAGS_MAX) throw new AwsError('TooManyTagsException', `at most ${TAGS_MAX} tags`);
    tags.set(resource, own);
  };
  const namespaceOf = (id: string): Namespace => {
    const found = [...namespaces.values()].find((one) => one.Id === id || one.Arn === id);
    if (found === undefined) throw new AwsError('NamespaceNotFound', `namespace ${id} not found`);
    return found;
  };
  const serviceOf = (id: string): Service => {
    const found = [...services.values()].find((one) => one.Id === id || one.Arn === id);
    if (found === undefined) throw new AwsError('ServiceNotFound', `service ${id} not found`);
    return found;
  };
  const named = (input: AwsInput): Service => {
    const [namespaceName, name] = [textOf(input, 'NamespaceName'), textOf(input, 'ServiceName')];
    const namespace = [...namespaces.values()].find(({ Name }) => Name === namespaceName);
    if (namespace === undefined)
      throw new AwsError('NamespaceNotFound', `namespace ${namespaceName} not found`);
    const found = [...services.values()].find(
      (one) => one.Name === name && one.NamespaceId === namespace.Id,
    );
    if (found === undefined) throw new AwsError('ServiceNotFound', `service ${name} not found`);
    return found;
  };
  const createNamespace =
    (type: Namespace['Type']): AwsAction =>
    (input) => {
      const name = textOf(input, 'Name');
      if ([...namespaces.values()].some((one) => one.Name === name))
        throw new AwsError('NamespaceAlreadyExists', `namespace ${name} exists`);
      const id = `ns-${randomBytes(8).toString('hex')}`;
      namespaces.set(id, {
        Id: id,
        Arn: arn('namespace', id),
        Name: name,
        Type: type,
        CreateDate: nowSeconds(),
      });
      setTags(arn('namespace', id), input['Tags']);
      return operation('CREATE_NAMESPACE', { NAMESPACE: id });
    };

  return {
    signingName: 'servicediscovery',
    target: 'Route53AutoNaming_v20170314',
    actions: {
      CreatePrivateDnsNamespace: createNamespace('DNS_PRIVATE'),
      CreatePublicDnsNamespace: createNamespace('DNS_PUBLIC'),
      CreateHttpNamespace: createNamespace('HTTP'),
      GetOperation: (input) => {
        const id = textOf(input, 'OperationId');
        const found = operations.get(id);
        if (found === undefined)
          throw new AwsError('OperationNotFound', `operation ${id} not found`);
        return { Operation: { Id: id, Status: 'SUCCESS', ...found } };
      },
      GetNamespace: (input) => ({ Namespace: namespaceOf(textOf(input, 'Id')) }),
      ListNamespaces: (input) => {
        const { page, ...more } = pageOf(filtered([...namespaces.values()], input), input);
        return { Namespaces: page, ...more };
      },
      CreateService: (input) => {
        const dns = input['DnsConfig'] as { NamespaceId?: string } | undefined;
        const namespace = namespaceOf(String(input['NamespaceId'] ?? dns?.NamespaceId ?? ''));
        const name = textOf(input, 'Name');
        if (
          [...services.values()].some(
            (one) => one.Name === name && one.NamespaceId === namespace.Id,
          )
        ) {
          throw new AwsError('ServiceAlreadyExists', `service ${name} exists`);
        }
        const id = `srv-${randomBytes(8).toString('hex')}`;
        const service: Service = {
          Id: id,
          Arn: arn('service', id),
          Name: name,
          NamespaceId: namespace.Id,
          DnsConfig: dns,
          CreateDate: nowSeconds(),
          instances: new Map(),
        };
        services.set(id, service);
        setTags(service.Arn, input['Tags']);
        return { Service: describe(service) };
      },
      GetService: (input) => ({ Service: describe(serviceOf(textOf(input, 'Id'))) }),
      ListServices: (input) => {
        const { page, ...more } = pageOf(filtered([...services.values()], input), input);
        return { Services: page.map(describe), ...more };
      },
      RegisterInstance: (input) => {
        const service = serviceOf(textOf(input, 'ServiceId'));
        const id = textOf(input, 'InstanceId');
        if (!service.instances.has(id) && service.instances.size >= INSTANCES_MAX) {
          throw new AwsError(
            'ResourceLimitExceeded',
            `at most ${INSTANCES_MAX} instances in a service`,
          );
        }
        revision += 1;
        service.instances.set(id, {
          ...(input['Attributes'] as Record<string, string> | undefined),
        });
        return operation('REGISTER_INSTANCE', { INSTANCE: id, SERVICE: service.Id });
      },
      DeregisterInstance: (input) => {
        const service = serviceOf(textOf(input, 'ServiceId'));
        const id = textOf(input, 'InstanceId');
        if (!service.instances.delete(id))
          throw new AwsError('InstanceNotFound', `instance ${id} not found`);
        health.delete(`${service.Id}/${id}`);
        revision += 1;
        return operation('DEREGISTER_INSTANCE', { INSTANCE: id, SERVICE: service.Id });
      },
      ListInstances: (input) => {
        const { instances } = serviceOf(textOf(input, 'ServiceId'));
        const all = [...instances].map(([Id, Attributes]) => ({ Id, Attributes }));
        const { page, ...more } = pageOf(all, input);
        return { Instances: page, ...more };
      },
      GetInstance: (input) => {
        const id = textOf(input, 'InstanceId');
        const Attributes = serviceOf(textOf(input, 'ServiceId')).instances.get(id);
        if (Attributes === undefined)
          throw new AwsError('InstanceNotFound', `instance ${id} not found`);
        return { Instance: { Id: id, Attributes } };
      },
      DiscoverInstances: (input) => {
        const service = named(input);
        const status = String(input['HealthStatus'] ?? 'HEALTHY_OR_ELSE_ALL');
        const parameters = Object.entries(input['QueryParameters'] ?? {});
        const all = [...service.instances].flatMap(([InstanceId, Attributes]) =>
          parameters.every(([name, value]) => Attributes[name] === value)
            ? [
                {
                  InstanceId,
                  NamespaceName: textOf(input, 'NamespaceName'),
                  ServiceName: service.Name,
                  HealthStatus: health.get(`${service.Id}/${InstanceId}`) ?? 'HEALTHY',
                  Attributes,
                },
              ]
            : [],
        );
        const healthy = all.filter(({ HealthStatus }) => HealthStatus === 'HEALTHY');
        const wanted =
          status === 'ALL'
            ? all
            : status === 'UNHEALTHY'
              ? all.filter((one) => !healthy.includes(one))
              : status === 'HEALTHY' || healthy.length > 0
                ? healthy
                : all;
        return {
          Instances: wanted.slice(0, Number(input['MaxResults'] ?? 100)),
          InstancesRevision: revision,
        };
      },
      DiscoverInstancesRevision: (input) => {
        named(input);
        return { InstancesRevision: revision };
      },
      DeleteService: (input) => {
        const service = serviceOf(textOf(input, 'Id'));
        if (service.instances.size > 0)
          throw new AwsError('ResourceInUse', 'the service has instances; deregister them first');
        services.delete(service.Id);
        tags.delete(service.Arn);
        return {};
      },
      DeleteNamespace: (input) => {
        const namespace = namespaceOf(textOf(input, 'Id'));
        if ([...services.values()].some(({ NamespaceId }) => NamespaceId === namespace.Id))
          throw new AwsError('ResourceInUse', 'the namespace has services; delete them first');
        namespaces.delete(namespace.Id);
        tags.delete(namespace.Arn);
        return operation('DELETE_NAMESPACE', { NAMESPACE: namespace.Id });
      },
      UpdateInstanceCustomHealthStatus: (input) => {
        const service = serviceOf(textOf(input, 'ServiceId'));
        const id = textOf(input, 'InstanceId');
        if (!service.instances.has(id))
          throw new AwsError('InstanceNotFound', `instance ${id} not found`);
        health.set(`${service.Id}/${id}`, textOf(input, 'Status'));
        revision += 1;
        return {};
      },
      GetInstancesHealthStatus: (input) => {
        const service = serviceOf(textOf(input, 'ServiceId'));
        const all = [...service.instances.keys()];
        const { page, ...more } = pageOf(all, input);
        return {
          Status: Object.fromEntries(
            page.map((id) => [id, health.get(`${service.Id}/${id}`) ?? 'HEALTHY']),
          ),
          ...more,
        };
      },
      UntagResource: (input) => {
        const own = tags.get(textOf(input, 'ResourceARN'));
        for (const key of (input['TagKeys'] ?? []) as string[]) own?.delete(key);
        return {};
      },
      TagResource: (input) => {
        setTags(textOf(input, 'ResourceARN'), input['Tags']);
        return {};
      },
      ListTagsForResource: (input) => {
        const own = tags.get(textOf(input, 'ResourceARN'));
        if (own === undefined)
          throw new AwsError('ResourceNotFoundException', 'the resource was not found');
        return { Tags: [...own].map(([Key, Value]) => ({ Key, Value })) };
      },
    },
  };
}

function describe({ instances, ...service }: Service): object {
  return { ...service, InstanceCount: instances.size };
}

/** The filters NAMESPACE_ID, TYPE and NAME with the condition EQ. */
function filtered<T extends { Name: string; NamespaceId?: string; Type?: string }>(
  items: readonly T[],
  input: AwsInput,
): T[] {
  const filters = (input['Filters'] ?? []) as { Name: string; Values: string[] }[];
  return items.filter((item) =>
    filters.every(({ Name, Values }) => {
      if (Name === 'NAMESPACE_ID') return Values.includes(item.NamespaceId ?? '');
      if (Name === 'TYPE') return Values.includes(item.Type ?? '');
      if (Name === 'NAME') return Values.includes(item.Name);
      throw new AwsError(
        'InvalidInput',
        `the filter ${Name} is not supported here; NAMESPACE_ID, TYPE and NAME are`,
      );
    }),
  );
}
