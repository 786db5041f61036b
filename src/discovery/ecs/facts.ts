/**
 * What is known of a task when its targets are made: the descriptions of AWS, side by side. Only
 * values and look-ups; cluster.ts and details.ts read them.
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

/** The parts of a task definition that are kept, because whole definitions are large. */
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

/**
 * A task with everything that belongs to it. What is undefined was not asked for, or is not known
 * yet.
 */
export interface TaskFacts {
  readonly region: string;
  readonly cluster: Pick<Cluster, 'clusterArn' | 'clusterName' | 'tags'>;
  readonly task: Task;
  readonly definition: DefinitionFacts | undefined;
  readonly containerInstance: ContainerInstance | undefined;
  readonly ec2: Instance | undefined;
  readonly service: Service | undefined;
  /** The task's own network interface; only read where interfaces are wanted. */
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

/** The last part of an ARN: the id of a task, the name of a cluster. */
export function idOfArn(arn: string | undefined): string {
  return arn?.split('/').at(-1) ?? '';
}

/** The service that started the task, from the group of the task; else an empty string. */
export function serviceNameOf(task: Task): string {
  return task.group?.startsWith('service:') === true ? task.group.slice('service:'.length) : '';
}

/**
 * The id of the network interface of a task in awsvpc mode, `eni-…`; else an empty string. Events
 * give the attachment another name than the API.
 */
export function interfaceIdOf({ attachments = [] }: Task): string {
  for (const { details = [] } of attachments)
    for (const { name, value } of details) if (name === 'networkInterfaceId') return value ?? '';
  return '';
}

/** Finds the container of a task by its name in the definition. */
export function findRunningContainer(task: Task, name: string | undefined): Container | undefined {
  return task.containers?.find((container) => container.name === name);
}
