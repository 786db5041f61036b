/**
 * What a policy must allow for actions of EC2: each on all that it makes and names. What is made
 * has no id yet, so that its ARN ends with `*`; with tags it needs the tagging too.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
import { type AccessRule, type AccessTable, type Need, passRole, textsOf } from '../access.ts';
import type { AwsInput } from '../service.ts';
import { findImage, readProfile, readTemplate } from './launching.ts';
import type { Ec2Network } from './network.ts';

/** Members that name resources, by the types of these. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  'elastic-ip': ['AllocationId', 'AllocationIds'],
  instance: ['InstanceId', 'InstanceIds'],
  'internet-gateway': ['InternetGatewayId'],
  'launch-template': ['LaunchTemplateId'],
  natgateway: ['NatGatewayId'],
  'network-interface': ['NetworkInterfaceId'],
  'route-table': ['RouteTableId', 'RouteTableIds', 'AddRouteTableIds'],
  'security-group': ['GroupId', 'Groups', 'SecurityGroupIds', 'AddSecurityGroupIds'],
  subnet: ['SubnetId', 'SubnetIds', 'AddSubnetIds'],
  vpc: ['VpcId'],
  'vpc-endpoint': ['VpcEndpointId', 'VpcEndpointIds'],
};

/** By action: types of what it names, and after `+` the type of what it makes. */
const ACTIONS: Readonly<Record<string, string>> = {
  AllocateAddress: '+elastic-ip',
  AssociateAddress: 'elastic-ip instance network-interface',
  AssociateRouteTable: 'route-table subnet',
  AttachInternetGateway: 'internet-gateway vpc',
  AuthorizeSecurityGroupEgress: 'security-group',
  AuthorizeSecurityGroupIngress: 'security-group',
  CreateInternetGateway: '+internet-gateway',
  CreateLaunchTemplate: '+launch-template',
  CreateLaunchTemplateVersion: 'launch-template',
  CreateNatGateway: '+natgateway subnet elastic-ip',
  CreateNetworkInterface: '+network-interface subnet security-group',
  CreateRoute: 'route-table',
  CreateRouteTable: '+route-table vpc',
  CreateSecurityGroup: '+security-group vpc',
  CreateSubnet: '+subnet vpc',
  CreateVpc: '+vpc',
  CreateVpcEndpoint: '+vpc-endpoint vpc route-table subnet security-group',
  DeleteInternetGateway: 'internet-gateway',
  DeleteLaunchTemplate: 'launch-template',
  DeleteNatGateway: 'natgateway',
  DeleteNetworkInterface: 'network-interface',
  DeleteRoute: 'route-table',
  DeleteRouteTable: 'route-table',
  DeleteSecurityGroup: 'security-group',
  DeleteSubnet: 'subnet',
  DeleteVpc: 'vpc',
  DeleteVpcEndpoints: 'vpc-endpoint',
  DescribeInstanceAttribute: 'instance',
  DescribeVpcAttribute: 'vpc',
  DetachInternetGateway: 'internet-gateway vpc',
  ModifyLaunchTemplate: 'launch-template',
  ModifySubnetAttribute: 'subnet',
  ModifyVpcAttribute: 'vpc',
  ModifyVpcEndpoint: 'vpc-endpoint route-table subnet security-group',
  ReleaseAddress: 'elastic-ip',
  ReplaceRoute: 'route-table',
  RevokeSecurityGroupEgress: 'security-group',
  RevokeSecurityGroupIngress: 'security-group',
  TerminateInstances: 'instance',
  UpdateSecurityGroupRuleDescriptionsEgress: 'security-group',
  UpdateSecurityGroupRuleDescriptionsIngress: 'security-group',
};

export interface Ec2AccessEdges {
  readonly network: Ec2Network;
  /** The ARN of the role of an instance profile, which is named or has an ARN. */
  readonly profileRoleOf: (profile: string) => string | undefined;
}

export function createEc2Access({ network, profileRoleOf }: Ec2AccessEdges): AccessTable {
  const need = (action: string, type: string, id: string, input: AwsInput): Need => ({
    action: `ec2:${action}`,
    resource: network.arn(type, id),
    context: id === '*' ? describeRequestTags(input, type) : describeResource(network, id),
  });
  const named = (type: string, input: AwsInput): string[] => {
    if (type === 'launch-template') return nameTemplate(network, input);
    return (MEMBERS[type] ?? []).flatMap((member) => [
      ...textsOf(input, member),
      ...textsOf({ one: [input[member]] }, 'one'),
    ]);
  };
  /** Tags are set on what is made with it, and on what starts with an instance. */
  const tagging = (action: string, input: AwsInput): Need[] =>
    listSpecified(input).map((type) => ({
      action: 'ec2:CreateTags',
      resource: network.arn(type, '*'),
      context: { ...describeRequestTags(input, type), 'ec2:CreateAction': action },
    }));
  const rules = Object.entries(ACTIONS).map(([action, types]): [string, AccessRule] => [
    action,
    (input) => [
      ...types.split(' ').flatMap((type) => {
        if (type.startsWith('+')) return need(action, type.slice(1), '*', input);
        const ids = named(type, input);
        return ids.map((id) => need(action, type, id, input));
      }),
      ...tagging(action, input),
    ],
  ]);
  const tagAll =
    (action: string): AccessRule =>
    (input) =>
      textsOf(input, 'Resources').map((id) => ({
        action: `ec2:${action}`,
        resource: network.arn(network.typeOf(id) ?? 'instance', id),
        context: { ...describeResource(network, id), ...describeTagList(input['Tags']) },
      }));
  const run: AccessRule = (input) => {
    const template = readTemplate(network, input);
    const given: AwsInput = { ...template, ...input };
    const image = String(given['ImageId'] ?? '');
    const profile = readProfile(network, given);
    const role = profile === undefined ? undefined : profileRoleOf(profile);
    const started = ['instance', 'network-interface', 'volume'];
    return [
      ...started.map((type) => need('RunInstances', type, '*', given)),
      { action: 'ec2:RunInstances', resource: nameImage(network, image) },
      ...['security-group', 'subnet', 'launch-template'].flatMap((type) =>
        named(type, given).map((id) => need('RunInstances', type, id, input)),
      ),
      ...tagging('RunInstances', input),
      ...tagging('RunInstances', template),
      ...(role === undefined ? [] : [passRole(role, 'ec2.amazonaws.com')]),
    ];
  };
  return {
    ...Object.fromEntries(rules),
    CreateTags: tagAll('CreateTags'),
    DeleteTags: tagAll('DeleteTags'),
    DisassociateAddress: (input) =>
      network.addresses
        .values()
        .filter(({ used }) => used?.AssociationId === input['AssociationId'])
        .map(({ AllocationId }) => need('DisassociateAddress', 'elastic-ip', AllocationId, input)),
    ...onAssociation(network, 'DisassociateRouteTable'),
    ...onAssociation(network, 'ReplaceRouteTableAssociation'),
    RunInstances: run,
  };
}

/** An association is its table and its subnet. */
function onAssociation(network: Ec2Network, action: string): AccessTable {
  const need = (type: string, id: string): Need => ({
    action: `ec2:${action}`,
    resource: network.arn(type, id),
    context: describeResource(network, id),
  });
  return {
    [action]: (input) => {
      const own = input['AssociationId'];
      const tables = network.routeTables.values();
      const found = tables.flatMap(({ RouteTableId, associations }) =>
        associations
          .filter((one) => one.RouteTableAssociationId === own)
          .map(({ SubnetId }) => ({ RouteTableId, SubnetId })),
      );
      const [next] = textsOf({ one: [input['RouteTableId']] }, 'one');
      return [
        ...found.map(({ RouteTableId }) => need('route-table', RouteTableId)),
        ...found.flatMap(({ SubnetId }) =>
          SubnetId === undefined ? [] : need('subnet', SubnetId),
        ),
        ...(next === undefined ? [] : [need('route-table', next)]),
      ];
    },
  };
}

/** The id of the template that is named at the top or within `LaunchTemplate`. */
function nameTemplate({ templates }: Ec2Network, input: AwsInput): string[] {
  const given = { ...input, ...(input['LaunchTemplate'] as AwsInput | undefined) };
  const id = given['LaunchTemplateId'];
  const name = given['LaunchTemplateName'];
  if (typeof id === 'string') return [id];
  return templates
    .values()
    .filter((one) => one.LaunchTemplateName === name)
    .map(({ LaunchTemplateId }) => LaunchTemplateId);
}

/** Images of AWS have no account. */
function nameImage({ place }: Ec2Network, named: string): string {
  return `arn:aws:ec2:${place.region}::image/${findImage(place.region, named)?.id ?? named}`;
}

function listSpecified({ TagSpecifications }: AwsInput): string[] {
  const given = Array.isArray(TagSpecifications) ? (TagSpecifications as AwsInput[]) : [];
  return given.map(({ ResourceType }) => String(ResourceType));
}

function describeRequestTags({ TagSpecifications }: AwsInput, type: string): Context {
  const given = Array.isArray(TagSpecifications) ? (TagSpecifications as AwsInput[]) : [];
  return describeTagList(
    given.filter(({ ResourceType }) => ResourceType === type).flatMap(({ Tags }) => Tags ?? []),
  );
}

type Context = NonNullable<Need['context']>;

function describeTagList(tags: unknown): Context {
  const list = Array.isArray(tags) ? (tags as AwsInput[]) : [];
  if (list.length === 0) return {};
  return {
    'aws:TagKeys': list.map(({ Key }) => String(Key)),
    ...Object.fromEntries(
      list.map(({ Key, Value = '' }) => [`aws:RequestTag/${String(Key)}`, String(Value)]),
    ),
  };
}

function describeResource(network: Ec2Network, id: string): Context {
  return Object.fromEntries(
    Object.entries(network.tagsOf(id)).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  );
}
