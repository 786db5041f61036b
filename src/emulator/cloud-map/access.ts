/**
 * What a policy must allow for actions of Cloud Map. What is not there has the ARN of its id or
 * name.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudmap.html
 */
import { type AccessTable, describeTags, needOn, textOf } from '../access.ts';
import type { AwsInput, AwsPlace } from '../service.ts';
import type { CloudMapStore } from './store.ts';

const SERVICE_ACTIONS =
  'DeleteService DeregisterInstance GetInstance GetInstancesHealthStatus GetService ' +
  'ListInstances RegisterInstance UpdateInstanceCustomHealthStatus UpdateService';

export function createCloudMapAccess(store: CloudMapStore): AccessTable {
  const arn = (kind: string, id: string, { accountId, region }: AwsPlace): string =>
    id.startsWith('arn:') ? id : `arn:aws:servicediscovery:${region}:${accountId}:${kind}/${id}`;
  const serviceArn = (input: AwsInput, at: AwsPlace): string =>
    arn('service', textOf(input, 'ServiceId') || textOf(input, 'Id'), at);
  const named = (input: AwsInput, at: AwsPlace): readonly string[] => {
    const httpName = textOf(input, 'NamespaceName');
    const name = textOf(input, 'ServiceName');
    const namespace = [...store.namespaces.values()].find(
      ({ Properties }) => Properties.HttpProperties.HttpName === httpName,
    );
    const service = [...store.services.values()].find(
      ({ Name, NamespaceId }) => Name === name && NamespaceId === namespace?.Id,
    );
    return [
      namespace?.Arn ?? arn('namespace', httpName, at),
      service?.Arn ?? arn('service', name, at),
    ];
  };
  return {
    ...needOn(
      'servicediscovery',
      'CreateHttpNamespace CreatePrivateDnsNamespace CreatePublicDnsNamespace TagResource ' +
        'UntagResource',
      () => '*',
      describeTags,
    ),
    ...needOn('servicediscovery', 'DeleteNamespace GetNamespace', (input, at) =>
      arn('namespace', textOf(input, 'Id'), at),
    ),
    ...needOn(
      'servicediscovery',
      'CreateService',
      (input, at) => arn('namespace', textOf(input, 'NamespaceId'), at),
      (input, at) => ({
        'servicediscovery:NamespaceArn': arn('namespace', textOf(input, 'NamespaceId'), at),
        ...describeTags(input),
      }),
    ),
    ...needOn('servicediscovery', SERVICE_ACTIONS, serviceArn, (input, at) => ({
      'servicediscovery:ServiceArn': serviceArn(input, at),
    })),
    ...needOn(
      'servicediscovery',
      'DiscoverInstances DiscoverInstancesRevision',
      named,
      (input) => ({
        'servicediscovery:NamespaceName': textOf(input, 'NamespaceName'),
        'servicediscovery:ServiceName': textOf(input, 'ServiceName'),
      }),
    ),
    // What the operation was about.
    ...needOn('servicediscovery', 'GetOperation', (input, at) => {
      const { Targets } = store.operations.get(textOf(input, 'OperationId')) ?? { Targets: {} };
      const targets: Readonly<Record<string, string>> = Targets;
      const [kind = 'namespace', id = '*'] = Object.entries(targets)[0] ?? [];
      return arn(kind.toLowerCase(), id, at);
    }),
  };
}
