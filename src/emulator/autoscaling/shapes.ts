/** What Auto Scaling keeps of a group. */
import type { AwsInput } from '../service.ts';
import type { GroupTag } from './requests.ts';

export interface LaunchTemplateName {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
  readonly Version: string;
}

/** With which its instances are started: one of the three. */
export interface LaunchSource {
  readonly LaunchConfigurationName?: string | undefined;
  readonly LaunchTemplate?: LaunchTemplateName | undefined;
  readonly MixedInstancesPolicy?: AwsInput | undefined;
}

export interface ScalingGroupSettings extends LaunchSource {
  readonly MinSize: number;
  readonly MaxSize: number;
  readonly DesiredCapacity: number;
  readonly DefaultCooldown: number;
  readonly HealthCheckType: string;
  readonly HealthCheckGracePeriod: number;
  readonly NewInstancesProtectedFromScaleIn: boolean;
  readonly CapacityRebalance?: boolean | undefined;
  readonly MaxInstanceLifetime?: number | undefined;
  readonly TerminationPolicies: readonly string[];
  /** Ids of subnets, in their order. */
  readonly subnets: readonly string[];
}

export interface GroupInstance {
  readonly InstanceId: string;
  readonly InstanceType: string;
  readonly AvailabilityZone: string;
  readonly subnetId: string;
  readonly source: LaunchSource;
  LifecycleState: string;
  HealthStatus: string;
  ProtectedFromScaleIn: boolean;
}

export interface Activity {
  readonly ActivityId: string;
  readonly AutoScalingGroupName: string;
  readonly AutoScalingGroupARN: string;
  readonly Description: string;
  readonly Cause: string;
  readonly StartTime: string;
  readonly EndTime: string;
  readonly StatusCode: 'Failed' | 'Successful';
  readonly StatusMessage?: string;
  readonly Progress: number;
  readonly Details: string;
}

export interface Refresh {
  readonly InstanceRefreshId: string;
  readonly StartTime: string;
  EndTime?: string;
  Status: 'Failed' | 'InProgress' | 'Successful';
  StatusReason?: string;
  PercentageComplete: number;
  InstancesToUpdate: number;
}

export interface ScalingGroup {
  readonly AutoScalingGroupName: string;
  readonly AutoScalingGroupARN: string;
  readonly CreatedTime: string;
  settings: ScalingGroupSettings;
  readonly tags: Map<string, GroupTag>;
  readonly instances: Map<string, GroupInstance>;
  /** The newest first. */
  readonly activities: Activity[];
  readonly refreshes: Refresh[];
  /** Processes that are suspended. */
  readonly suspended: Set<string>;
  /** The end of what is being done to its instances: one thing after the other. */
  work: Promise<unknown>;
}
