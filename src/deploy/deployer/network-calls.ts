/**
 * What making, reading, changing and taking away parts of a network calls, by type. Almost no
 * resource of EC2 has a name that is known before it is made.
 */
import type { TypeCalls } from './calls.ts';

const TAGS = 'CreateTags DeleteTags';

/** A resource of its own whose tags are set with it. */
const made = (calls: string, reads: string, ...on: readonly string[]): TypeCalls => ({
  service: 'ec2',
  calls: `${calls} ${TAGS}`,
  reads,
  on: () => on,
});

/** What joins two others, and has no tags. */
const joint = (calls: string, reads: string, ...on: readonly string[]): TypeCalls => ({
  service: 'ec2',
  calls,
  reads,
  on: () => on,
});

export const networkCalls: Readonly<Record<string, TypeCalls>> = {
  'AWS::EC2::VPC': made(
    'CreateVpc ModifyVpcAttribute DescribeVpcAttribute DeleteVpc',
    'DescribeVpcs DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups',
    'vpc/*',
  ),
  'AWS::EC2::Subnet': made(
    'CreateSubnet ModifySubnetAttribute DeleteSubnet',
    'DescribeSubnets DescribeNetworkAcls DescribeAvailabilityZones',
    'subnet/*',
    'vpc/*',
  ),
  'AWS::EC2::InternetGateway': made(
    'CreateInternetGateway DeleteInternetGateway',
    'DescribeInternetGateways',
    'internet-gateway/*',
  ),
  'AWS::EC2::VPCGatewayAttachment': joint(
    'AttachInternetGateway DetachInternetGateway',
    'DescribeInternetGateways DescribeVpnGateways',
    'internet-gateway/*',
    'vpc/*',
  ),
  'AWS::EC2::RouteTable': made(
    'CreateRouteTable DeleteRouteTable',
    'DescribeRouteTables',
    'route-table/*',
    'vpc/*',
  ),
  'AWS::EC2::Route': joint(
    'CreateRoute ReplaceRoute DeleteRoute',
    'DescribeRouteTables DescribeNetworkInterfaces',
    'route-table/*',
  ),
  'AWS::EC2::SubnetRouteTableAssociation': joint(
    'AssociateRouteTable ReplaceRouteTableAssociation DisassociateRouteTable',
    'DescribeRouteTables DescribeSubnets',
    'route-table/*',
    'subnet/*',
  ),
  'AWS::EC2::EIP': made(
    'AllocateAddress ReleaseAddress DisassociateAddress',
    'DescribeAddresses DescribeAddressesAttribute',
    'elastic-ip/*',
  ),
  'AWS::EC2::NatGateway': made(
    'CreateNatGateway DeleteNatGateway',
    'DescribeNatGateways',
    'natgateway/*',
    'subnet/*',
    'vpc/*',
    'elastic-ip/*',
  ),
  'AWS::EC2::SecurityGroup': made(
    'CreateSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress ' +
      'RevokeSecurityGroupIngress RevokeSecurityGroupEgress DeleteSecurityGroup',
    'DescribeSecurityGroups DescribeNetworkInterfaces DescribeInstances',
    'security-group/*',
    'vpc/*',
  ),
  'AWS::EC2::SecurityGroupIngress': joint(
    'AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress ' +
      'UpdateSecurityGroupRuleDescriptionsIngress',
    'DescribeSecurityGroups DescribeSecurityGroupRules',
    'security-group/*',
    'security-group-rule/*',
  ),
  'AWS::EC2::VPCEndpoint': made(
    'CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints',
    'DescribeVpcEndpoints DescribeSubnets DescribeSecurityGroups DescribeVpcs DescribePrefixLists',
    'vpc-endpoint/*',
    'vpc/*',
    'subnet/*',
    'security-group/*',
    'route-table/*',
  ),
  'AWS::EC2::LaunchTemplate': made(
    'CreateLaunchTemplate CreateLaunchTemplateVersion ModifyLaunchTemplate DeleteLaunchTemplate',
    'DescribeLaunchTemplates DescribeLaunchTemplateVersions',
    'launch-template/*',
  ),
};
