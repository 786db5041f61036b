/** The services of a deployment in ECS: how they stand, why tasks stopped, and how many run. */
import type * as sdkTypes from '@aws-sdk/client-ecs';
import type { Service, Task } from '@aws-sdk/client-ecs';
import type { OperatorSession } from './session.ts';
import { findTaskRemedy } from './remedies.ts';

type Sdk = typeof sdkTypes;

/** DescribeServices takes ten. */
const SERVICES_BATCH = 10;
/** Tasks of a service that are looked at; ECS shows those that stopped within the last hour. */
const TASKS_MAX = 100;

export class ServicesApi {
  readonly #session: OperatorSession;
  readonly #sdk: Sdk;
  readonly #client: InstanceType<Sdk['ECSClient']>;

  static async open(session: OperatorSession): Promise<ServicesApi> {
    const sdk = await import('@aws-sdk/client-ecs');
    return new ServicesApi(session, sdk, session.adopt(new sdk.ECSClient(session.clientOptions())));
  }

  private constructor(session: OperatorSession, sdk: Sdk, client: InstanceType<Sdk['ECSClient']>) {
    this.#session = session;
    this.#sdk = sdk;
    this.#client = client;
  }

  /** @param arns  of services of one account; those that are gone are left out */
  async describe(arns: readonly string[]): Promise<Service[]> {
    const found: Service[] = [];
    for (const cluster of new Set(arns.map(clusterOf))) {
      const own = arns.filter((arn) => clusterOf(arn) === cluster);
      for (let at = 0; at < own.length; at += SERVICES_BATCH) {
        const command = new this.#sdk.DescribeServicesCommand({
          cluster,
          services: own.slice(at, at + SERVICES_BATCH),
        });
        const { services } = await this.#session.call('ecs:DescribeServices', (options) =>
          this.#client.send(command, options),
        );
        found.push(...(services ?? []).filter(({ status }) => status !== 'INACTIVE'));
      }
    }
    return found;
  }

  async listTasks(arn: string, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<Task[]> {
    const cluster = clusterOf(arn);
    const list = new this.#sdk.ListTasksCommand({
      cluster,
      desiredStatus,
      serviceName: arn.slice(arn.lastIndexOf('/') + 1),
      maxResults: TASKS_MAX,
    });
    const { taskArns = [] } = await this.#session.call('ecs:ListTasks', (options) =>
      this.#client.send(list, options),
    );
    if (taskArns.length === 0) return [];
    const describe = new this.#sdk.DescribeTasksCommand({ cluster, tasks: taskArns });
    const { tasks = [] } = await this.#session.call('ecs:DescribeTasks', (options) =>
      this.#client.send(describe, options),
    );
    return tasks;
  }

  /** Why the last task stopped since then; undefined where none did, or each was told to. */
  async explainLastStop(arn: string, sinceMs = 0): Promise<string | undefined> {
    const tasks = await this.listTasks(arn, 'STOPPED');
    const [last] = tasks
      .filter((task) => !isOrdinary(task) && stopMs(task) >= sinceMs)
      .toSorted((a, b) => stopMs(b) - stopMs(a));
    return last === undefined ? undefined : describeStop(last);
  }

  async setDesired(arn: string, desiredCount: number): Promise<void> {
    const command = new this.#sdk.UpdateServiceCommand({
      cluster: clusterOf(arn),
      service: arn,
      desiredCount,
    });
    await this.#session.call('ecs:UpdateService', (options) => this.#client.send(command, options));
  }
}

/** `arn:…:service/CLUSTER/NAME` */
function clusterOf(arn: string): string {
  return arn.split('/').at(-2) ?? 'default';
}

const stopMs = ({ stoppedAt, stoppingAt }: Task): number =>
  (stoppedAt ?? stoppingAt)?.getTime() ?? 0;

/** A service that is made smaller or replaced ends tasks, and so does a person. */
function isOrdinary({ stopCode }: Task): boolean {
  return stopCode === 'ServiceSchedulerInitiated' || stopCode === 'UserInitiated';
}

export function describeStop({ stoppedReason = '', containers = [] }: Task): string {
  const parts = containers.flatMap(({ name = '', exitCode, reason }) => {
    const code = exitCode === undefined || exitCode === 0 ? '' : ` exited with ${exitCode}`;
    const why = reason === undefined ? '' : `: ${reason}`;
    return code === '' && why === '' ? [] : [`${name}${code}${why}`];
  });
  const text = [stoppedReason, ...parts].filter((one) => one !== '').join('; ');
  const remedy = findTaskRemedy(text);
  const flat = text.replaceAll(/\s+/g, ' ');
  return remedy === undefined ? flat : `${flat} (${remedy})`;
}
