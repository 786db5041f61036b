/** Namespaces and services of Cloud Map. */
import { isSameProperty, parseShape } from '../property-shape.ts';
import { AwsError } from '../../service.ts';
import {
  compareTags,
  findMember,
  joinTags,
  pickMembers,
  takeText,
  unlessMissing,
  type Change,
  type Made,
  type ResourceKind,
  type Site,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';

const SERVICE = 'servicediscovery';
const TAGS = 'Tags[{Key* Value*}]';

function tagsInput(own: unknown, site: Site): { Tags?: readonly object[] } {
  const tags = joinTags(own, site.tags);
  return tags.length === 0 ? {} : { Tags: tags };
}

async function changeTags(
  ResourceARN: string,
  change: Change,
  { call, tags }: Site,
): Promise<void> {
  const { added, removed } = compareTags(
    joinTags(change.before['Tags'], change.tagsBefore),
    joinTags(change.after['Tags'], tags),
  );
  if (removed.length > 0) await call(SERVICE, 'UntagResource', { ResourceARN, TagKeys: removed });
  if (added.length > 0) await call(SERVICE, 'TagResource', { ResourceARN, Tags: added });
}

/** Waits for an operation, and gives what it says of its targets. */
async function awaitOperation(answer: Values, { call, until }: Site): Promise<unknown> {
  const OperationId = takeText(answer, 'OperationId');
  return until('the operation to succeed', async () => {
    const { Operation } = await call(SERVICE, 'GetOperation', { OperationId });
    const status = findMember(Operation, 'Status');
    if (status === 'FAIL')
      throw new AwsError(
        String(findMember(Operation, 'ErrorCode')),
        String(findMember(Operation, 'ErrorMessage')),
      );
    return status === 'SUCCESS' ? findMember(Operation, 'Targets') : undefined;
  });
}

async function askNamespace({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const answer = await unlessMissing(call(SERVICE, 'GetNamespace', { Id: id }));
  return findMember(answer, 'Namespace') as Values | undefined;
}

const namespace: ResourceKind = {
  type: 'AWS::ServiceDiscovery::PrivateDnsNamespace',
  shape: parseShape(`Name*! Vpc! Description ${TAGS}`),
  attributes: ['Id', 'Arn', 'HostedZoneId'],
  name: 'Name',
  create: async (properties, site) => {
    const answer = await site.call(SERVICE, 'CreatePrivateDnsNamespace', {
      ...pickMembers(properties, 'Name Vpc Description'),
      CreatorRequestId: site.makeName(64),
      ...tagsInput(properties['Tags'], site),
    });
    const targets = await awaitOperation(answer, site);
    const id = takeText(targets, 'NAMESPACE');
    return { id, attributes: { Id: id } };
  },
  settle: async (made, _properties, site) => {
    const found = await askNamespace(made, site);
    const zone = findMember(found, 'Properties.DnsProperties.HostedZoneId') ?? '';
    const attributes = { Id: made.id, Arn: takeText(found, 'Arn'), HostedZoneId: zone };
    return { id: made.id, attributes };
  },
  update: async (made, change, site) => {
    const { Description } = change.after;
    if (Description !== change.before['Description'])
      await awaitOperation(
        await site.call(SERVICE, 'UpdatePrivateDnsNamespace', {
          Id: made.id,
          Namespace: { Description: Description ?? '' },
        }),
        site,
      );
    await changeTags(String(made.attributes['Arn']), change, site);
    return made;
  },
  remove: async ({ id }, _properties, site) => {
    await awaitOperation(await site.call(SERVICE, 'DeleteNamespace', { Id: id }), site);
  },
  read: async (made, { Vpc }, site) => {
    const found = await askNamespace(made, site);
    return found === undefined ? undefined : { ...found, Vpc };
  },
};

const SETTINGS =
  'Name NamespaceId Description DnsConfig HealthCheckConfig HealthCheckCustomConfig Type';

async function askService({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const answer = await unlessMissing(call(SERVICE, 'GetService', { Id: id }));
  return findMember(answer, 'Service') as Values | undefined;
}

const registry: ResourceKind = {
  type: 'AWS::ServiceDiscovery::Service',
  shape: parseShape(
    'Name! NamespaceId! Type! Description DnsConfig{NamespaceId RoutingPolicy ' +
      'DnsRecords*[{Type* TTL*:n}]} HealthCheckConfig{Type* ResourcePath FailureThreshold:n} ' +
      `HealthCheckCustomConfig!{FailureThreshold:n} ${TAGS}`,
  ),
  attributes: ['Id', 'Arn', 'Name'],
  name: 'Name',
  create: async (properties, site) => {
    const answer = await site.call(SERVICE, 'CreateService', {
      ...pickMembers(properties, SETTINGS),
      Name: properties['Name'] ?? site.makeName(127),
      CreatorRequestId: site.makeName(64),
      ...tagsInput(properties['Tags'], site),
    });
    const id = takeText(answer, 'Service.Id');
    const attributes = pickMembers((answer as { Service: Values }).Service, 'Id Arn Name');
    return { id, attributes };
  },
  update: async (made, change, site) => {
    const { before, after } = change;
    const names = 'Description DnsConfig HealthCheckConfig';
    if (!isSameProperty(pickMembers(before, names), pickMembers(after, names)))
      await awaitOperation(
        await site.call(SERVICE, 'UpdateService', {
          Id: made.id,
          Service: pickMembers(after, names),
        }),
        site,
      );
    await changeTags(String(made.attributes['Arn']), change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call(SERVICE, 'DeleteService', { Id: id });
  },
  read: (made, _properties, site) => askService(made, site),
};

export const CLOUD_MAP_KINDS: readonly ResourceKind[] = [namespace, registry];
