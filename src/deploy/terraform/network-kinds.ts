/** Types of the network, for the provider hashicorp/aws. Pure. */
import type { AwsValue, Properties } from '../template.ts';
import { APART, type MoreResource, type PropertyRules, TAGS, type TerraformKind } from './kind.ts';

const NAMED_BY = { GroupDescription: 'description', GroupName: 'name', VpcId: 'vpc_id' } as const;
const PORTS = {
  Description: 'description',
  CidrIp: 'cidr_ipv4',
  CidrIpv6: 'cidr_ipv6',
  IpProtocol: 'ip_protocol',
  FromPort: 'from_port',
  ToPort: 'to_port',
} as const;
const INGRESS: PropertyRules = {
  ...PORTS,
  SourceSecurityGroupId: 'referenced_security_group_id',
  SourcePrefixListId: 'prefix_list_id',
};
const EGRESS: PropertyRules = {
  ...PORTS,
  DestinationSecurityGroupId: 'referenced_security_group_id',
  DestinationPrefixListId: 'prefix_list_id',
};
/** CloudFormation lets everything out where no rule is given; Terraform lets nothing out. */
const ALL_OUT: readonly AwsValue[] = [{ IpProtocol: '-1', CidrIp: '0.0.0.0/0' }];

export const NETWORK_KINDS: Readonly<Record<string, TerraformKind>> = {
  'AWS::EC2::VPC': {
    type: 'aws_vpc',
    rules: {
      CidrBlock: 'cidr_block',
      EnableDnsSupport: 'enable_dns_support',
      EnableDnsHostnames: 'enable_dns_hostnames',
      ...TAGS,
    },
    attributes: { VpcId: 'id' },
  },
  'AWS::EC2::Subnet': {
    type: 'aws_subnet',
    rules: {
      VpcId: 'vpc_id',
      AvailabilityZone: 'availability_zone',
      CidrBlock: 'cidr_block',
      MapPublicIpOnLaunch: 'map_public_ip_on_launch',
      ...TAGS,
    },
  },
  'AWS::EC2::InternetGateway': { type: 'aws_internet_gateway', rules: TAGS },
  'AWS::EC2::VPCGatewayAttachment': {
    type: 'aws_internet_gateway_attachment',
    rules: { VpcId: 'vpc_id', InternetGatewayId: 'internet_gateway_id' },
  },
  'AWS::EC2::RouteTable': { type: 'aws_route_table', rules: { VpcId: 'vpc_id', ...TAGS } },
  'AWS::EC2::Route': {
    type: 'aws_route',
    rules: {
      RouteTableId: 'route_table_id',
      DestinationCidrBlock: 'destination_cidr_block',
      GatewayId: 'gateway_id',
      NatGatewayId: 'nat_gateway_id',
    },
  },
  'AWS::EC2::SubnetRouteTableAssociation': {
    type: 'aws_route_table_association',
    rules: { SubnetId: 'subnet_id', RouteTableId: 'route_table_id' },
  },
  'AWS::EC2::EIP': {
    type: 'aws_eip',
    rules: { Domain: 'domain', ...TAGS },
    ref: 'public_ip',
    attributes: { AllocationId: 'id' },
  },
  'AWS::EC2::NatGateway': {
    type: 'aws_nat_gateway',
    rules: { AllocationId: 'allocation_id', SubnetId: 'subnet_id', ...TAGS },
  },
  'AWS::EC2::SecurityGroup': {
    type: 'aws_security_group',
    rules: { ...NAMED_BY, SecurityGroupIngress: APART, SecurityGroupEgress: APART, ...TAGS },
    attributes: { GroupId: 'id', VpcId: 'vpc_id' },
    more: ({ SecurityGroupIngress = [], SecurityGroupEgress = ALL_OUT }) => [
      ...describeRules('ingress', SecurityGroupIngress),
      ...describeRules('egress', SecurityGroupEgress),
    ],
  },
  'AWS::EC2::SecurityGroupIngress': {
    type: 'aws_vpc_security_group_ingress_rule',
    rules: { GroupId: 'security_group_id', ...INGRESS },
  },
  'AWS::EC2::VPCEndpoint': {
    type: 'aws_vpc_endpoint',
    rules: {
      VpcId: 'vpc_id',
      ServiceName: 'service_name',
      VpcEndpointType: 'vpc_endpoint_type',
      SubnetIds: 'subnet_ids',
      SecurityGroupIds: 'security_group_ids',
      RouteTableIds: 'route_table_ids',
      PrivateDnsEnabled: 'private_dns_enabled',
      PolicyDocument: { json: 'policy' },
      ...TAGS,
    },
    attributes: { Id: 'id' },
  },
};

/** Rules that stand in a group: resources of their own, as a group's own rules would end others. */
function describeRules(way: 'egress' | 'ingress', rules: AwsValue): readonly MoreResource[] {
  return (rules as readonly Properties[]).map((properties, i) => ({
    type: `aws_vpc_security_group_${way}_rule`,
    suffix: `${way === 'egress' ? 'out' : 'in'}${i === 0 ? '' : i + 1}`,
    rules: way === 'egress' ? EGRESS : INGRESS,
    properties,
    owner: ['security_group_id', 'id'],
  }));
}
