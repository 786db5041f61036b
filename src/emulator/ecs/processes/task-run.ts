/**
 * One task whose containers are local processes, from PROVISIONING to STOPPED: secrets, logs and
 * volumes first, then the containers in the order of their `dependsOn`; it ends when it is told to,
 * or when an essential container ends.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
import { describeError } from '../../../kernel/errors.ts';
import type { ContainerDefinition, Task, TaskDefinition } from '../shapes.ts';
import type { EcsState, StopReason } from '../state.ts';
import { UNHEALTHY } from '../services.ts';
import { Container, type ContainerPlan } from './container.ts';
import type { LineSink } from './log-lines.ts';
import type { Watchdog } from './watchdog.ts';

export interface TaskRunParts {
  readonly state: EcsState;
  readonly task: Task;
  readonly definition: TaskDefinition;
  readonly watchdog: Watchdog;
  /** Reads secrets, makes folders. @throws Error with the reason of a task that does not start */
  readonly prepare: () => Promise<(container: ContainerDefinition) => ContainerPlan>;
  /** @throws Error with the reason of a task that does not start */
  readonly openLog: (container: ContainerDefinition) => Promise<LineSink>;
  /** Tells the metadata endpoint of the processes. */
  readonly tellPids: (pids: ReadonlyMap<string, number | undefined>) => void;
  /** Resolves when the registries of services know that the task stops. */
  readonly deregistered: () => Promise<void>;
  /** Removes what was of the task alone. */
  readonly clean: () => void;
}

const START_SECONDS = 180;

export class TaskRun {
  readonly #parts: TaskRunParts;
  #containers: readonly Container[] = [];
  #sinks: readonly LineSink[] = [];
  readonly #changed = new EventTarget();
  #starting: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(parts: TaskRunParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#starting = this.#begin().catch((error: unknown) => {
      const { state, task } = this.#parts;
      state.stop(task, { stopCode: 'TaskFailedToStart', stoppedReason: describeError(error) });
    });
  }

  /** @param mostSeconds  limit of the time that containers have to end */
  stop(mostSeconds?: number): Promise<void> {
    this.#stopping ??= this.#end(mostSeconds);
    return this.#stopping;
  }

  kill(): void {
    for (const container of this.#containers) container.signal('SIGKILL');
  }

  get #isStopping(): boolean {
    return this.#parts.task.desiredStatus === 'STOPPED';
  }

  async #begin(): Promise<void> {
    const { state, task, definition, prepare, openLog, watchdog } = this.#parts;
    // The answer to the call that starts a task comes before.
    await Promise.resolve();
    if (this.#isStopping) return;
    state.change(task, { lastStatus: 'PENDING' });
    const plan = await prepare();
    const all: Container[] = [];
    const sinks: LineSink[] = [];
    this.#sinks = sinks;
    for (const one of definition.containerDefinitions) {
      const planned = plan(one);
      const sink = await openLog(one);
      sinks.push(sink);
      const container = new Container(
        planned,
        { clock: state.clock, watchdog, sink },
        {
          onStart: () => this.#follow(container),
          onExit: () => this.#follow(container),
          onHealth: () => this.#follow(container),
        },
      );
      all.push(container);
    }
    if (this.#isStopping) return;
    this.#containers = all;
    await Promise.all(all.map((container) => this.#startInOrder(container)));
    if (this.#isStopping) return;
    state.change(task, { lastStatus: 'ACTIVATING' });
    state.change(task, { lastStatus: 'RUNNING', startedAt: state.nowSeconds });
    this.#tellHealth();
  }

  /** @throws Error where a container that it depends on does not get so far in time */
  async #startInOrder(container: Container): Promise<void> {
    const { dependsOn = [], startTimeout = START_SECONDS } = container.plan.definition;
    for (const { containerName, condition } of dependsOn) {
      const other = this.#containers.find(({ name }) => name === containerName);
      if (other !== undefined) await this.#waitFor(other, condition, startTimeout);
      if (this.#isStopping) return;
    }
    container.start();
  }

  async #waitFor(other: Container, condition: string, seconds: number): Promise<void> {
    const { clock } = this.#parts.state;
    const endMs = clock.elapsedMs() + seconds * 1_000;
    for (;;) {
      const { exitCode, hasStarted, health, name } = other;
      const isMet =
        condition === 'START'
          ? hasStarted
          : condition === 'HEALTHY'
            ? health === 'HEALTHY'
            : exitCode !== undefined && (condition === 'COMPLETE' || exitCode === 0);
      if (isMet || this.#isStopping) return;
      const isOver = clock.elapsedMs() >= endMs || exitCode !== undefined || health === 'UNHEALTHY';
      if (isOver) throw new Error(`dependency ${name} was not ${condition} within ${seconds} s`);
      await this.#nextChange(endMs - clock.elapsedMs());
    }
  }

  /** Resolves at the next change of a container, or after so long. */
  async #nextChange(mostMs: number): Promise<void> {
    const over = new AbortController();
    this.#changed.addEventListener('change', () => over.abort(), { once: true });
    await this.#parts.state.clock.sleep(mostMs, over.signal).catch(() => undefined);
  }

  #follow(container: Container): void {
    const { state, task, tellPids } = this.#parts;
    this.#changed.dispatchEvent(new Event('change'));
    const shown = task.containers.find(({ name }) => name === container.name);
    if (shown !== undefined) {
      shown.healthStatus = container.health;
      shown.lastStatus = container.exitCode === undefined ? 'RUNNING' : 'STOPPED';
      if (container.exitCode !== undefined) shown.exitCode = container.exitCode;
    }
    tellPids(new Map(this.#containers.map(({ name, pid }) => [name, pid])));
    if (container.exitCode !== undefined && container.isEssential)
      state.stop(task, {
        stopCode: task.lastStatus === 'RUNNING' ? 'EssentialContainerExited' : 'TaskFailedToStart',
        stoppedReason: 'Essential container in task exited',
      });
    else this.#tellHealth();
  }

  /** Of essential containers: one that is not healthy decides, then one that is not known. */
  #tellHealth(): void {
    const { state, task } = this.#parts;
    const checked = this.#containers.filter(
      ({ isEssential, plan }) => isEssential && plan.definition.healthCheck !== undefined,
    );
    if (checked.length === 0 || task.lastStatus !== 'RUNNING' || this.#isStopping) return;
    const order = ['UNHEALTHY', 'UNKNOWN', 'HEALTHY'];
    const healthStatus = order.find((one) => checked.some(({ health }) => health === one));
    if (healthStatus === undefined || healthStatus === task.healthStatus) return;
    const shown = task.containers.map((one) => one.healthStatus);
    state.change(task, { healthStatus });
    task.containers.forEach((one, index) => (one.healthStatus = shown[index] ?? 'UNKNOWN'));
    if (healthStatus === 'UNHEALTHY' && task.group.startsWith('service:'))
      state.stop(task, UNHEALTHY satisfies StopReason);
  }

  async #end(mostSeconds: number | undefined): Promise<void> {
    const { state, task, deregistered, clean, tellPids } = this.#parts;
    await Promise.resolve();
    this.#changed.dispatchEvent(new Event('change'));
    state.change(task, { lastStatus: 'DEACTIVATING' });
    // Nobody is to find a task that is told to end.
    await deregistered();
    state.change(task, { lastStatus: 'STOPPING' });
    await this.#starting;
    await Promise.all(
      this.#containers.map((container) => this.#stopInOrder(container, mostSeconds)),
    );
    for (const sink of this.#sinks) await sink.close();
    state.change(task, { lastStatus: 'DEPROVISIONING' });
    tellPids(new Map());
    clean();
    state.change(task, { lastStatus: 'STOPPED', stoppedAt: state.nowSeconds });
  }

  /** Containers that depend on others stop before these. */
  async #stopInOrder(container: Container, mostSeconds: number | undefined): Promise<void> {
    const dependents = this.#containers.filter(({ plan }) =>
      plan.definition.dependsOn?.some(({ containerName }) => containerName === container.name),
    );
    await Promise.all(dependents.map((one) => this.#stopInOrder(one, mostSeconds)));
    await container.stop(mostSeconds);
  }
}
