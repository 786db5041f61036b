/**
 * What is known of a task when its targets are made: AWS's own descriptions, side by side. Values
 * only; where they come from is cluster.ts.
 */
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2';
import type {
  Cluster,
  Container,
  ContainerDefinition,
  ContainerInstance,
  Service,
  Task,
  TaskDefinition,
} from '@aws-sdk/client-ecs';

/** The parts of a task definition that are kept: whole ones are large. */
export interface DefinitionFacts {
  readonly arn: string;
  readonly family: string;
  readonly revision: string;
  readonly networkMode: string;
  readonly containers: readonly Pick<
    ContainerDefinition,
    'name' | 'image' | 'portMappings' | 'dockerLabels'
  >[];
}

/** A task with all that belongs to it; what is not there was not asked for, or is not known yet. */
export interface TaskFacts {
  readonly region: string;
  readonly cluster: Pick<Cluster, 'clusterArn' | 'clusterName' | 'tags'>;
  readonly task: Task;
  readonly definition: DefinitionFacts | undefined;
  readonly containerInstance: ContainerInstance | undefined;
  readonly ec2: Instance | undefined;
  readonly service: Service | undefined;
  /** The task's own; told only where interfaces are wanted. */
  readonly networkInterface: NetworkInterface | undefined;
}

export function pickDefinitionFacts(definition: TaskDefinition): DefinitionFacts {
  return {
    arn: definition.taskDefinitionArn ?? '',
    family: definition.family ?? '',
    revision: String(definition.revision ?? ''),
    networkMode: definition.networkMode ?? 'bridge',
    containers: (definition.containerDefinitions ?? []).map(
      ({ name, image, portMappings, dockerLabels }) => ({
        name,
        image,
        ...(portMappings === undefined ? {} : { portMappings }),
        ...(dockerLabels === undefined ? {} : { dockerLabels }),
      }),
    ),
  };
}

/** The last part of an ARN: a task's id, a cluster's name. */
export function idOfArn(arn: string | undefined): string {
  return arn?.split('/').at(-1) ?? '';
}

/** The service of a task that one started: its group says so. */
export function serviceNameOf(task: Task): string {
  return task.group?.startsWith('service:') === true ? task.group.slice('service:'.length) : '';
}

/**
 * The network interface of a task in awsvpc mode, `eni-…`. Events call the attachment by another
 * name than the API.
 */
export function interfaceIdOf({ attachments = [] }: Task): string {
  for (const { details = [] } of attachments)
    for (const { name, value } of details) if (name === 'networkInterfaceId') return value ?? '';
  return '';
}

/** The container of the task that a definition describes. */
export function findRunningContainer(task: Task, name: string | undefined): Container | undefined {
  return task.containers?.find((container) => container.name === name);
}
