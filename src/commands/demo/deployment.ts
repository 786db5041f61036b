/**
 * Does what deploying the sample to ECS would do: it makes a Cloud Map namespace and a service with
 * its scraping tags, registers the task as an instance, and sets the SSM parameter that names the
 * namespaces. It uses the official AWS SDK, with the demo's emulator as the endpoint.
 * Source: article "Metrics and traces collection from Amazon ECS using ADOT", cloudmap.sh and its
 * tags.
 */
import {
  CreatePrivateDnsNamespaceCommand,
  CreateServiceCommand,
  GetOperationCommand,
  ListNamespacesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { clientOptions } from '../../aws/client-options.ts';
import { createCredentialSource } from '../../aws/credentials.ts';
import { type Clock } from '../../kernel/clock.ts';
import { assert, RecoverableError } from '../../kernel/errors.ts';

export interface DemoDeployment {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly namespace: string;
  readonly namespacesParameter: string;
  readonly cluster: string;
  readonly service: string;
  readonly family: string;
  readonly taskId: string;
  /** Address of the task's containers. */
  readonly ipv4: string;
  readonly appPort: number;
  readonly exporterPort: number;
}

/**
 * Registers the task so that discovery finds it. The SDK's calls are signed and verified like any
 * other.
 */
export async function deploy(deployment: DemoDeployment): Promise<void> {
  const { endpoint, region, credentials } = deployment;
  const client = clientOptions({
    endpoint,
    region,
    credentials: createCredentialSource({
      accessKey: credentials.accessKeyId,
      secretKey: credentials.secretAccessKey,
    }),
    maxAttempts: 3,
  });
  const cloudMap = new ServiceDiscoveryClient(client);
  const ssm = new SSMClient(client);
  try {
    await ssm.send(
      new PutParameterCommand({
        Name: deployment.namespacesParameter,
        Type: 'StringList',
        Value: deployment.namespace,
        Overwrite: true,
      }),
    );
    const namespaceId = await createNamespace(cloudMap, deployment);
    const service = await cloudMap.send(
      new CreateServiceCommand({
        Name: 'webapp-svc',
        NamespaceId: namespaceId,
        DnsConfig: { DnsRecords: [{ Type: 'A', TTL: 10 }] },
        Tags: [
          { Key: 'METRICS_PATH', Value: '/metrics' },
          { Key: 'METRICS_PORT', Value: String(deployment.appPort) },
          { Key: 'ECS_METRICS_PATH', Value: '/metrics' },
          { Key: 'ECS_METRICS_PORT', Value: String(deployment.exporterPort) },
        ],
      }),
    );
    assert(service.Service?.Id, 'Cloud Map made a service without an id');
    await cloudMap.send(
      new RegisterInstanceCommand({
        ServiceId: service.Service.Id,
        InstanceId: deployment.taskId,
        Attributes: {
          AWS_INSTANCE_IPV4: deployment.ipv4,
          AWS_INSTANCE_PORT: String(deployment.appPort),
          ECS_CLUSTER_NAME: deployment.cluster,
          ECS_SERVICE_NAME: deployment.service,
          ECS_TASK_DEFINITION_FAMILY: deployment.family,
          AVAILABILITY_ZONE: `${deployment.region}a`,
          REGION: deployment.region,
        },
      }),
    );
  } finally {
    cloudMap.destroy();
    ssm.destroy();
  }
}

/** Makes the namespace. AWS does so in the background; this waits at most 5 s for its end. */
async function createNamespace(
  cloudMap: ServiceDiscoveryClient,
  deployment: DemoDeployment,
): Promise<string> {
  const { OperationId } = await cloudMap.send(
    new CreatePrivateDnsNamespaceCommand({ Name: deployment.namespace, Vpc: 'vpc-local' }),
  );
  assert(OperationId, 'Cloud Map began no operation');
  for (let attempt = 0; attempt < 50; attempt++) {
    const { Operation } = await cloudMap.send(new GetOperationCommand({ OperationId }));
    if (Operation?.Status === 'FAIL')
      throw new RecoverableError(
        'DEMO_FAILED',
        `creating the namespace failed: ${Operation.ErrorMessage ?? ''}`,
      );
    if (Operation?.Status === 'SUCCESS') break;
    await deployment.clock.sleep(100, deployment.signal);
  }
  const { Namespaces } = await cloudMap.send(new ListNamespacesCommand({}));
  const made = Namespaces?.find((namespace) => namespace.Name === deployment.namespace);
  assert(made?.Id, 'the namespace that was made is not listed');
  return made.Id;
}
