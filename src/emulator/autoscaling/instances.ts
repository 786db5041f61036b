/**
 * Starts and ends the instances of a group until it has as many as are wanted, by calls of EC2 as
 * Auto Scaling. What fails is an activity of the group; the next change of it tries again.
 * Limit: ACTIVITIES_MAX activities of a group are told; older ones are forgotten.
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type AwsInput, type AwsPlace } from '../service.ts';
import type { LaunchConfigurations } from './launch-configurations.ts';
import { readScalingName } from './requests.ts';
import type {
  Activity,
  ScalingGroup,
  GroupInstance,
  LaunchSource,
  LaunchTemplateName,
} from './shapes.ts';

const ACTIVITIES_MAX = 100;

export interface GroupEdges {
  readonly place: AwsPlace;
  /** Calls EC2 as Auto Scaling. */
  readonly ec2: (action: string, input: AwsInput) => Promise<Readonly<Record<string, unknown>>>;
  readonly nowMs: () => number;
  /** Called after an instance of a group was started. */
  readonly onStart: () => void;
}

export class GroupScaling {
  readonly #edges: GroupEdges;
  readonly #configurations: LaunchConfigurations;

  constructor(edges: GroupEdges, configurations: LaunchConfigurations) {
    this.#edges = edges;
    this.#configurations = configurations;
  }

  /** Does one thing after the other to a group. */
  inTurn<Result>(group: ScalingGroup, act: () => Promise<Result>): Promise<Result> {
    const turn = group.work.then(act);
    group.work = turn.catch(() => undefined);
    return turn;
  }

  /** Until the group has the instances that are wanted, or one cannot be started. */
  settle(group: ScalingGroup): Promise<void> {
    return this.inTurn(group, async () => {
      const { suspended, instances } = group;
      let isStarting = !suspended.has('Launch');
      while (isStarting && instances.size < group.settings.DesiredCapacity)
        isStarting = await this.#start(group);
      while (!suspended.has('Terminate') && instances.size > group.settings.DesiredCapacity) {
        const next = chooseEnded(group);
        if (next === undefined) return;
        await this.end(group, next, 'a difference between desired and actual capacity');
      }
    });
  }

  async #start(group: ScalingGroup): Promise<boolean> {
    const { settings, AutoScalingGroupName } = group;
    const subnetId = chooseSubnet(group);
    const cause = 'an instance was started in response to a difference between desired and actual';
    try {
      const tags = [...group.tags.values()].filter((tag) => tag.PropagateAtLaunch);
      const answer = await this.#edges.ec2('RunInstances', {
        ...this.#launchInput(settings),
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnetId,
        TagSpecifications: [
          {
            ResourceType: 'instance',
            Tags: [
              { Key: 'aws:autoscaling:groupName', Value: AutoScalingGroupName },
              ...tags.map(({ Key, Value }) => ({ Key, Value })),
            ],
          },
        ],
      });
      const [made = {}] = answer['Instances'] as AwsInput[];
      const id = String(made['InstanceId']);
      group.instances.set(id, {
        InstanceId: id,
        InstanceType: String(made['InstanceType']),
        AvailabilityZone: String((made['Placement'] as AwsInput)['AvailabilityZone']),
        subnetId,
        source: sourceOf(settings),
        LifecycleState: 'InService',
        HealthStatus: 'Healthy',
        ProtectedFromScaleIn: settings.NewInstancesProtectedFromScaleIn,
      });
      this.#edges.onStart();
      this.#note(group, `Launching a new EC2 instance: ${id}`, cause, { subnetId });
      return true;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const failed = `${error.message}. Launching EC2 instance failed.`;
      this.#note(group, 'Launching a new EC2 instance', cause, { subnetId, failed });
      return false;
    }
  }

  /** Ends an instance of the group. */
  async end(group: ScalingGroup, instance: GroupInstance, cause: string): Promise<Activity> {
    const { InstanceId, subnetId } = instance;
    group.instances.delete(InstanceId);
    await this.#edges.ec2('TerminateInstances', { InstanceIds: [InstanceId] });
    return this.#note(
      group,
      `Terminating EC2 instance: ${InstanceId}`,
      `an instance was taken out of service in response to ${cause}`,
      { subnetId },
    );
  }

  #note(
    group: ScalingGroup,
    Description: string,
    what: string,
    { subnetId, failed }: { readonly subnetId: string; readonly failed?: string },
  ): Activity {
    const { AutoScalingGroupName, AutoScalingGroupARN, activities } = group;
    const at = new Date(this.#edges.nowMs()).toISOString();
    const activity: Activity = {
      ActivityId: randomUUID(),
      AutoScalingGroupName,
      AutoScalingGroupARN,
      Description,
      Cause: `At ${at} ${what}.`,
      StartTime: at,
      EndTime: at,
      StatusCode: failed === undefined ? 'Successful' : 'Failed',
      ...(failed === undefined ? {} : { StatusMessage: failed }),
      Progress: 100,
      Details: JSON.stringify({ 'Subnet ID': subnetId }),
    };
    activities.unshift(activity);
    if (activities.length > ACTIVITIES_MAX) activities.pop();
    return activity;
  }

  #launchInput(source: LaunchSource): AwsInput {
    if (source.LaunchConfigurationName !== undefined)
      return this.#configurations.launchInput(source.LaunchConfigurationName);
    const { template, overrides } = readMixed(source);
    return { LaunchTemplate: template, ...overrides };
  }
}

function sourceOf(settings: LaunchSource): LaunchSource {
  const { LaunchConfigurationName, LaunchTemplate, MixedInstancesPolicy } = settings;
  return { LaunchConfigurationName, LaunchTemplate, MixedInstancesPolicy };
}

/** The template of a group, and the first of the overrides that a policy of mixed ones has. */
export function readMixed({ LaunchTemplate, MixedInstancesPolicy }: LaunchSource): {
  readonly template: LaunchTemplateName | undefined;
  readonly overrides: AwsInput;
} {
  if (MixedInstancesPolicy === undefined) return { template: LaunchTemplate, overrides: {} };
  const mixed = (MixedInstancesPolicy['LaunchTemplate'] ?? {}) as AwsInput;
  const template = mixed['LaunchTemplateSpecification'] as AwsInput | undefined;
  const [first = {}] = (mixed['Overrides'] ?? []) as readonly AwsInput[];
  const type = readScalingName(first, 'InstanceType');
  return {
    template: template && {
      LaunchTemplateId: readScalingName(template, 'LaunchTemplateId'),
      LaunchTemplateName: readScalingName(template, 'LaunchTemplateName'),
      Version: readScalingName(template, 'Version') ?? '$Default',
    },
    overrides: type === undefined ? {} : { InstanceType: type },
  };
}

/** The subnet of the group with the fewest instances. */
function chooseSubnet({ settings, instances }: ScalingGroup): string {
  const count = (subnet: string): number =>
    [...instances.values()].filter(({ subnetId }) => subnetId === subnet).length;
  const sorted = settings.subnets.toSorted((one, other) => count(one) - count(other));
  return sorted[0] ?? '';
}

/** The oldest one of the zone with the most that is not protected; undefined where all are. */
function chooseEnded({ instances }: ScalingGroup): GroupInstance | undefined {
  const all = [...instances.values()];
  const count = (zone: string): number =>
    all.filter(({ AvailabilityZone }) => AvailabilityZone === zone).length;
  return all
    .filter(({ ProtectedFromScaleIn }) => !ProtectedFromScaleIn)
    .toSorted((one, other) => count(other.AvailabilityZone) - count(one.AvailabilityZone))[0];
}
