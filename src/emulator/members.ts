/**
 * Which members of a request the emulated services know. Whatever else a call holds is refused by
 * its name: an answer that left it out of account would be wrong, and a list would be empty or too
 * long, without a word. What changes nothing of what the emulator has (tokens for retries,
 * descriptions, keys, networks of tasks) is taken and listed as such.
 */
import { AwsError, type AwsInput } from './service.ts';

interface Known {
  /** Names with blanks between them; acted upon. */
  readonly acts: string;
  /** Taken, and without effect. */
  readonly idle?: string;
}

const PAGE = 'maxResults nextToken';
const CLOUD_MAP_PAGE = 'MaxResults NextToken';

/** By what stands before the dot in X-Amz-Target, then by action. */
export const MEMBERS: Readonly<Record<string, Readonly<Record<string, Known>>>> = {
  AmazonEC2ContainerServiceV20141113: {
    CreateCluster: { acts: 'clusterName tags' },
    ListClusters: { acts: PAGE },
    DescribeClusters: { acts: 'clusters include' },
    RegisterTaskDefinition: {
      acts: 'family containerDefinitions networkMode tags',
      idle:
        'taskRoleArn executionRoleArn cpu memory requiresCompatibilities runtimePlatform ' +
        'volumes',
    },
    DeregisterTaskDefinition: { acts: 'taskDefinition' },
    DescribeTaskDefinition: { acts: 'taskDefinition include' },
    ListTaskDefinitions: { acts: `familyPrefix status sort ${PAGE}` },
    RunTask: {
      acts: 'cluster taskDefinition count launchType group startedBy tags',
      idle: 'clientToken networkConfiguration enableExecuteCommand referenceId',
    },
    StopTask: { acts: 'cluster task', idle: 'reason' },
    ListTasks: {
      acts:
        'cluster containerInstance family serviceName desiredStatus launchType startedBy ' +
        `${PAGE}`,
    },
    DescribeTasks: { acts: 'cluster tasks include' },
    ListContainerInstances: { acts: `cluster status ${PAGE}` },
    DescribeContainerInstances: { acts: 'cluster containerInstances include' },
    UpdateContainerInstancesState: { acts: 'cluster containerInstances status' },
    CreateService: {
      acts: 'cluster serviceName taskDefinition desiredCount launchType tags',
      idle: 'clientToken networkConfiguration enableExecuteCommand',
    },
    UpdateService: { acts: 'cluster service desiredCount taskDefinition forceNewDeployment' },
    DeleteService: { acts: 'cluster service', idle: 'force' },
    ListServices: { acts: `cluster launchType ${PAGE}` },
    DescribeServices: { acts: 'cluster services include' },
    TagResource: { acts: 'resourceArn tags' },
    UntagResource: { acts: 'resourceArn tagKeys' },
    ListTagsForResource: { acts: 'resourceArn' },
  },
  Route53AutoNaming_v20170314: {
    CreatePrivateDnsNamespace: { acts: 'Name Tags', idle: 'CreatorRequestId Description Vpc' },
    CreatePublicDnsNamespace: { acts: 'Name Tags', idle: 'CreatorRequestId Description' },
    CreateHttpNamespace: { acts: 'Name Tags', idle: 'CreatorRequestId Description' },
    GetOperation: { acts: 'OperationId' },
    GetNamespace: { acts: 'Id' },
    ListNamespaces: { acts: `Filters ${CLOUD_MAP_PAGE}` },
    CreateService: {
      acts: 'Name NamespaceId DnsConfig Type HealthCheckConfig HealthCheckCustomConfig Tags',
      idle: 'CreatorRequestId Description',
    },
    GetService: { acts: 'Id' },
    ListServices: { acts: `Filters ${CLOUD_MAP_PAGE}` },
    RegisterInstance: { acts: 'ServiceId InstanceId Attributes', idle: 'CreatorRequestId' },
    DeregisterInstance: { acts: 'ServiceId InstanceId' },
    ListInstances: { acts: `ServiceId ${CLOUD_MAP_PAGE}` },
    GetInstance: { acts: 'ServiceId InstanceId' },
    DiscoverInstances: {
      acts:
        'NamespaceName ServiceName MaxResults QueryParameters OptionalParameters HealthStatus ' +
        'OwnerAccount',
    },
    DiscoverInstancesRevision: { acts: 'NamespaceName ServiceName OwnerAccount' },
    DeleteService: { acts: 'Id' },
    DeleteNamespace: { acts: 'Id' },
    UpdateInstanceCustomHealthStatus: { acts: 'ServiceId InstanceId Status' },
    GetInstancesHealthStatus: { acts: `ServiceId ${CLOUD_MAP_PAGE}` },
    TagResource: { acts: 'ResourceARN Tags' },
    UntagResource: { acts: 'ResourceARN TagKeys' },
    ListTagsForResource: { acts: 'ResourceARN' },
  },
  AmazonSSM: {
    PutParameter: { acts: 'Name Value Type Overwrite Tier', idle: 'Description KeyId' },
    GetParameter: { acts: 'Name WithDecryption' },
    GetParameters: { acts: 'Names WithDecryption' },
    GetParametersByPath: { acts: `Path Recursive WithDecryption ${CLOUD_MAP_PAGE}` },
    LabelParameterVersion: { acts: 'Name ParameterVersion Labels' },
    DeleteParameter: { acts: 'Name' },
  },
  secretsmanager: {
    CreateSecret: {
      acts: 'Name SecretString SecretBinary ClientRequestToken',
      idle: 'Description KmsKeyId',
    },
    PutSecretValue: { acts: 'SecretId SecretString SecretBinary ClientRequestToken' },
    DescribeSecret: { acts: 'SecretId' },
    GetSecretValue: { acts: 'SecretId VersionId VersionStage' },
  },
  AmazonSQS: {
    CreateQueue: { acts: 'QueueName' },
    GetQueueUrl: { acts: 'QueueName' },
    SendMessage: { acts: 'QueueUrl MessageBody' },
    ReceiveMessage: { acts: 'QueueUrl MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds' },
    DeleteMessage: { acts: 'QueueUrl ReceiptHandle' },
    DeleteMessageBatch: { acts: 'QueueUrl Entries' },
  },
};

/**
 * @throws AwsError NotImplemented for members of a request, as it came, that its action does not
 * know
 */
export function refuseUnknownMembers(target: string, action: string, input: AwsInput): void {
  const { acts = '', idle = '' } = MEMBERS[target]?.[action] ?? {};
  const known = `${acts} ${idle}`.split(' ').filter((one) => one !== '');
  const unknown = Object.keys(input).filter(
    (name) => !known.includes(name) && input[name] !== null,
  );
  if (unknown.length > 0)
    throw notImplemented(
      `${action}: ${unknown.join(', ')} is not supported here; these are: ${known.join(', ')}`,
    );
}

/** A request that AWS would understand, and the emulator does not. */
export function notImplemented(message: string): AwsError {
  return new AwsError('NotImplemented', message, 501);
}

/** A value that must be one of a few. @throws AwsError that names it */
export function requireOne<T extends string>(
  input: AwsInput,
  key: string,
  values: readonly T[],
): T | undefined {
  const value = input[key];
  if (value === undefined || value === null) return undefined;
  const found = values.find((one) => one === value);
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidParameterException',
    `${key} ${JSON.stringify(value)} is not supported here; these are: ${values.join(', ')}`,
  );
}

/**
 * Refuses parameters of a form that no pattern fits.
 *
 * @param known  names; a number in a list is `N`, as in `Filter.N.Value.N`
 * @throws AwsError UnknownParameter, as EC2 has it
 */
export function refuseUnknownParameters(form: URLSearchParams, known: readonly string[]): void {
  const names = new Set(['Action', 'Version', ...known]);
  const unknown = [...form.keys()].filter(
    (name) => !names.has(name.replaceAll(/\.\d+(?=\.|$)/g, '.N')),
  );
  if (unknown.length > 0)
    throw new AwsError(
      'UnknownParameter',
      `The parameter ${unknown.join(', ')} is not supported here; these are: ${known.join(', ')}`,
    );
}
