/** Security groups, their rules, and endpoints of a VPC. */
import { parseShape } from '../property-shape.ts';
import {
  findMember,
  joinTags,
  pickMembers,
  takeText,
  unlessMissing,
  type Made,
  type ResourceKind,
  type Site,
} from '../resource-kind.ts';
import { isSameProperty } from '../property-shape.ts';
import type { Values } from '../values.ts';
import { changeTags, specifyTags } from './ec2-tags.ts';

const TAGS = 'Tags[{Key* Value*}]';
const RULE = 'IpProtocol* FromPort:n ToPort:n CidrIp CidrIpv6 Description';

/** A rule of a template as calls of EC2 have it. */
function asPermission(rule: Values): object {
  const { CidrIp, CidrIpv6, Description } = rule;
  const group = rule['SourceSecurityGroupId'] ?? rule['DestinationSecurityGroupId'];
  const said = Description === undefined ? {} : { Description };
  return {
    ...pickMembers(rule, 'IpProtocol FromPort ToPort'),
    ...(CidrIp === undefined ? {} : { IpRanges: [{ CidrIp, ...said }] }),
    ...(CidrIpv6 === undefined ? {} : { Ipv6Ranges: [{ CidrIpv6, ...said }] }),
    ...(group === undefined ? {} : { UserIdGroupPairs: [{ GroupId: group, ...said }] }),
  };
}

const DIRECTIONS = [
  { property: 'SecurityGroupIngress', direction: 'Ingress' },
  { property: 'SecurityGroupEgress', direction: 'Egress' },
] as const;

/** What a group without rules of its own lets out. */
const ALL_OUT = { IpProtocol: '-1', CidrIp: '0.0.0.0/0' };

function rulesOf(values: Values, property: string): readonly Values[] {
  return (values[property] ?? []) as readonly Values[];
}

async function changeRules(id: string, before: Values, after: Values, site: Site): Promise<void> {
  for (const { property, direction } of DIRECTIONS) {
    const gone = rulesOf(before, property).filter(
      (one) => !rulesOf(after, property).some((other) => isSameProperty(one, other)),
    );
    const added = rulesOf(after, property).filter(
      (one) => !rulesOf(before, property).some((other) => isSameProperty(one, other)),
    );
    for (const [verb, rules] of [
      ['Revoke', gone],
      ['Authorize', added],
    ] as const)
      if (rules.length > 0)
        await site.call('ec2', `${verb}SecurityGroup${direction}`, {
          GroupId: id,
          IpPermissions: rules.map(asPermission),
        });
  }
}

const securityGroup: ResourceKind = {
  type: 'AWS::EC2::SecurityGroup',
  shape: parseShape(
    `GroupDescription*! GroupName! VpcId! SecurityGroupIngress[{${RULE} SourceSecurityGroupId}] ` +
      `SecurityGroupEgress[{${RULE} DestinationSecurityGroupId}] ${TAGS}`,
  ),
  attributes: ['GroupId', 'VpcId', 'Id'],
  name: 'GroupName',
  create: async (properties, site) => {
    const answer = await site.call('ec2', 'CreateSecurityGroup', {
      GroupName: properties['GroupName'] ?? site.makeName(255),
      Description: properties['GroupDescription'],
      ...pickMembers(properties, 'VpcId'),
      ...specifyTags('security-group', properties, site),
    });
    const id = takeText(answer, 'GroupId');
    return { id, attributes: { GroupId: id, Id: id, VpcId: properties['VpcId'] ?? '' } };
  },
  settle: async (made, properties, site) => {
    const before = 'SecurityGroupEgress' in properties ? { SecurityGroupEgress: [ALL_OUT] } : {};
    await changeRules(made.id, before, properties, site);
    return made;
  },
  update: async (made, change, site) => {
    const withAllOut = (values: Values): Values =>
      'SecurityGroupEgress' in values ? values : { ...values, SecurityGroupEgress: [ALL_OUT] };
    await changeRules(made.id, withAllOut(change.before), withAllOut(change.after), site);
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DeleteSecurityGroup', { GroupId: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const ask = call('ec2', 'DescribeSecurityGroups', { GroupIds: [id] });
    const found = findMember(await unlessMissing(ask), 'SecurityGroups.0') as Values | undefined;
    return found === undefined ? undefined : { ...found, GroupDescription: found['Description'] };
  },
};

async function askRule({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const ask = call('ec2', 'DescribeSecurityGroupRules', { SecurityGroupRuleIds: [id] });
  return findMember(await unlessMissing(ask), 'SecurityGroupRules.0') as Values | undefined;
}

const securityGroupIngress: ResourceKind = {
  type: 'AWS::EC2::SecurityGroupIngress',
  shape: parseShape(
    'GroupId! IpProtocol*! FromPort!:n ToPort!:n CidrIp! CidrIpv6! SourceSecurityGroupId! ' +
      'Description',
  ),
  attributes: ['Id'],
  create: async (properties, { call }) => {
    const answer = await call('ec2', 'AuthorizeSecurityGroupIngress', {
      GroupId: properties['GroupId'],
      IpPermissions: [asPermission(properties)],
    });
    const id = takeText(answer, 'SecurityGroupRules.0.SecurityGroupRuleId');
    return { id, attributes: { Id: id } };
  },
  update: async (made, { after }, { call }) => {
    await call('ec2', 'UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId: after['GroupId'],
      IpPermissions: [asPermission(after)],
    });
    return made;
  },
  remove: async ({ id }, properties, { call }) => {
    await call('ec2', 'RevokeSecurityGroupIngress', {
      GroupId: properties['GroupId'],
      SecurityGroupRuleIds: [id],
    });
  },
  read: async (made, _properties, site) => {
    const found = await askRule(made, site);
    return found === undefined
      ? undefined
      : {
          ...pickMembers(found, 'GroupId IpProtocol FromPort ToPort Description'),
          CidrIp: found['CidrIpv4'],
          SourceSecurityGroupId: findMember(found, 'ReferencedGroupInfo.GroupId'),
        };
  },
};

async function askEndpoint({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const ask = call('ec2', 'DescribeVpcEndpoints', { VpcEndpointIds: [id] });
  return findMember(await unlessMissing(ask), 'VpcEndpoints.0') as Values | undefined;
}

/** Which members of a list came and went, as calls of EC2 name it. */
function compareLists(
  change: { readonly before: Values; readonly after: Values },
  property: string,
  noun: string,
): Record<string, unknown> {
  const before = (change.before[property] ?? []) as readonly string[];
  const after = (change.after[property] ?? []) as readonly string[];
  const added = after.filter((one) => !before.includes(one));
  const removed = before.filter((one) => !after.includes(one));
  return {
    ...(added.length === 0 ? {} : { [`Add${noun}`]: added }),
    ...(removed.length === 0 ? {} : { [`Remove${noun}`]: removed }),
  };
}

const endpoint: ResourceKind = {
  type: 'AWS::EC2::VPCEndpoint',
  shape: parseShape(
    'VpcId*! ServiceName! VpcEndpointType! SubnetIds[] SecurityGroupIds[] RouteTableIds[] ' +
      `PrivateDnsEnabled:b PolicyDocument:j ${TAGS}`,
  ),
  attributes: ['Id'],
  create: async (properties, site) => {
    const { PolicyDocument: policy } = properties;
    const answer = await site.call('ec2', 'CreateVpcEndpoint', {
      ...pickMembers(
        properties,
        'VpcId ServiceName VpcEndpointType SubnetIds SecurityGroupIds RouteTableIds ' +
          'PrivateDnsEnabled',
      ),
      ...(policy === undefined ? {} : { PolicyDocument: JSON.stringify(policy) }),
      ...specifyTags('vpc-endpoint', properties, site),
    });
    const id = takeText(answer, 'VpcEndpoint.VpcEndpointId');
    return { id, attributes: { Id: id } };
  },
  settle: (made, _properties, site) =>
    site.until('the endpoint to be available', async () => {
      const state = String((await askEndpoint(made, site))?.['State']).toLowerCase();
      return state === 'available' ? made : undefined;
    }),
  update: async (made, change, site) => {
    const { PolicyDocument: policy } = change.after;
    await site.call('ec2', 'ModifyVpcEndpoint', {
      VpcEndpointId: made.id,
      ...pickMembers(change.after, 'PrivateDnsEnabled'),
      ...(policy === undefined ? {} : { PolicyDocument: JSON.stringify(policy) }),
      ...compareLists(change, 'SubnetIds', 'SubnetIds'),
      ...compareLists(change, 'SecurityGroupIds', 'SecurityGroupIds'),
      ...compareLists(change, 'RouteTableIds', 'RouteTableIds'),
    });
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async (made, _properties, site) => {
    await site.call('ec2', 'DeleteVpcEndpoints', { VpcEndpointIds: [made.id] });
    await site.until('the endpoint to be deleted', async () => {
      const state = String((await askEndpoint(made, site))?.['State'] ?? 'deleted').toLowerCase();
      return state === 'deleted' ? true : undefined;
    });
  },
  read: async (made, _properties, site) => {
    const found = await askEndpoint(made, site);
    if (found === undefined || String(found['State']).toLowerCase() === 'deleted') return undefined;
    const groups = (found['Groups'] ?? []) as readonly Values[];
    return { ...found, SecurityGroupIds: groups.map(({ GroupId }) => GroupId) };
  },
};

/** The tags of the template stand in the data of what is launched, not on the launch template. */
const launchTemplate: ResourceKind = {
  type: 'AWS::EC2::LaunchTemplate',
  shape: parseShape(
    'LaunchTemplateName! VersionDescription LaunchTemplateData*{ImageId InstanceType KeyName ' +
      'UserData IamInstanceProfile{Arn Name} SecurityGroupIds[] ' +
      'MetadataOptions{HttpTokens HttpPutResponseHopLimit:n HttpEndpoint InstanceMetadataTags} ' +
      'TagSpecifications[{ResourceType Tags[{Key* Value*}]}] Monitoring{Enabled:b} ' +
      'EbsOptimized:b ' +
      'BlockDeviceMappings[{DeviceName Ebs{VolumeSize:n VolumeType Encrypted:b ' +
      'DeleteOnTermination:b}}] InstanceMarketOptions{MarketType}} ' +
      'TagSpecifications[{ResourceType Tags[{Key* Value*}]}]',
  ),
  attributes: ['LaunchTemplateId', 'LatestVersionNumber', 'DefaultVersionNumber'],
  name: 'LaunchTemplateName',
  create: async (properties, site) => {
    const given = rulesOf(properties, 'TagSpecifications')[0]?.['Tags'];
    const tags = joinTags(given, site.tags);
    const answer = await site.call('ec2', 'CreateLaunchTemplate', {
      LaunchTemplateName: properties['LaunchTemplateName'] ?? site.makeName(128),
      ...pickMembers(properties, 'VersionDescription LaunchTemplateData'),
      ...(tags.length === 0
        ? {}
        : { TagSpecifications: [{ ResourceType: 'launch-template', Tags: tags }] }),
    });
    const id = takeText(answer, 'LaunchTemplate.LaunchTemplateId');
    return { id, attributes: asVersion(id, '1') };
  },
  update: async (made, { after }, { call }) => {
    const answer = await call('ec2', 'CreateLaunchTemplateVersion', {
      LaunchTemplateId: made.id,
      ...pickMembers(after, 'VersionDescription LaunchTemplateData'),
    });
    const version = takeText(answer, 'LaunchTemplateVersion.VersionNumber');
    return {
      ...made,
      attributes: { ...made.attributes, LatestVersionNumber: version },
    };
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DeleteLaunchTemplate', { LaunchTemplateId: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const ask = call('ec2', 'DescribeLaunchTemplateVersions', {
      LaunchTemplateId: id,
      Versions: ['$Latest'],
    });
    return findMember(await unlessMissing(ask), 'LaunchTemplateVersions.0') as Values | undefined;
  },
};

function asVersion(id: string, version: string): Values {
  return { LaunchTemplateId: id, LatestVersionNumber: version, DefaultVersionNumber: '1' };
}

export const SECURITY_KINDS: readonly ResourceKind[] = [
  securityGroup,
  securityGroupIngress,
  endpoint,
  launchTemplate,
];
