/**
 * The Auto Scaling groups of a region: their settings, and what is refused of them.
 * Limit: GROUPS_MAX groups, GROUP_SIZE_MAX instances of one.
 * Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type AwsInput } from '../service.ts';
import { type GroupEdges, GroupScaling, readMixed } from './instances.ts';
import { LaunchConfigurations } from './launch-configurations.ts';
import {
  invalidScaling,
  readScalingCount,
  readFlag,
  readGroupTags,
  readScalingName,
  readScalingNames,
  requireScalingName,
} from './requests.ts';
import type { ScalingGroup, GroupInstance, ScalingGroupSettings, LaunchSource } from './shapes.ts';

const GROUPS_MAX = 500;
const GROUP_SIZE_MAX = 1_000;

export class AutoScalingState {
  readonly groups = new Map<string, ScalingGroup>();
  readonly configurations: LaunchConfigurations;
  readonly scaling: GroupScaling;
  readonly edges: GroupEdges;

  constructor(edges: GroupEdges) {
    this.edges = edges;
    this.configurations = new LaunchConfigurations(edges.place, edges.nowMs);
    this.scaling = new GroupScaling(edges, this.configurations);
  }

  /** By name or ARN. @throws AwsError */
  find(nameOrArn: string): ScalingGroup {
    const name = nameOrArn.split('autoScalingGroupName/').at(-1) ?? '';
    const found = this.groups.get(name);
    if (found !== undefined) return found;
    throw invalidScaling('AutoScalingGroup name not found - AutoScalingGroup name not found');
  }

  /** @throws AwsError for an instance of no group */
  findInstance(id: string): readonly [ScalingGroup, GroupInstance] {
    for (const group of this.groups.values()) {
      const found = group.instances.get(id);
      if (found !== undefined) return [group, found];
    }
    throw invalidScaling(
      `Instance Id not found - No managed instance found for instance ID: ${id}`,
    );
  }

  /** The ARN of the group of an instance. */
  groupOf(id: string): string | undefined {
    return [...this.groups.values()].find(({ instances }) => instances.has(id))
      ?.AutoScalingGroupARN;
  }

  /** An instance that ended by itself is replaced. */
  noteEnd(id: string): void {
    for (const group of this.groups.values())
      if (group.instances.delete(id)) void this.scaling.settle(group).catch(() => undefined);
  }

  async create(input: AwsInput): Promise<ScalingGroup> {
    const AutoScalingGroupName = requireScalingName(input, 'AutoScalingGroupName');
    if (this.groups.has(AutoScalingGroupName))
      throw new AwsError(
        'AlreadyExists',
        'AutoScalingGroup by this name already exists - A group with the name ' +
          `${AutoScalingGroupName} already exists`,
      );
    if (this.groups.size >= GROUPS_MAX)
      throw new AwsError('LimitExceeded', `There are ${GROUPS_MAX} Auto Scaling groups already.`);
    for (const name of ['MinSize', 'MaxSize']) requireScalingName(input, name);
    const settings = await this.#readSettings(input, undefined);
    const { accountId, region } = this.edges.place;
    const group: ScalingGroup = {
      AutoScalingGroupName,
      AutoScalingGroupARN:
        `arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:${randomUUID()}:` +
        `autoScalingGroupName/${AutoScalingGroupName}`,
      CreatedTime: new Date(this.edges.nowMs()).toISOString(),
      settings,
      tags: new Map(readGroupTags(input).map((tag) => [tag.Key, tag])),
      instances: new Map(),
      activities: [],
      refreshes: [],
      suspended: new Set(),
      work: Promise.resolve(),
    };
    this.groups.set(AutoScalingGroupName, group);
    await this.scaling.settle(group);
    return group;
  }

  async update(input: AwsInput): Promise<void> {
    const group = this.find(requireScalingName(input, 'AutoScalingGroupName'));
    group.settings = await this.#readSettings(input, group.settings);
    await this.scaling.settle(group);
  }

  async remove(input: AwsInput): Promise<void> {
    const group = this.find(requireScalingName(input, 'AutoScalingGroupName'));
    if (group.instances.size > 0 && readFlag(input, 'ForceDelete') !== true)
      throw new AwsError(
        'ResourceInUse',
        'You cannot delete an AutoScalingGroup while there are instances or pending Spot ' +
          'instance request(s) still in the group.',
      );
    group.settings = { ...group.settings, MinSize: 0, DesiredCapacity: 0 };
    await this.scaling.inTurn(group, async () => {
      for (const instance of group.instances.values())
        await this.scaling.end(group, instance, 'the end of its group');
    });
    this.groups.delete(group.AutoScalingGroupName);
  }

  async #readSettings(
    input: AwsInput,
    before: ScalingGroupSettings | undefined,
  ): Promise<ScalingGroupSettings> {
    const MinSize = readScalingCount(input, 'MinSize') ?? before?.MinSize ?? 0;
    const MaxSize = readScalingCount(input, 'MaxSize') ?? before?.MaxSize ?? 0;
    // A change of the limits moves what is wanted between them.
    const kept = Math.min(Math.max(before?.DesiredCapacity ?? MinSize, MinSize), MaxSize);
    const DesiredCapacity = readScalingCount(input, 'DesiredCapacity') ?? kept;
    checkSizes({ MinSize, MaxSize, DesiredCapacity });
    const TerminationPolicies = readScalingNames(input, 'TerminationPolicies');
    return {
      ...(await this.#readSource(input, before)),
      MinSize,
      MaxSize,
      DesiredCapacity,
      subnets: await this.#readSubnets(input, before),
      DefaultCooldown: readScalingCount(input, 'DefaultCooldown') ?? before?.DefaultCooldown ?? 300,
      HealthCheckType:
        readScalingName(input, 'HealthCheckType') ?? before?.HealthCheckType ?? 'EC2',
      HealthCheckGracePeriod:
        readScalingCount(input, 'HealthCheckGracePeriod') ?? before?.HealthCheckGracePeriod ?? 0,
      NewInstancesProtectedFromScaleIn:
        readFlag(input, 'NewInstancesProtectedFromScaleIn') ??
        before?.NewInstancesProtectedFromScaleIn ??
        false,
      CapacityRebalance: readFlag(input, 'CapacityRebalance') ?? before?.CapacityRebalance,
      MaxInstanceLifetime:
        readScalingCount(input, 'MaxInstanceLifetime') ?? before?.MaxInstanceLifetime,
      TerminationPolicies:
        TerminationPolicies.length > 0
          ? TerminationPolicies
          : (before?.TerminationPolicies ?? ['Default']),
    };
  }

  async #readSource(input: AwsInput, before: LaunchSource | undefined): Promise<LaunchSource> {
    const name = readScalingName(input, 'LaunchConfigurationName');
    const template = input['LaunchTemplate'] as AwsInput | undefined;
    const mixed = input['MixedInstancesPolicy'] as AwsInput | undefined;
    const given = [name, template, mixed].filter((one) => one !== undefined);
    if (given.length === 0 && before !== undefined) {
      const { LaunchConfigurationName, LaunchTemplate, MixedInstancesPolicy } = before;
      return { LaunchConfigurationName, LaunchTemplate, MixedInstancesPolicy };
    }
    if (given.length !== 1)
      throw invalidScaling(
        'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId ' +
          'or MixedInstancesPolicy parameter.',
      );
    if (name !== undefined) {
      this.configurations.launchInput(name);
      return { LaunchConfigurationName: name };
    }
    const source: LaunchSource =
      template === undefined
        ? { MixedInstancesPolicy: mixed }
        : {
            LaunchTemplate: {
              LaunchTemplateId: readScalingName(template, 'LaunchTemplateId'),
              LaunchTemplateName: readScalingName(template, 'LaunchTemplateName'),
              Version: readScalingName(template, 'Version') ?? '$Default',
            },
          };
    await this.#requireTemplate(source);
    return source;
  }

  async #requireTemplate(source: LaunchSource): Promise<void> {
    const { template } = readMixed(source);
    if (template === undefined)
      throw invalidScaling('You must use a valid fully-formed launch template. There is none.');
    const { LaunchTemplateId, LaunchTemplateName, Version } = template;
    const which = LaunchTemplateId === undefined ? { LaunchTemplateName } : { LaunchTemplateId };
    await this.#ask('DescribeLaunchTemplateVersions', { ...which, Versions: [Version] }, (words) =>
      invalidScaling(`You must use a valid fully-formed launch template. ${words}`),
    );
  }

  async #readSubnets(
    input: AwsInput,
    before: ScalingGroupSettings | undefined,
  ): Promise<readonly string[]> {
    const named = (readScalingName(input, 'VPCZoneIdentifier') ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    const zones = readScalingNames(input, 'AvailabilityZones');
    if (named.length === 0 && zones.length === 0) {
      if (before !== undefined) return before.subnets;
      throw invalidScaling('At least one Availability Zone or VPC Subnet is required.');
    }
    const which =
      named.length > 0
        ? { SubnetIds: named }
        : {
            Filters: [
              { Name: 'default-for-az', Values: ['true'] },
              { Name: 'availability-zone', Values: zones },
            ],
          };
    const { Subnets } = await this.#ask('DescribeSubnets', which, invalidScaling);
    return (Subnets as AwsInput[]).map(({ SubnetId }) => String(SubnetId));
  }

  async #ask(
    action: string,
    input: AwsInput,
    refuse: (words: string) => AwsError,
  ): Promise<AwsInput> {
    try {
      return await this.edges.ec2(action, input);
    } catch (error) {
      if (error instanceof AwsError) throw refuse(error.message);
      throw error;
    }
  }
}

function checkSizes(
  settings: Pick<ScalingGroupSettings, 'DesiredCapacity' | 'MaxSize' | 'MinSize'>,
): void {
  const { MinSize, MaxSize, DesiredCapacity } = settings;
  if (MinSize > MaxSize)
    throw invalidScaling(
      `Max bound, ${MaxSize}, must be greater than or equal to min bound, ${MinSize}`,
    );
  if (MaxSize > GROUP_SIZE_MAX)
    throw invalidScaling(`This emulator has groups of at most ${GROUP_SIZE_MAX} instances.`);
  if (DesiredCapacity < MinSize || DesiredCapacity > MaxSize)
    throw invalidScaling(
      `Desired capacity:${DesiredCapacity} must be between the specified min size:${MinSize} and ` +
        `max size:${MaxSize}`,
    );
}
