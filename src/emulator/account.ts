/**
 * The state of an emulated account except for parameters, secrets and Cloud Map: clusters,
 * instances, queues, objects, traces, logs, metrics, identities, and the trouble that calls meet.
 * Changes of tasks and instances are sent to the subscribed queues in the form of EventBridge's
 * events.
 */
import type { Clock } from '../kernel/clock.ts';
import { CloudWatchState } from './cloudwatch/state.ts';
import { type Ec2Instance, Ec2State } from './ec2/state.ts';
import type { Cluster, Task } from './ecs/shapes.ts';
import { CapacityProviders } from './ecs/capacity-providers.ts';
import { type OwnCall, Registrar } from './ecs/registrar.ts';
import { Services } from './ecs/services.ts';
import { EcsState } from './ecs/state.ts';
import { QueueService } from './sqs.ts';
import type { AwsCredentials } from '../aws/signing.ts';
import { Identities } from './identities.ts';
import { KafkaState } from './kafka.ts';
import { LogsState } from './logs/state.ts';
import { ObjectStore } from './s3.ts';
import { Trouble } from './trouble.ts';
import { XrayState } from './xray/state.ts';

export class EmulatedAccount {
  readonly ecs: EcsState;
  readonly providers: CapacityProviders;
  readonly registrar: Registrar;
  readonly ecsServices: Services;
  readonly ec2: Ec2State;
  readonly kafka: KafkaState;
  readonly queues: QueueService;
  readonly objects: ObjectStore;
  readonly xray: XrayState;
  readonly logs: LogsState;
  readonly cloudWatch = new CloudWatchState();
  readonly identities: Identities;
  readonly trouble: Trouble;
  /** Names of the queues that receive changes of tasks and instances. */
  readonly subscribed = new Set<string>();
  /** Calls by action, since the last `takeCalls`. */
  readonly #calls = new Map<string, number>();
  readonly #clock: Clock;
  /** The URL of the emulator, of which the URLs of queues are made. */
  urlOf: () => string = () => '';
  ownCall: OwnCall = () => Promise.reject(new Error('the emulator has not started'));
  onFailure: (words: string, error: unknown) => void = () => undefined;

  /** @param credentials  the long-lived keys that the emulator accepts */
  constructor(region: string, clock: Clock, credentials: AwsCredentials) {
    this.identities = new Identities(credentials);
    this.objects = new ObjectStore(region, () => clock.nowMs());
    this.#clock = clock;
    this.xray = new XrayState(region, clock.nowMs());
    this.logs = new LogsState(region);
    this.logs.onEvent = (event) => this.cloudWatch.takeLogEvent(event);
    this.ecs = new EcsState(region, clock);
    this.queues = new QueueService(clock, (name) => `${this.urlOf()}/000000000000/${name}`);
    this.trouble = new Trouble(clock);
    this.ecs.listeners.push((task, cluster) => this.#publishTask(task, cluster));
    this.providers = new CapacityProviders(this.ecs);
    this.registrar = new Registrar({
      state: this.ecs,
      call: (...given) => this.ownCall(...given),
      addressOf: (id) => this.ec2.instances.get(id)?.privateIpAddress,
      onFailure: (words, error) => this.onFailure(words, error),
    });
    this.ecsServices = new Services(this.ecs);
    this.kafka = new KafkaState(region);
    this.ec2 = new Ec2State(region);
    this.ec2.onStateChange = (instance) => this.#publishInstance(instance);
  }

  count(action: string): void {
    this.#calls.set(action, (this.#calls.get(action) ?? 0) + 1);
  }

  takeCalls(): Record<string, number> {
    const calls = Object.fromEntries(this.#calls);
    this.#calls.clear();
    return calls;
  }

  /** Puts an instance into a cluster; `mi-…` is one of ECS Anywhere, which EC2 does not know. */
  addInstance(
    cluster: Cluster,
    id: string,
    address: string,
    tags: Record<string, string> = {},
  ): void {
    if (!id.startsWith('mi-')) this.ec2.put({ instanceId: id, privateIpAddress: address, tags });
    this.ecs.addInstance(cluster, id);
  }

  #publishTask(task: Task, cluster: Cluster): void {
    const { startedAt, stoppedAt, createdAt, ...rest } = task;
    const iso = (seconds: number | undefined): string | undefined =>
      seconds === undefined ? undefined : new Date(seconds * 1_000).toISOString();
    this.#publish('aws.ecs', 'ECS Task State Change', task.taskArn, {
      ...rest,
      clusterArn: cluster.clusterArn,
      createdAt: iso(createdAt),
      startedAt: iso(startedAt),
      stoppedAt: iso(stoppedAt),
    });
  }

  #publishInstance({ instanceId, state }: Ec2Instance): void {
    const arn = `arn:aws:ec2:${this.ec2.region}:000000000000:instance/${instanceId}`;
    const detail = { 'instance-id': instanceId, state };
    this.#publish('aws.ec2', 'EC2 Instance State-change Notification', arn, detail);
  }

  #publish(source: string, kind: string, resource: string, detail: object): void {
    if (this.subscribed.size === 0) return;
    const event = JSON.stringify({
      version: '0',
      id: crypto.randomUUID(),
      'detail-type': kind,
      source,
      account: '000000000000',
      time: new Date(this.#clock.nowMs()).toISOString(),
      region: this.ec2.region,
      resources: [resource],
      detail,
    });
    for (const name of this.subscribed) this.queues.send(name, event);
  }
}
