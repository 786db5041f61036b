/**
 * The types of clusters, services, instances and tasks in ECS's answers, as far as the emulator
 * supports them.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface PortMapping {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly protocol?: string;
}

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly portMappings?: readonly PortMapping[];
  readonly dockerLabels?: Readonly<Record<string, string>>;
}

export interface TaskDefinition {
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly revision: number;
  readonly networkMode: string;
  readonly containerDefinitions: readonly ContainerDefinition[];
  status: 'ACTIVE' | 'INACTIVE';
  readonly registeredAt: number;
  deregisteredAt?: number;
  tags: readonly Tag[];
}

export interface ContainerInstance {
  readonly containerInstanceArn: string;
  readonly ec2InstanceId: string;
  status: 'ACTIVE' | 'DRAINING';
  tags: readonly Tag[];
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
}

export interface EcsDeployment {
  readonly id: string;
  status: 'PRIMARY' | 'ACTIVE';
  readonly taskDefinition: string;
}

export interface EcsService {
  readonly serviceArn: string;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly launchType: string;
  tags: readonly Tag[];
  status: 'ACTIVE' | 'DRAINING';
  desiredCount: number;
  taskDefinition: string;
  deployments: EcsDeployment[];
}

export interface NetworkBinding {
  readonly bindIP: string;
  readonly containerPort: number;
  readonly hostPort: number;
  readonly protocol: string;
}

export interface Container {
  readonly containerArn: string;
  readonly taskArn: string;
  readonly name: string;
  readonly image: string;
  lastStatus: string;
  healthStatus: string;
  networkBindings: NetworkBinding[];
  networkInterfaces: {
    readonly attachmentId: string;
    readonly privateIpv4Address?: string;
    readonly ipv6Address?: string;
  }[];
}

export interface Task {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly containerInstanceArn?: string;
  readonly group: string;
  readonly startedBy: string;
  readonly launchType: string;
  readonly platformFamily?: string;
  readonly platformVersion?: string;
  readonly availabilityZone: string;
  tags: readonly Tag[];
  readonly containers: Container[];
  readonly attachments: {
    readonly id: string;
    readonly type: string;
    readonly status: string;
    readonly details: readonly { readonly name: string; readonly value: string }[];
  }[];
  readonly createdAt: number;
  startedAt?: number;
  stoppedAt?: number;
  lastStatus: string;
  desiredStatus: string;
  healthStatus: string;
  version: number;
}

export interface Cluster {
  readonly clusterArn: string;
  readonly clusterName: string;
  tags: readonly Tag[];
  readonly instances: Map<string, ContainerInstance>;
  readonly services: Map<string, EcsService>;
  /** Tasks by ARN, with their order of creation, for list pages. */
  readonly tasks: Map<string, { readonly order: number; readonly task: Task }>;
}
