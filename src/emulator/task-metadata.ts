/**
 * The ECS task metadata endpoint, version 4, in Fargate's form, for tasks whose containers are real
 * local processes. Tasks are registered by an admin call; when a task is registered again, its ids
 * stay the same. Limits: 1,000 tasks.
 * Source:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
 */
import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { type Clock, readMoment } from '../kernel/clock.ts';
import { type ProcessReading, readProcess, toDockerStats } from './process-stats.ts';
import type { AwsPlace } from './service.ts';

const taskSchema = z.strictObject({
  cluster: z.string().min(1),
  family: z.string().min(1),
  revision: z.string().default('1'),
  availabilityZone: z.string().default('us-east-1a'),
  serviceName: z.string().optional(),
  address: z.string().default('127.0.0.1'),
  launchType: z.enum(['FARGATE', 'EC2', 'EXTERNAL', 'MANAGED_INSTANCES']).default('FARGATE'),
  /** In vCPUs. */
  cpu: z.number().positive().optional(),
  memoryMiB: z.number().positive().optional(),
  containers: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        image: z.string().default('local'),
        /** Absent while the container has not started. */
        pid: z.int().positive().optional(),
        ports: z.array(z.int()).default([]),
        cpu: z.number().optional(),
        memoryMiB: z.number().optional(),
      }),
    )
    .min(1)
    .max(20),
});

type TaskDescription = z.infer<typeof taskSchema>;

interface Container {
  readonly id: string;
  readonly createdMs: number;
  startedMs: number | undefined;
  last: ProcessReading | undefined;
  before: ProcessReading | undefined;
}

interface Task {
  readonly id: string;
  readonly place: AwsPlace;
  readonly pullStartedMs: number;
  description: TaskDescription;
  readonly containers: Map<string, Container>;
}

const TASKS_MAX = 1_000;
/** Like Fargate's agent, the endpoint reads statistics at most this often, and repeats them. */
const READ_INTERVAL_MS = 1_000;

export class TaskRegistry {
  readonly #clock: Clock;
  readonly #place: AwsPlace;
  readonly #tasks = new Map<string, Task>();

  constructor(clock: Clock, place: AwsPlace) {
    this.#clock = clock;
    this.#place = place;
  }

  /**
   * Adds or updates a task.
   *
   * @returns the metadata URI of each container
   * @throws  ZodError for a description of another form
   */
  put(
    taskId: string,
    given: unknown,
    baseUrl: string,
    place: AwsPlace = this.#place,
  ): { taskArn: string; containers: { name: string; dockerId: string; metadataUri: string }[] } {
    const description = taskSchema.parse(given);
    const nowMs = this.#clock.nowMs();
    const task = this.#tasks.get(taskId) ?? {
      id: taskId,
      place,
      pullStartedMs: nowMs,
      description,
      containers: new Map<string, Container>(),
    };
    if (!this.#tasks.has(taskId) && this.#tasks.size >= TASKS_MAX)
      throw new Error(`at most ${TASKS_MAX} tasks`);
    task.description = description;
    this.#tasks.set(taskId, task);
    for (const { name, pid } of description.containers) {
      const container = task.containers.get(name) ?? makeContainer(taskId, nowMs);
      if (pid !== undefined) container.startedMs ??= nowMs;
      task.containers.set(name, container);
    }
    const containers = description.containers.map(({ name }) => {
      const dockerId = task.containers.get(name)?.id ?? '';
      return { name, dockerId, metadataUri: `${baseUrl}/v4/${dockerId}` };
    });
    return { taskArn: this.#arnOf(task), containers };
  }

  delete(taskId: string): boolean {
    return this.#tasks.delete(taskId);
  }

  /** The answer of `/v4/<container id><path>`; undefined for an unknown id or path. */
  answer(dockerId: string, path: string): unknown {
    const task = [...this.#tasks.values()].find(({ containers }) =>
      [...containers.values()].some(({ id }) => id === dockerId),
    );
    const name =
      task === undefined
        ? undefined
        : [...task.containers].find(([, { id }]) => id === dockerId)?.[0];
    if (task === undefined || name === undefined) return undefined;
    switch (path) {
      case '':
        return this.#describeContainer(task, name);
      case '/task':
        return this.#describeTask(task);
      case '/taskWithTags':
        return { ...this.#describeTask(task), TaskTags: {} };
      case '/stats':
        return this.#readStats(task, name);
      case '/task/stats':
        return Object.fromEntries(
          task.description.containers.map((container) => [
            task.containers.get(container.name)?.id,
            this.#readStats(task, container.name),
          ]),
        );
      default:
        return undefined;
    }
  }

  #arnOf({ id, description, place }: Task): string {
    return `arn:aws:ecs:${place.region}:${place.accountId}:task/${description.cluster}/${id}`;
  }

  #describeTask(task: Task): object {
    const { description } = task;
    return {
      Cluster: `arn:aws:ecs:${task.place.region}:${task.place.accountId}:cluster/${description.cluster}`,
      TaskARN: this.#arnOf(task),
      Family: description.family,
      Revision: description.revision,
      DesiredStatus: 'RUNNING',
      KnownStatus: 'RUNNING',
      ...(description.cpu === undefined && description.memoryMiB === undefined
        ? {}
        : { Limits: { CPU: description.cpu, Memory: description.memoryMiB } }),
      PullStartedAt: new Date(task.pullStartedMs).toISOString(),
      PullStoppedAt: new Date(task.pullStartedMs).toISOString(),
      AvailabilityZone: description.availabilityZone,
      LaunchType: description.launchType,
      ...(description.launchType === 'FARGATE' ? {} : { ServiceName: description.serviceName }),
      Containers: description.containers.map(({ name }) => this.#describeContainer(task, name)),
    };
  }

  #describeContainer(task: Task, name: string): object {
    const { description } = task;
    const wanted = description.containers.find((described) => described.name === name);
    const container = task.containers.get(name);
    const startedMs = container?.startedMs;
    return {
      DockerId: container?.id,
      Name: name,
      DockerName: name,
      Image: wanted?.image,
      ImageID: `sha256:${'0'.repeat(64)}`,
      Labels: {
        'com.amazonaws.ecs.cluster': description.cluster,
        'com.amazonaws.ecs.container-name': name,
        'com.amazonaws.ecs.task-arn': this.#arnOf(task),
        'com.amazonaws.ecs.task-definition-family': description.family,
        'com.amazonaws.ecs.task-definition-version': description.revision,
      },
      DesiredStatus: 'RUNNING',
      KnownStatus: startedMs === undefined ? 'PENDING' : 'RUNNING',
      // Fargate gives a container without a setting the smallest share, 2 units.
      Limits: {
        CPU: wanted?.cpu ?? 2,
        ...(wanted?.memoryMiB === undefined ? {} : { Memory: wanted.memoryMiB }),
      },
      CreatedAt: new Date(container?.createdMs ?? 0).toISOString(),
      ...(startedMs === undefined ? {} : { StartedAt: new Date(startedMs).toISOString() }),
      Type: 'NORMAL',
      ContainerARN: `${this.#arnOf(task).replace(':task/', ':container/')}/${container?.id ?? ''}`,
      ...(wanted === undefined || wanted.ports.length === 0
        ? {}
        : { Ports: wanted.ports.map((port) => ({ ContainerPort: port, Protocol: 'tcp' })) }),
      Networks: [
        { NetworkMode: 'awsvpc', IPv4Addresses: [description.address], AttachmentIndex: 0 },
      ],
    };
  }

  /** Null for a container that does not run, as in the agent's answers. */
  #readStats(task: Task, name: string): object | null {
    const pid = task.description.containers.find((described) => described.name === name)?.pid;
    const container = task.containers.get(name);
    if (pid === undefined || container === undefined) return null;
    const now = readMoment(this.#clock);
    const ageMs = now.elapsedMs - (container.last?.at.elapsedMs ?? -Infinity);
    if (container.last === undefined || ageMs >= READ_INTERVAL_MS) {
      const reading = readProcess(pid, now);
      if (reading === undefined) return null;
      container.before = container.last;
      container.last = reading;
    }
    return toDockerStats(container.id, name, container.last, container.before);
  }
}

/** A container's id has Fargate's form: the task's id, a dash, ten digits. */
function makeContainer(taskId: string, createdMs: number): Container {
  const id = `${taskId}-${String(randomInt(1e9, 4e9)).padStart(10, '0')}`;
  return { id, createdMs, startedMs: undefined, last: undefined, before: undefined };
}
