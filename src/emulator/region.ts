/**
 * The state of an account in one region: clusters, instances, queues, objects, parameters, traces,
 * logs, metrics, and the services that answer from it. Changes of tasks and instances are sent to
 * the subscribed queues in the form of EventBridge's events.
 */
import type { AccessRule } from './access.ts';
import { createAutoScaling } from './autoscaling/api.ts';
import { AutoScalingState } from './autoscaling/groups.ts';
import { createAmp } from './amp/api.ts';
import { AmpState, type WorkspaceDirectory } from './amp/state.ts';
import type { CloudParts } from './cloud-parts.ts';
import { createCloudFormation } from './cloudformation/api.ts';
import { CloudFormationState } from './cloudformation/state.ts';
import { createCloudMap } from './cloud-map/api.ts';
import { CloudMapStore } from './cloud-map/store.ts';
import { createCloudWatch } from './cloudwatch/api.ts';
import { CloudWatchState } from './cloudwatch/state.ts';
import { type Ec2Instance, Ec2State } from './ec2/state.ts';
import { ContainerInstances } from './container-instances.ts';
import { createEc2 } from './ec2/api.ts';
import { createEcs } from './ecs/api.ts';
import { CapacityProviders } from './ecs/capacity-providers.ts';
import { Registrar } from './ecs/registrar.ts';
import { EcsServices } from './ecs/services.ts';
import type { Cluster, Task } from './ecs/shapes.ts';
import { addressOfTask } from './ecs/task-network.ts';
import { EcsState } from './ecs/state.ts';
import { createEfs } from './efs/api.ts';
import { EfsState } from './efs/state.ts';
import { createElastiCache, ElastiCacheState } from './elasticache.ts';
import { createKafka, KafkaState } from './kafka.ts';
import { createRds, RdsState } from './rds.ts';
import { createLogs } from './logs/api.ts';
import { LogsState } from './logs/state.ts';
import { listTaskInterfaces } from './network-interfaces.ts';
import { createParameterStore } from './parameters.ts';
import { ObjectStore } from './s3.ts';
import { createSecretsManager } from './secrets.ts';
import type { AwsPlace, CallContext, JsonService } from './service.ts';
import { QueueService } from './sqs.ts';
import { createXray } from './xray/api.ts';
import { XrayState } from './xray/state.ts';

/** What the regions of an account, or of all accounts, share. */
export interface SharedParts {
  /** The services of the account that all its regions share. */
  readonly services: readonly JsonService[];
  readonly workspaces: WorkspaceDirectory;
}

export class EmulatedRegion {
  readonly place: AwsPlace;
  readonly cloud: CloudParts;
  readonly ecs: EcsState;
  readonly providers: CapacityProviders;
  readonly registrar: Registrar;
  readonly ecsServices: EcsServices;
  readonly ec2: Ec2State;
  readonly autoScaling: AutoScalingState;
  readonly efs: EfsState;
  readonly #containerInstances: ContainerInstances;
  readonly cloudMap: CloudMapStore;
  readonly cloudFormation: CloudFormationState;
  readonly kafka: KafkaState;
  readonly rds: RdsState;
  readonly elastiCache: ElastiCacheState;
  readonly queues: QueueService;
  readonly objects: ObjectStore;
  readonly xray: XrayState;
  readonly logs: LogsState;
  readonly cloudWatch = new CloudWatchState();
  readonly amp: AmpState;
  /** Names of the queues that receive changes of tasks and instances. */
  readonly subscribed = new Set<string>();
  /** By signing name. */
  readonly services: ReadonlyMap<string, JsonService>;

  constructor(place: AwsPlace, cloud: CloudParts, { services, workspaces }: SharedParts) {
    this.place = place;
    this.cloud = cloud;
    const { clock, stopping } = cloud;
    this.objects = new ObjectStore(place.region, () => clock.nowMs());
    this.xray = new XrayState(place, clock.nowMs());
    this.logs = new LogsState(place);
    this.logs.onEvent = (event) => this.cloudWatch.takeLogEvent(event);
    this.ecs = new EcsState(place, clock);
    const urlOf = (name: string): string => `${cloud.urlOf()}/${place.accountId}/${name}`;
    this.queues = new QueueService({ clock, urlOf, stopping });
    this.ecs.listeners.push((task, cluster) => this.#publishTask(task, cluster));
    this.providers = new CapacityProviders(this.ecs, (id) => this.autoScaling.groupOf(id));
    this.registrar = new Registrar({
      state: this.ecs,
      call: (...given) => cloud.call(this.asItself('ecs.amazonaws.com'), ...given),
      addressOf: (id) => this.ec2.instances.get(id)?.privateIpAddress,
      onFailure: (words, error) => cloud.warn(words, error),
    });
    this.ecsServices = new EcsServices(this.ecs, stopping);
    this.kafka = new KafkaState(place);
    this.rds = new RdsState(place);
    this.elastiCache = new ElastiCacheState(place);
    this.ec2 = new Ec2State(place, () => clock.nowMs());
    this.ecs.zoneOf = (id) => {
      const { instances, network } = this.ec2;
      const isSubnet = network.subnets.has(id);
      return isSubnet
        ? network.subnets.find(id).AvailabilityZone
        : instances.get(id)?.availabilityZone;
    };
    this.ec2.network.taskInterfaces = () => listTaskInterfaces(this.ecs.interfaces, this.ec2);
    this.ec2.onStateChange = (instance) => this.#noteInstance(instance);
    this.autoScaling = new AutoScalingState({
      place,
      ec2: (...given) => cloud.call(this.asItself('autoscaling.amazonaws.com'), 'ec2', ...given),
      nowMs: () => clock.nowMs(),
      onStart: () => this.providers.associate(),
    });
    this.efs = new EfsState({
      place,
      ec2: (...given) =>
        cloud.call(this.asItself('elasticfilesystem.amazonaws.com'), 'ec2', ...given),
      nowMs: () => clock.nowMs(),
    });
    this.#containerInstances = new ContainerInstances({
      find: (name) => this.ecs.clusters.get(name),
      mayRegister: (instance, cluster) => this.#mayRegister(instance, cluster),
      add: (cluster, { instanceId }) => {
        const { containerInstanceArn } = this.ecs.addInstance(cluster, instanceId);
        this.providers.associate();
        return () => {
          this.ecs.removeInstance(cluster, containerInstanceArn, 'The instance was terminated.');
        };
      },
    });
    this.ecs.onCluster = () => this.#containerInstances.join();
    this.cloudMap = new CloudMapStore(place, clock);
    this.amp = new AmpState(place, workspaces, () => cloud.nowMs());
    this.cloudFormation = new CloudFormationState(place, cloud);
    this.services = new Map(
      [...this.#createServices(), ...services].map(
        (service) => [service.signingName, service] as const,
      ),
    );
  }

  /** The services that are tables of actions. */
  #createServices(): readonly JsonService[] {
    const { place, cloud } = this;
    const nowMs = (): number => cloud.nowMs();
    const profileRoleOf = (profile: string): string | undefined => cloud.profileRoleOf(profile);
    const ec2 = createEc2(this.ec2, profileRoleOf);
    const launchNeeds: AccessRule = (...given) => ec2.access?.['RunInstances']?.(...given) ?? [];
    return [
      createCloudMap(this.cloudMap),
      createCloudFormation({
        state: this.cloudFormation,
        objects: this.objects,
        mayRead: (context, resource) =>
          cloud.authorize(context, { action: 's3:GetObject', resource }) === undefined,
        urlOf: () => cloud.urlOf(),
      }),
      createParameterStore(place, cloud.clock),
      createSecretsManager(place, cloud.clock),
      createEcs({
        state: this.ecs,
        services: this.ecsServices,
        providers: this.providers,
        registrar: this.registrar,
      }),
      ec2,
      createEfs(this.efs),
      createAutoScaling(this.autoScaling, { launchNeeds, profileRoleOf }),
      createLogs(this.logs, nowMs),
      createCloudWatch(this.cloudWatch, place, nowMs),
      this.queues.service(),
      createXray(this.xray, { nowMs, trouble: cloud.trouble }),
      createKafka(this.kafka),
      createRds(this.rds),
      createElastiCache(this.elastiCache),
      createAmp(this.amp, () => cloud.urlOf()),
    ];
  }

  /** What AWS does by itself, in the name of one of its services. */
  readonly asItself = (arn: string): CallContext => {
    const { accountId, region } = this.place;
    return { caller: { accountId, arn, userId: arn }, region, headers: {} };
  };

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

  /** The instance that has an address, or a task with it. */
  instanceAt(address: string): Ec2Instance | undefined {
    for (const one of this.ec2.instances.values())
      if (one.privateIpAddress === address && one.state === 'running') return one;
    for (const { tasks, instances } of this.ecs.clusters.values())
      for (const { task } of tasks.values())
        if (task.lastStatus !== 'STOPPED' && addressOfTask(task) === address)
          return this.ec2.instances.get(
            instances.get(task.containerInstanceArn ?? '')?.ec2InstanceId ?? '',
          );
    return undefined;
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

  #noteInstance(instance: Ec2Instance): void {
    const { instanceId, profileArn, state } = instance;
    const { instanceProfiles } = this.cloud;
    if (state === 'terminated') instanceProfiles.delete(instanceId);
    else if (profileArn !== undefined) instanceProfiles.set(instanceId, profileArn);
    this.#publishInstance(instance);
    this.#containerInstances.note(instance);
    if (state === 'terminated') this.autoScaling.noteEnd(instanceId);
  }

  /** ECS's agent has the role of the instance's profile; without one it can register nothing. */
  #mayRegister({ instanceId, profileArn }: Ec2Instance, { clusterArn }: Cluster): boolean {
    if (profileArn === undefined) return false;
    const { cloud, place } = this;
    const name = profileArn.split('/').at(-1) ?? '';
    const roleArn = cloud.instanceRoleOf(instanceId) ?? cloud.roleArnOf(name);
    const caller = cloud.openSession(roleArn, instanceId);
    const context = { caller, region: place.region, headers: {} };
    const need = { action: 'ecs:RegisterContainerInstance', resource: clusterArn };
    return cloud.authorize(context, need) === undefined;
  }

  #publishInstance({ instanceId, state }: Ec2Instance): void {
    const arn = `arn:aws:ec2:${this.place.region}:${this.place.accountId}:instance/${instanceId}`;
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
      account: this.place.accountId,
      time: new Date(this.cloud.clock.nowMs()).toISOString(),
      region: this.place.region,
      resources: [resource],
      detail,
    });
    for (const name of this.subscribed) this.queues.send(name, event);
  }
}
