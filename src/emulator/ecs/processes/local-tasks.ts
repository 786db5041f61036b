/**
 * Tasks as local processes: gives each an address of the loopback, starts its containers, and ends
 * them all with the emulator.
 * Limit: TASKS_MAX tasks at a time; more do not start.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Component } from '../../../kernel/component.ts';
import { describeError } from '../../../kernel/errors.ts';
import { makeFolders } from '../../../kernel/folders.ts';
import type { World } from '../../../kernel/world.ts';
import type { AwsInput } from '../../service.ts';
import type { ContainerDefinition, Task, TaskDefinition } from '../shapes.ts';
import type { EcsState, TaskRunner } from '../state.ts';
import { addressOfTask } from '../task-network.ts';
import type { ContainerPlan } from './container.ts';
import type { Images } from './images.ts';
import { type LineSink, openAwslogs, openLineFile } from './log-lines.ts';
import { isLoopback, LoopbackAddresses } from './loopback.ts';
import { readContainerSecrets } from './secret-values.ts';
import { planContainer } from './task-plan.ts';
import { TaskRun } from './task-run.ts';
import type { ContainerView } from './view-text.ts';
import { mountVolumes } from './volumes.ts';
import { Watchdog } from './watchdog.ts';

/** What the tasks of a region need of what is around ECS. */
export interface TaskSurroundings {
  readonly region: string;
  readonly state: EcsState;
  readonly urlOf: () => string;
  /** Calls a service as a role; as ECS itself where there is none. */
  readonly callAs: (
    roleArn: string | undefined,
    signingName: string,
    action: string,
    input: AwsInput,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when the registries know all changes. */
  readonly deregistered: () => Promise<void>;
  /** The path of the credentials of a task with this role. */
  readonly credentialsPath: (taskId: string, roleArn: string) => string;
  /** Tells the metadata endpoint of a task. @returns the address by container */
  readonly describe: (taskId: string, task: object) => ReadonlyMap<string, string>;
  readonly forget: (taskId: string) => void;
  /** The private address of an instance. */
  readonly addressOf: (instanceId: string) => string | undefined;
  readonly setAddress: (instanceId: string, address: string) => void;
}

export interface LocalTasksOptions {
  readonly world: Pick<World, 'log' | 'metrics' | 'clock'>;
  readonly images: Images;
  /** This program: Node and its main file. */
  readonly ownLine: readonly string[];
  /** Folder of the file systems and of tasks; a temporary one by default. */
  readonly folder?: string;
}

const TASKS_MAX = 200;
/** How long containers have to end when the emulator ends. */
const END_SECONDS = 5;

export class LocalTasks implements Component {
  readonly name = 'tasks';
  readonly #options: LocalTasksOptions;
  readonly #addresses = new LoopbackAddresses();
  readonly #watchdog = new Watchdog();
  readonly #runs = new Map<string, TaskRun>();
  readonly #onLost: (lines: number, error?: unknown) => void;
  #folder = '';
  #isStopping = false;

  constructor(options: LocalTasksOptions) {
    this.#options = options;
    const { log, metrics } = options.world;
    const lost = metrics.counter(
      'emulator_task_log_lines_lost_total',
      'Lines of containers that did not get into CloudWatch Logs.',
    );
    this.#onLost = (lines, error) => {
      lost.inc(lines);
      log.warn('lines of a container are not in CloudWatch Logs', { lines, error });
    };
    const running = metrics.gauge('emulator_tasks', 'Tasks that are local processes.');
    metrics.onCollect(() => running.set(this.#runs.size));
  }

  async start(): Promise<void> {
    await this.#addresses.check();
    const { folder } = this.#options;
    if (folder !== undefined) makeFolders(folder);
    this.#folder = folder ?? mkdtempSync(path.join(tmpdir(), 'amperage-tasks-'));
    this.#watchdog.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    // Services replace the tasks that end.
    this.#isStopping = true;
    const seconds = Math.min(END_SECONDS, deadlineMs / 2_000);
    const ended = Promise.all([...this.#runs.values()].map((run) => run.stop(seconds)));
    const timer = setTimeout(() => {
      for (const run of this.#runs.values()) run.kill();
    }, deadlineMs * 0.75);
    await ended;
    clearTimeout(timer);
    this.#watchdog.stop();
    if (this.#options.folder === undefined && this.#folder !== '')
      rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Makes the tasks of a region processes from now on. */
  attach(around: TaskSurroundings): void {
    const runner: TaskRunner = {
      chooseAddress: () => this.#addresses.next(),
      start: (task, definition) => this.#start(around, task, definition),
      stop: (task, mostSeconds) => void this.#runs.get(task.taskArn)?.stop(mostSeconds),
    };
    around.state.runner = runner;
  }

  #start(around: TaskSurroundings, task: Task, definition: TaskDefinition): void {
    if (this.#isStopping) return;
    const { state } = around;
    const taskId = idOf(task);
    const folder = path.join(this.#folder, 'tasks', taskId);
    const run = new TaskRun({
      state,
      task,
      definition,
      watchdog: this.#watchdog,
      prepare: () => this.#prepare(around, task, definition, folder),
      openLog: (container) => this.#openLog(around, { task, definition, container, folder }),
      tellPids: (pids) => void describeTask(around, task, definition, pids),
      deregistered: around.deregistered,
      clean: () => {
        this.#tellFailure(task);
        this.#runs.delete(task.taskArn);
        around.forget(taskId);
        rmSync(folder, { recursive: true, force: true });
      },
    });
    const isFull = this.#runs.size >= TASKS_MAX;
    this.#runs.set(task.taskArn, run);
    if (!isFull) return run.start();
    const stoppedReason = `there are ${TASKS_MAX} tasks as processes already`;
    state.stop(task, { stopCode: 'TaskFailedToStart', stoppedReason });
  }

  /** A stack that is taken back takes the task with it, and the reason. */
  #tellFailure({ taskArn, group, stopCode, stoppedReason, containers }: Task): void {
    const isFailed =
      stopCode === 'TaskFailedToStart' ||
      (stopCode === 'EssentialContainerExited' && group.startsWith('service:'));
    if (this.#isStopping || !isFailed) return;
    const exitCodes = containers.flatMap(({ name, exitCode }) =>
      exitCode === undefined ? [] : [`${name}=${exitCode}`],
    );
    const exits = exitCodes.length === 0 ? {} : { exitCodes: exitCodes.join() };
    const told = { task: taskArn.split(':').at(-1), group, reason: stoppedReason, ...exits };
    this.#options.world.log.warn('a task did not stay up', told);
  }

  async #prepare(
    around: TaskSurroundings,
    task: Task,
    definition: TaskDefinition,
    folder: string,
  ): Promise<(container: ContainerDefinition) => ContainerPlan> {
    makeFolders(folder);
    const { images, ownLine } = this.#options;
    for (const { image } of definition.containerDefinitions) images.find(image);
    const secrets = await readContainerSecrets(definition, (...call) =>
      around.callAs(executionRoleOf(task, definition), ...call),
    );
    const address = this.#addressOf(around, task, definition);
    const uris = describeTask(around, task, definition, new Map());
    const places = { task: folder, fileSystems: path.join(this.#folder, 'efs') };
    const roleArn = task.overrides.taskRoleArn ?? definition.taskRoleArn;
    const emulator = around.urlOf();
    const shared = {
      AWS_REGION: around.region,
      AWS_DEFAULT_REGION: around.region,
      AWS_ENDPOINT_URL: emulator,
      AWS_EXECUTION_ENV: task.launchType === 'FARGATE' ? 'AWS_ECS_FARGATE' : 'AWS_ECS_EC2',
      // The metadata of an instance are not for tasks of Fargate.
      ...(task.launchType === 'FARGATE' ? { AWS_EC2_METADATA_DISABLED: 'true' } : {}),
      ...(roleArn === undefined
        ? {}
        : {
            AWS_CONTAINER_CREDENTIALS_FULL_URI:
              emulator + around.credentialsPath(idOf(task), roleArn),
          }),
    };
    return (container) => {
      const view: ContainerView = {
        address,
        emulator,
        ports: boundPorts(task, container.name),
        mounts: mountVolumes(container, definition, places),
      };
      const uri = uris.get(container.name) ?? '';
      const given = {
        ...shared,
        ...secrets.get(container.name),
        ECS_CONTAINER_METADATA_URI_V4: uri,
        ECS_CONTAINER_METADATA_URI: uri,
      };
      return planContainer(container, { task, definition, images, ownLine, folder, given, view });
    };
  }

  async #openLog(
    { callAs }: TaskSurroundings,
    given: {
      readonly task: Task;
      readonly definition: TaskDefinition;
      readonly container: ContainerDefinition;
      readonly folder: string;
    },
  ): Promise<LineSink> {
    const { task, definition, container, folder } = given;
    const { logDriver, options = {} } = container.logConfiguration ?? {};
    if (logDriver === undefined || logDriver === 'json-file')
      return openLineFile(path.join(folder, `${container.name}.log`));
    if (logDriver !== 'awslogs')
      throw new Error(
        `the log driver ${logDriver} is not there for processes; awslogs and json-file are`,
      );
    const prefix = options['awslogs-stream-prefix'];
    const id = idOf(task);
    return openAwslogs({
      group: options['awslogs-group'] ?? '',
      stream:
        prefix === undefined ? `${container.name}/${id}` : `${prefix}/${container.name}/${id}`,
      isGroupCreated: options['awslogs-create-group'] === 'true',
      call: (action, input) => callAs(executionRoleOf(task, definition), 'logs', action, input),
      clock: this.#options.world.clock,
      onLost: this.#onLost,
    }).catch((error: unknown) => {
      throw new Error(
        'ResourceInitializationError: failed to validate logger args: failed to create ' +
          `Cloudwatch log stream: ${describeError(error)}`,
        { cause: error },
      );
    });
  }

  /** The address of the task, or of its instance, which gets one of the loopback. */
  #addressOf(around: TaskSurroundings, task: Task, definition: TaskDefinition): string {
    const own = definition.networkMode === 'awsvpc' ? addressOfTask(task) : undefined;
    if (own !== undefined) return own;
    const cluster = around.state.cluster(task.clusterArn);
    const instance = cluster.instances.get(task.containerInstanceArn ?? '')?.ec2InstanceId ?? '';
    const known = around.addressOf(instance);
    if (known !== undefined && isLoopback(known)) return known;
    const address = this.#addresses.next();
    around.setAddress(instance, address);
    return address;
  }
}

/** What the metadata endpoint tells of the task. */
function describeTask(
  around: TaskSurroundings,
  task: Task,
  definition: TaskDefinition,
  pids: ReadonlyMap<string, number | undefined>,
): ReadonlyMap<string, string> {
  const service = /^service:(.*)$/.exec(task.group)?.[1];
  const address = addressOfTask(task);
  return around.describe(idOf(task), {
    cluster: around.state.cluster(task.clusterArn).clusterName,
    family: definition.family,
    revision: String(definition.revision),
    availabilityZone: task.availabilityZone,
    ...(service === undefined ? {} : { serviceName: service }),
    launchType: task.launchType,
    ...(address === undefined ? {} : { address }),
    ...(definition.cpu === undefined ? {} : { cpu: Number(definition.cpu) / 1_024 }),
    ...(definition.memory === undefined ? {} : { memoryMiB: Number(definition.memory) }),
    containers: definition.containerDefinitions.map((one) => {
      const pid = pids.get(one.name);
      return {
        name: one.name,
        image: one.image,
        ...(pid === undefined ? {} : { pid }),
        ports: (one.portMappings ?? []).map(({ containerPort }) => containerPort),
        ...(one.cpu === undefined || one.cpu === 0 ? {} : { cpu: one.cpu }),
        ...(one.memory === undefined ? {} : { memoryMiB: one.memory }),
      };
    }),
  });
}

function boundPorts({ containers }: Task, name: string): Record<string, number> {
  const bindings = containers.find((one) => one.name === name)?.networkBindings ?? [];
  return Object.fromEntries(
    bindings
      .filter(({ containerPort, hostPort }) => containerPort !== hostPort)
      .map(({ containerPort, hostPort }) => [String(containerPort), hostPort]),
  );
}

const idOf = ({ taskArn }: Task): string => taskArn.split('/').at(-1) ?? '';

const executionRoleOf = (task: Task, definition: TaskDefinition): string | undefined =>
  task.overrides.executionRoleArn ?? definition.executionRoleArn;
