/** Auto Scaling groups and launch configurations. */
import { parseShape } from '../property-shape.ts';
import {
  compareTags,
  findMember,
  joinTags,
  pickMembers,
  takeText,
  type Made,
  type ResourceKind,
  type Site,
  type ResourceTag,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';

const NAME_MAX = 255;

async function askGroup({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const answer = await call('autoscaling', 'DescribeAutoScalingGroups', {
    AutoScalingGroupNames: [id],
  });
  return findMember(answer, 'AutoScalingGroups.0') as Values | undefined;
}

const GROUP =
  'MinSize MaxSize DesiredCapacity LaunchConfigurationName LaunchTemplate AvailabilityZones ' +
  'HealthCheckType HealthCheckGracePeriod Cooldown CapacityRebalance ' +
  'NewInstancesProtectedFromScaleIn TerminationPolicies';

function groupInput(properties: Values): Record<string, unknown> {
  const zones = properties['VPCZoneIdentifier'] as readonly string[] | undefined;
  return {
    ...pickMembers(properties, GROUP),
    ...(zones === undefined ? {} : { VPCZoneIdentifier: zones.join(',') }),
  };
}

/** Each tag says whether instances get it; those of the stack do. */
function groupTags(name: string, properties: Values, stackTags: readonly ResourceTag[]): Values[] {
  const own = (properties['Tags'] ?? []) as readonly (ResourceTag & {
    PropagateAtLaunch?: boolean;
  })[];
  const propagated = new Map(own.map((tag) => [tag.Key, tag.PropagateAtLaunch ?? false]));
  return joinTags(own, stackTags).map(({ Key, Value }) => ({
    Key,
    Value,
    PropagateAtLaunch: propagated.get(Key) ?? true,
    ResourceId: name,
    ResourceType: 'auto-scaling-group',
  }));
}

/** What instances are launched by: another group comes for a change of it, if a policy says so. */
const REPLACING = ['LaunchConfigurationName', 'LaunchTemplate'];

const group: ResourceKind = {
  type: 'AWS::AutoScaling::AutoScalingGroup',
  shape: parseShape(
    'AutoScalingGroupName! MinSize* MaxSize* DesiredCapacity LaunchConfigurationName ' +
      'LaunchTemplate{LaunchTemplateId LaunchTemplateName Version*} VPCZoneIdentifier[] ' +
      'AvailabilityZones[] HealthCheckType HealthCheckGracePeriod:n Cooldown CapacityRebalance:b ' +
      'NewInstancesProtectedFromScaleIn:b TerminationPolicies[] ' +
      'Tags[{Key* Value* PropagateAtLaunch*:b}]',
  ),
  attributes: ['AutoScalingGroupARN'],
  name: 'AutoScalingGroupName',
  create: async (properties, site) => {
    const name = String(properties['AutoScalingGroupName'] ?? site.makeName(NAME_MAX));
    const tags = groupTags(name, properties, site.tags);
    await site.call('autoscaling', 'CreateAutoScalingGroup', {
      AutoScalingGroupName: name,
      ...groupInput(properties),
      ...(tags.length === 0 ? {} : { Tags: tags }),
    });
    return { id: name, attributes: {} };
  },
  settle: async (made, _properties, site) => {
    const AutoScalingGroupARN = takeText(await askGroup(made, site), 'AutoScalingGroupARN');
    return { ...made, attributes: { AutoScalingGroupARN } };
  },
  update: async (made, change, site) => {
    await site.call('autoscaling', 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: made.id,
      ...groupInput(change.after),
    });
    const before = groupTags(made.id, change.before, change.tagsBefore);
    const after = groupTags(made.id, change.after, site.tags);
    const { removed } = compareTags(
      before as unknown as ResourceTag[],
      after as unknown as ResourceTag[],
    );
    const gone = before.filter(({ Key }) => removed.includes(String(Key)));
    if (gone.length > 0) await site.call('autoscaling', 'DeleteTags', { Tags: gone });
    if (after.length > 0) await site.call('autoscaling', 'CreateOrUpdateTags', { Tags: after });
    return made;
  },
  remove: async (made, _properties, site) => {
    await site.call('autoscaling', 'DeleteAutoScalingGroup', {
      AutoScalingGroupName: made.id,
      ForceDelete: true,
    });
    await site.until('the group to be deleted', async () =>
      (await askGroup(made, site)) === undefined ? true : undefined,
    );
  },
  listSignals: async (made, site) => {
    const instances = ((await askGroup(made, site))?.['Instances'] ?? []) as readonly Values[];
    return instances
      .filter(({ LifecycleState }) => LifecycleState === 'InService')
      .map(({ InstanceId }) => String(InstanceId));
  },
  replacesByPolicy: ({ AutoScalingReplacingUpdate: replacing }, changed) =>
    String(findMember(replacing, 'WillReplace')) === 'true' &&
    changed.some((name) => REPLACING.includes(name)),
  read: async (made, _properties, site) => {
    const found = await askGroup(made, site);
    if (found === undefined) return undefined;
    const zones = String(found['VPCZoneIdentifier'] ?? '');
    return { ...found, VPCZoneIdentifier: zones === '' ? [] : zones.split(',') };
  },
};

const CONFIGURATION =
  'ImageId InstanceType SecurityGroups IamInstanceProfile UserData KeyName SpotPrice ' +
  'AssociatePublicIpAddress EbsOptimized';

const launchConfiguration: ResourceKind = {
  type: 'AWS::AutoScaling::LaunchConfiguration',
  shape: parseShape(
    'LaunchConfigurationName! ImageId*! InstanceType*! SecurityGroups![] IamInstanceProfile! ' +
      'UserData! KeyName! SpotPrice! AssociatePublicIpAddress!:b EbsOptimized!:b',
  ),
  attributes: [],
  name: 'LaunchConfigurationName',
  create: async (properties, { call, makeName }) => {
    const name = String(properties['LaunchConfigurationName'] ?? makeName(NAME_MAX));
    await call('autoscaling', 'CreateLaunchConfiguration', {
      LaunchConfigurationName: name,
      ...pickMembers(properties, CONFIGURATION),
    });
    return { id: name, attributes: {} };
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('autoscaling', 'DeleteLaunchConfiguration', { LaunchConfigurationName: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const answer = await call('autoscaling', 'DescribeLaunchConfigurations', {
      LaunchConfigurationNames: [id],
    });
    return findMember(answer, 'LaunchConfigurations.0') as Values | undefined;
  },
};

export const AUTO_SCALING_KINDS: readonly ResourceKind[] = [group, launchConfiguration];
