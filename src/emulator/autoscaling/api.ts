/**
 * The actions of Auto Scaling. What a call wants of instances is done when it is answered.
 * Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
 */
import { randomUUID } from 'node:crypto';
import { type ActionHandler, AwsError, type AwsInput, type JsonService } from '../service.ts';
import { createScalingAccess, type ScalingAccessEdges } from './access.ts';
import type { AutoScalingState } from './groups.ts';
import {
  cutRecords,
  invalidScaling,
  readScalingCount,
  readFlag,
  readGroupTags,
  readScalingList,
  readScalingName,
  readScalingNames,
  requireScalingName,
} from './requests.ts';
import type { ScalingGroup, GroupInstance, Refresh } from './shapes.ts';

const REFRESHES_MAX = 20;

export function createAutoScaling(
  state: AutoScalingState,
  accessEdges: ScalingAccessEdges,
): JsonService {
  const isUsed = (name: string): boolean =>
    [...state.groups.values()].some((one) => one.settings.LaunchConfigurationName === name);
  return {
    signingName: 'autoscaling',
    target: 'AutoScaling',
    xmlNamespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
    deniedCode: 'AccessDenied',
    access: createScalingAccess(state, accessEdges),
    actions: {
      ...state.configurations.actions(isUsed),
      ...groupActions(state),
      ...instanceActions(state),
      ...tagActions(state),
      ...refreshActions(state),
    },
  };
}

function groupActions(state: AutoScalingState): Record<string, ActionHandler> {
  const find = (input: AwsInput): ScalingGroup =>
    state.find(requireScalingName(input, 'AutoScalingGroupName'));
  const suspend =
    (act: (group: ScalingGroup, process: string) => void): ActionHandler =>
    async (input) => {
      const group = find(input);
      const named = readScalingNames(input, 'ScalingProcesses');
      for (const process of named.length > 0 ? named : PROCESSES) {
        if (!PROCESSES.includes(process))
          throw invalidScaling(`${process} is no process of scaling`);
        act(group, process);
      }
      await state.scaling.settle(group);
      return {};
    };
  return {
    CreateAutoScalingGroup: async (input) => {
      await state.create(input);
      return {};
    },
    UpdateAutoScalingGroup: async (input) => {
      await state.update(input);
      return {};
    },
    DeleteAutoScalingGroup: async (input) => {
      await state.remove(input);
      return {};
    },
    SetDesiredCapacity: async (input) => {
      const group = find(input);
      const DesiredCapacity = readScalingCount(input, 'DesiredCapacity') ?? 0;
      const { MinSize, MaxSize } = group.settings;
      if (DesiredCapacity > MaxSize)
        throw invalidScaling(
          `New SetDesiredCapacity value ${DesiredCapacity} is above max value ${MaxSize} for the ` +
            'AutoScalingGroup.',
        );
      if (DesiredCapacity < MinSize)
        throw invalidScaling(
          `New SetDesiredCapacity value ${DesiredCapacity} is below min value ${MinSize} for the ` +
            'AutoScalingGroup.',
        );
      group.settings = { ...group.settings, DesiredCapacity };
      await state.scaling.settle(group);
      return {};
    },
    DescribeAutoScalingGroups: (input) => {
      const names = readScalingNames(input, 'AutoScalingGroupNames');
      const fits = parseGroupFilters(input);
      const found = [...state.groups.values()].filter(
        (group) =>
          (names.length === 0 ||
            names.includes(group.AutoScalingGroupName) ||
            names.includes(group.AutoScalingGroupARN)) &&
          fits(group),
      );
      const { page, ...more } = cutRecords(found, input);
      return { AutoScalingGroups: page.map((group) => showGroup(state, group)), ...more };
    },
    DescribeScalingActivities: (input) => {
      const name = readScalingName(input, 'AutoScalingGroupName');
      const groups = name === undefined ? [...state.groups.values()] : [state.find(name)];
      const ids = readScalingNames(input, 'ActivityIds');
      const all = groups
        .flatMap(({ activities }) => activities)
        .filter(({ ActivityId }) => ids.length === 0 || ids.includes(ActivityId));
      const { page, ...more } = cutRecords(all, input);
      return { Activities: page, ...more };
    },
    SuspendProcesses: suspend(({ suspended }, process) => suspended.add(process)),
    ResumeProcesses: suspend(({ suspended }, process) => suspended.delete(process)),
  };
}

const PROCESSES = [
  'Launch', 'Terminate', 'AddToLoadBalancer', 'AlarmNotification', 'AZRebalance', 'HealthCheck',
  'InstanceRefresh', 'ReplaceUnhealthy', 'ScheduledActions',
]; // prettier-ignore

function parseGroupFilters(input: AwsInput): (group: ScalingGroup) => boolean {
  const filters = (readScalingList(input, 'Filters') as readonly AwsInput[]).map((filter) => {
    const name = requireScalingName(filter, 'Name');
    const values = readScalingNames(filter, 'Values');
    const has = (text: string | undefined): boolean => text !== undefined && values.includes(text);
    if (name === 'tag-key') return ({ tags }: ScalingGroup) => [...tags.keys()].some(has);
    if (name === 'tag-value')
      return ({ tags }: ScalingGroup) => [...tags.values()].some(({ Value }) => has(Value));
    if (name.startsWith('tag:'))
      return ({ tags }: ScalingGroup) => has(tags.get(name.slice('tag:'.length))?.Value);
    throw invalidScaling(`Filter type ${name} is not supported`);
  });
  return (group) => filters.every((fits) => fits(group));
}

function showGroup(state: AutoScalingState, group: ScalingGroup): object {
  const { AutoScalingGroupName, AutoScalingGroupARN, CreatedTime, settings } = group;
  const { subnets, ...told } = settings;
  const { region } = state.edges.place;
  const zones = [...new Set([...group.instances.values()].map((one) => one.AvailabilityZone))];
  return {
    AutoScalingGroupName,
    AutoScalingGroupARN,
    CreatedTime,
    ...told,
    VPCZoneIdentifier: subnets.join(','),
    AvailabilityZones: zones.length > 0 ? zones : [`${region}a`],
    LoadBalancerNames: [],
    TargetGroupARNs: [],
    Instances: [...group.instances.values()].map(showInstance),
    SuspendedProcesses: [...group.suspended].map((ProcessName) => ({
      ProcessName,
      SuspensionReason: 'User suspended',
    })),
    EnabledMetrics: [],
    Tags: showTags(group),
    ServiceLinkedRoleARN:
      `arn:aws:iam::${state.edges.place.accountId}:role/aws-service-role/` +
      'autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling',
  };
}

function showInstance(own: GroupInstance): object {
  const { subnetId: _, source, ...instance } = own;
  const { LaunchConfigurationName, LaunchTemplate } = source;
  return { ...instance, LaunchConfigurationName, LaunchTemplate };
}

function showTags({ tags, AutoScalingGroupName }: ScalingGroup): object[] {
  return [...tags.values()].map((tag) => ({
    ...tag,
    ResourceId: AutoScalingGroupName,
    ResourceType: 'auto-scaling-group',
  }));
}

function instanceActions(state: AutoScalingState): Record<string, ActionHandler> {
  return {
    DescribeAutoScalingInstances: (input) => {
      const ids = readScalingNames(input, 'InstanceIds');
      const all = [...state.groups.values()].flatMap(({ AutoScalingGroupName, instances }) =>
        [...instances.values()].map((one) => ({ AutoScalingGroupName, ...showInstance(one) })),
      );
      const isMeant = (one: object): boolean =>
        ids.length === 0 || ids.includes(String((one as AwsInput)['InstanceId']));
      const { page, ...more } = cutRecords(all.filter(isMeant), input);
      return { AutoScalingInstances: page, ...more };
    },
    TerminateInstanceInAutoScalingGroup: async (input) => {
      const [group, instance] = state.findInstance(requireScalingName(input, 'InstanceId'));
      if (readFlag(input, 'ShouldDecrementDesiredCapacity') === true) {
        const { DesiredCapacity, MinSize } = group.settings;
        if (DesiredCapacity <= MinSize)
          throw invalidScaling(
            'Currently, desired capacity equals the minimum capacity. Terminating the instance ' +
              'without replacement will violate the group min size constraint.',
          );
        group.settings = { ...group.settings, DesiredCapacity: DesiredCapacity - 1 };
      }
      const activity = await state.scaling.inTurn(group, () =>
        state.scaling.end(group, instance, 'a user request'),
      );
      await state.scaling.settle(group);
      return { Activity: activity };
    },
    SetInstanceProtection: (input) => {
      const group = state.find(requireScalingName(input, 'AutoScalingGroupName'));
      const isProtected = readFlag(input, 'ProtectedFromScaleIn') ?? false;
      for (const id of readScalingNames(input, 'InstanceIds')) {
        const instance = group.instances.get(id);
        if (instance === undefined)
          throw invalidScaling(`The instance ${id} is not part of the group.`);
        instance.ProtectedFromScaleIn = isProtected;
      }
      return {};
    },
    SetInstanceHealth: async (input) => {
      const [group, instance] = state.findInstance(requireScalingName(input, 'InstanceId'));
      instance.HealthStatus = requireScalingName(input, 'HealthStatus');
      if (instance.HealthStatus === 'Unhealthy' && !group.suspended.has('ReplaceUnhealthy')) {
        await state.scaling.inTurn(group, () =>
          state.scaling.end(group, instance, 'a failed health check'),
        );
        await state.scaling.settle(group);
      }
      return {};
    },
  };
}

function tagActions(state: AutoScalingState): Record<string, ActionHandler> {
  const each = (input: AwsInput, act: (group: ScalingGroup, tag: AwsInput) => void): object => {
    for (const tag of readScalingList(input, 'Tags') as readonly AwsInput[])
      act(state.find(requireScalingName(tag, 'ResourceId')), tag);
    return {};
  };
  return {
    CreateOrUpdateTags: (input) =>
      each(input, (group, tag) => {
        const [read] = readGroupTags({ Tags: [tag] });
        if (read !== undefined) group.tags.set(read.Key, read);
      }),
    DeleteTags: (input) =>
      each(input, ({ tags }, tag) => void tags.delete(requireScalingName(tag, 'Key'))),
    DescribeTags: (input) => {
      const filters = readScalingList(input, 'Filters') as readonly AwsInput[];
      const groups = filters
        .filter((filter) => readScalingName(filter, 'Name') === 'auto-scaling-group')
        .flatMap((filter) => readScalingNames(filter, 'Values'));
      const other = filters.find(
        (filter) => readScalingName(filter, 'Name') !== 'auto-scaling-group',
      );
      if (other !== undefined)
        throw invalidScaling(`Filter type ${readScalingName(other, 'Name')} is not supported here`);
      const all = [...state.groups.values()]
        .filter((one) => groups.length === 0 || groups.includes(one.AutoScalingGroupName))
        .flatMap(showTags);
      const { page, ...more } = cutRecords(all, input);
      return { Tags: page, ...more };
    },
  };
}

function refreshActions(state: AutoScalingState): Record<string, ActionHandler> {
  const now = (): string => new Date(state.edges.nowMs()).toISOString();
  const replaceAll = async (group: ScalingGroup, refresh: Refresh): Promise<void> => {
    for (const instance of new Map(group.instances).values()) {
      await state.scaling.inTurn(group, () =>
        state.scaling.end(group, instance, 'an instance refresh'),
      );
      await state.scaling.settle(group);
      refresh.InstancesToUpdate -= 1;
    }
    const isWhole = group.instances.size === group.settings.DesiredCapacity;
    Object.assign(refresh, { Status: isWhole ? 'Successful' : 'Failed', EndTime: now() });
    refresh.PercentageComplete = isWhole ? 100 : 0;
  };
  return {
    StartInstanceRefresh: async (input) => {
      const group = state.find(requireScalingName(input, 'AutoScalingGroupName'));
      if (group.refreshes.some(({ Status }) => Status === 'InProgress'))
        throw new AwsError(
          'InstanceRefreshInProgress',
          'An Instance Refresh is already in progress and blocks the execution of this Instance ' +
            'Refresh.',
        );
      const refresh: Refresh = {
        InstanceRefreshId: randomUUID(),
        StartTime: now(),
        Status: 'InProgress',
        PercentageComplete: 0,
        InstancesToUpdate: group.instances.size,
      };
      group.refreshes.unshift(refresh);
      if (group.refreshes.length > REFRESHES_MAX) group.refreshes.pop();
      await replaceAll(group, refresh);
      return { InstanceRefreshId: refresh.InstanceRefreshId };
    },
    DescribeInstanceRefreshes: (input) => {
      const { refreshes, AutoScalingGroupName } = state.find(
        requireScalingName(input, 'AutoScalingGroupName'),
      );
      const ids = readScalingNames(input, 'InstanceRefreshIds');
      const all = refreshes.filter(
        ({ InstanceRefreshId }) => ids.length === 0 || ids.includes(InstanceRefreshId),
      );
      const { page, ...more } = cutRecords(all, input);
      return {
        InstanceRefreshes: page.map((one) => ({ AutoScalingGroupName, ...one })),
        ...more,
      };
    },
  };
}
