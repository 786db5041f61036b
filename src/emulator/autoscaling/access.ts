/**
 * What a policy must allow for actions of Auto Scaling. Who makes a group with a launch template
 * must be allowed to start what it says, for Auto Scaling starts it without asking again.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
 */
import {
  type AccessRule,
  type AccessTable,
  describeTags,
  needOn,
  passRole,
  textOf,
} from '../access.ts';
import type { AwsInput } from '../service.ts';
import type { AutoScalingState } from './groups.ts';
import { readMixed } from './instances.ts';

export interface ScalingAccessEdges {
  /** What RunInstances needs. */
  readonly launchNeeds: AccessRule;
  /** The ARN of the role of an instance profile. */
  readonly profileRoleOf: (profile: string) => string | undefined;
}

export function createScalingAccess(
  state: AutoScalingState,
  { launchNeeds, profileRoleOf }: ScalingAccessEdges,
): AccessTable {
  const { region, accountId } = state.edges.place;
  const start = `arn:aws:autoscaling:${region}:${accountId}`;
  const nameGroup = (name: string): string => {
    if (name.startsWith('arn:')) return name;
    const known = state.groups.get(name)?.AutoScalingGroupARN;
    return known ?? `${start}:autoScalingGroup:*:autoScalingGroupName/${name}`;
  };
  const nameConfiguration = (name: string): string =>
    state.configurations.find(name)?.LaunchConfigurationARN ??
    `${start}:launchConfiguration:*:launchConfigurationName/${name}`;
  const groupOf = (input: AwsInput): string => nameGroup(textOf(input, 'AutoScalingGroupName'));
  const groupsOfTags = (input: AwsInput): string[] => {
    const tags = Array.isArray(input['Tags']) ? (input['Tags'] as AwsInput[]) : [];
    return [...new Set(tags.map((tag) => textOf(tag, 'ResourceId')))].map(nameGroup);
  };
  const groupOfInstance = (input: AwsInput): string => {
    const id = textOf(input, 'InstanceId');
    const found = [...state.groups.values()].find(({ instances }) => instances.has(id));
    return found?.AutoScalingGroupARN ?? `${start}:autoScalingGroup:*:autoScalingGroupName/*`;
  };
  const table: AccessTable = {
    ...needOn(
      'autoscaling',
      'CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup SetDesiredCapacity ' +
        'SetInstanceProtection StartInstanceRefresh SuspendProcesses ResumeProcesses',
      groupOf,
      describeTags,
    ),
    ...needOn('autoscaling', 'CreateOrUpdateTags DeleteTags', groupsOfTags, describeTags),
    ...needOn(
      'autoscaling',
      'SetInstanceHealth TerminateInstanceInAutoScalingGroup',
      groupOfInstance,
    ),
    ...needOn('autoscaling', 'CreateLaunchConfiguration DeleteLaunchConfiguration', (input) =>
      nameConfiguration(textOf(input, 'LaunchConfigurationName')),
    ),
  };
  const launching =
    (action: string): AccessRule =>
    (input, at) => {
      const { template, overrides } = readMixed(input);
      const [SubnetId] = textOf(input, 'VPCZoneIdentifier').split(',');
      const launch = { LaunchTemplate: template, SubnetId, ...overrides };
      return [
        ...(table[action]?.(input, at) ?? []),
        ...(template === undefined ? [] : launchNeeds(launch, at)),
      ];
    };
  return {
    ...table,
    CreateAutoScalingGroup: launching('CreateAutoScalingGroup'),
    UpdateAutoScalingGroup: launching('UpdateAutoScalingGroup'),
    CreateLaunchConfiguration: (input, at) => {
      const role = profileRoleOf(textOf(input, 'IamInstanceProfile'));
      return [
        ...(table['CreateLaunchConfiguration']?.(input, at) ?? []),
        ...(role === undefined ? [] : [passRole(role, 'ec2.amazonaws.com')]),
      ];
    },
  };
}
