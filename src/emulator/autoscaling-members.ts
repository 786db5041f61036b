/** The members of Auto Scaling's requests that the emulator knows. */
import type { ActionMembers } from './known-members.ts';

const PAGE = 'MaxRecords NextToken';
const GROUP = 'AutoScalingGroupName';
const SETTINGS =
  `${GROUP} LaunchConfigurationName LaunchTemplate MixedInstancesPolicy MinSize MaxSize ` +
  'DesiredCapacity DefaultCooldown AvailabilityZones HealthCheckType HealthCheckGracePeriod ' +
  'VPCZoneIdentifier TerminationPolicies NewInstancesProtectedFromScaleIn CapacityRebalance ' +
  'MaxInstanceLifetime';
// Nothing is balanced, and instances are ready at once.
const IDLE_SETTINGS = 'DefaultInstanceWarmup InstanceMaintenancePolicy ServiceLinkedRoleARN';

/** By action; see members.ts. */
export const AUTO_SCALING_MEMBERS: Readonly<Record<string, ActionMembers>> = {
  CreateAutoScalingGroup: { acts: `${SETTINGS} Tags`, idle: IDLE_SETTINGS },
  CreateLaunchConfiguration: {
    acts:
      'LaunchConfigurationName ImageId KeyName SecurityGroups UserData InstanceType ' +
      'IamInstanceProfile AssociatePublicIpAddress MetadataOptions',
    // What they say of a machine has no effect on one that is not there.
    idle: 'BlockDeviceMappings EbsOptimized InstanceMonitoring PlacementTenancy SpotPrice',
  },
  CreateOrUpdateTags: { acts: 'Tags' },
  DeleteAutoScalingGroup: { acts: `${GROUP} ForceDelete` },
  DeleteLaunchConfiguration: { acts: 'LaunchConfigurationName' },
  DeleteTags: { acts: 'Tags' },
  DescribeAutoScalingGroups: { acts: `AutoScalingGroupNames Filters ${PAGE}` },
  DescribeAutoScalingInstances: { acts: `InstanceIds ${PAGE}` },
  DescribeInstanceRefreshes: { acts: `${GROUP} InstanceRefreshIds ${PAGE}` },
  DescribeLaunchConfigurations: { acts: `LaunchConfigurationNames ${PAGE}` },
  // Groups that were deleted have no activities.
  DescribeScalingActivities: {
    acts: `ActivityIds ${GROUP} ${PAGE}`,
    idle: 'IncludeDeletedGroups',
  },
  DescribeTags: { acts: `Filters ${PAGE}` },
  ResumeProcesses: { acts: `${GROUP} ScalingProcesses` },
  // A group does not cool down.
  SetDesiredCapacity: { acts: `${GROUP} DesiredCapacity`, idle: 'HonorCooldown' },
  SetInstanceHealth: { acts: 'InstanceId HealthStatus', idle: 'ShouldRespectGracePeriod' },
  SetInstanceProtection: { acts: `InstanceIds ${GROUP} ProtectedFromScaleIn` },
  // Instances are replaced one after the other.
  StartInstanceRefresh: { acts: GROUP, idle: 'Preferences Strategy' },
  SuspendProcesses: { acts: `${GROUP} ScalingProcesses` },
  TerminateInstanceInAutoScalingGroup: { acts: 'InstanceId ShouldDecrementDesiredCapacity' },
  UpdateAutoScalingGroup: { acts: SETTINGS, idle: IDLE_SETTINGS },
};
