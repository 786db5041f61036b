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

export interface HealthCheck {
  readonly command: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly startPeriod?: number;
}

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly portMappings?: readonly PortMapping[];
  readonly dockerLabels?: Readonly<Record<string, string>>;
  readonly essential?: boolean;
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly dependsOn?: readonly { readonly containerName: string; readonly condition: string }[];
  readonly healthCheck?: HealthCheck;
  readonly startTimeout?: number;
  readonly stopTimeout?: number;
  readonly restartPolicy?: {
    readonly enabled: boolean;
    readonly ignoredExitCodes?: readonly number[];
    readonly restartAttemptPeriod?: number;
  };
  readonly mountPoints?: readonly {
    readonly sourceVolume?: string;
    readonly containerPath?: string;
    readonly readOnly?: boolean;
  }[];
  readonly logConfiguration?: {
    readonly logDriver: string;
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly cpu?: number;
  readonly memory?: number;
  readonly memoryReservation?: number;
}

export interface Volume {
  readonly name: string;
  readonly host?: { readonly sourcePath?: string };
  readonly efsVolumeConfiguration?: {
    readonly fileSystemId: string;
    readonly rootDirectory?: string;
    readonly authorizationConfig?: { readonly accessPointId?: string };
  };
}

export interface TaskDefinition {
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly revision: number;
  readonly networkMode: string;
  readonly containerDefinitions: readonly ContainerDefinition[];
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly requiresCompatibilities?: readonly string[];
  readonly volumes?: readonly Volume[];
  status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  readonly registeredAt: number;
  deregisteredAt?: number;
  tags: readonly Tag[];
}

export interface ContainerInstance {
  readonly containerInstanceArn: string;
  readonly ec2InstanceId: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  tags: readonly Tag[];
  capacityProviderName?: string;
  readonly registeredAt: number;
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
}

export type RolloutState = 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';

export interface EcsDeployment {
  readonly id: string;
  status: 'PRIMARY' | 'ACTIVE';
  readonly taskDefinition: string;
  readonly createdAt: number;
  updatedAt: number;
  rolloutState: RolloutState;
  rolloutStateReason: string;
  /** Tasks that did not get to run, or were not healthy. */
  failedTasks: number;
}

export interface ServiceRegistry {
  readonly registryArn: string;
  readonly port?: number;
  readonly containerName?: string;
  readonly containerPort?: number;
}

export interface ProviderShare {
  readonly capacityProvider: string;
  readonly weight?: number;
  readonly base?: number;
}

export interface DeploymentConfiguration {
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly deploymentCircuitBreaker: { readonly enable: boolean; readonly rollback: boolean };
}

/** What a service is asked to be; UpdateService changes it. */
export interface ServiceSettings {
  desiredCount: number;
  taskDefinition: string;
  deploymentConfiguration: DeploymentConfiguration;
  serviceRegistries: readonly ServiceRegistry[];
  capacityProviderStrategy: readonly ProviderShare[];
  networkConfiguration?: NetworkConfiguration | undefined;
  propagateTags?: 'TASK_DEFINITION' | 'SERVICE' | 'NONE' | undefined;
  enableECSManagedTags: boolean;
  /** Members without an effect here, which are described as they came. */
  described: Readonly<Record<string, unknown>>;
}

export interface NetworkConfiguration {
  readonly awsvpcConfiguration?: {
    readonly subnets: readonly string[];
    readonly securityGroups?: readonly string[];
    readonly assignPublicIp?: 'ENABLED' | 'DISABLED';
  };
}

export interface EcsService extends ServiceSettings {
  readonly serviceArn: string;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly launchType: string;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly createdAt: number;
  readonly createdBy?: string;
  tags: readonly Tag[];
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  deployments: EcsDeployment[];
  /** The newest first. */
  events: { readonly id: string; readonly createdAt: number; readonly message: string }[];
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
  exitCode?: number;
  reason?: string;
  runtimeId?: string;
  networkBindings: NetworkBinding[];
  networkInterfaces: {
    readonly attachmentId: string;
    readonly privateIpv4Address?: string;
    readonly ipv6Address?: string;
  }[];
}

export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'
  | 'TerminationNotice';

export interface TaskOverrides {
  readonly containerOverrides: readonly {
    readonly name: string;
    readonly command?: readonly string[];
    readonly environment?: readonly { readonly name: string; readonly value: string }[];
  }[];
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
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
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
  readonly capacityProviderName?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly enableExecuteCommand?: boolean;
  readonly overrides: TaskOverrides;
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
  /** Those that are not INACTIVE, by name. */
  readonly services: Map<string, EcsService>;
  /** Deleted services by name, which are described for a while. */
  readonly inactive: Map<string, EcsService>;
  capacityProviders: readonly string[];
  defaultCapacityProviderStrategy: readonly ProviderShare[];
  settings: readonly { readonly name: string; readonly value: string }[];
  /** Tasks by ARN, with their order of creation, for list pages. */
  readonly tasks: Map<string, { readonly order: number; readonly task: Task }>;
}
