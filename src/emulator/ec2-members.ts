/**
 * The members of EC2's requests that the emulator knows. Structures within them: ec2/names.ts.
 */
import type { ActionMembers } from './known-members.ts';

const EC2_LIST = 'Filters MaxResults NextToken DryRun';
const RULES = 'GroupId IpPermissions IpProtocol FromPort ToPort CidrIp DryRun';
const ROUTE =
  'RouteTableId DestinationCidrBlock GatewayId NatGatewayId NetworkInterfaceId InstanceId DryRun';
const TEMPLATE = 'LaunchTemplateId LaunchTemplateName';

/** By action; see members.ts. */
export const EC2_MEMBERS: Readonly<Record<string, ActionMembers>> = {
  AllocateAddress: { acts: 'Domain TagSpecifications DryRun' },
  AssociateAddress: {
    acts: 'AllocationId InstanceId NetworkInterfaceId AllowReassociation DryRun',
  },
  AssociateRouteTable: { acts: 'RouteTableId SubnetId DryRun' },
  AttachInternetGateway: { acts: 'InternetGatewayId VpcId DryRun' },
  AuthorizeSecurityGroupEgress: { acts: `TagSpecifications ${RULES}` },
  AuthorizeSecurityGroupIngress: { acts: `GroupName TagSpecifications ${RULES}` },
  CreateInternetGateway: { acts: 'TagSpecifications DryRun' },
  CreateLaunchTemplate: {
    acts: 'LaunchTemplateName VersionDescription LaunchTemplateData TagSpecifications DryRun',
    idle: 'ClientToken',
  },
  CreateLaunchTemplateVersion: {
    acts: `${TEMPLATE} SourceVersion VersionDescription LaunchTemplateData DryRun`,
    idle: 'ClientToken',
  },
  CreateNatGateway: {
    acts: 'AllocationId SubnetId ConnectivityType TagSpecifications DryRun',
    idle: 'ClientToken',
  },
  CreateNetworkInterface: {
    acts: 'SubnetId Description PrivateIpAddress Groups TagSpecifications DryRun',
    idle: 'ClientToken',
  },
  CreateRoute: { acts: ROUTE },
  CreateRouteTable: { acts: 'VpcId TagSpecifications DryRun', idle: 'ClientToken' },
  CreateSecurityGroup: { acts: 'Description GroupName VpcId TagSpecifications DryRun' },
  CreateSubnet: {
    acts: 'VpcId CidrBlock AvailabilityZone AvailabilityZoneId TagSpecifications DryRun',
  },
  CreateTags: { acts: 'Resources Tags DryRun' },
  CreateVpc: { acts: 'CidrBlock InstanceTenancy TagSpecifications DryRun' },
  CreateVpcEndpoint: {
    acts:
      'VpcEndpointType VpcId ServiceName PolicyDocument RouteTableIds SubnetIds ' +
      'SecurityGroupIds PrivateDnsEnabled TagSpecifications DryRun',
    idle: 'ClientToken',
  },
  DeleteInternetGateway: { acts: 'InternetGatewayId DryRun' },
  DeleteLaunchTemplate: { acts: `${TEMPLATE} DryRun` },
  DeleteNatGateway: { acts: 'NatGatewayId DryRun' },
  DeleteNetworkInterface: { acts: 'NetworkInterfaceId DryRun' },
  DeleteRoute: { acts: 'RouteTableId DestinationCidrBlock DryRun' },
  DeleteRouteTable: { acts: 'RouteTableId DryRun' },
  DeleteSecurityGroup: { acts: 'GroupId GroupName DryRun' },
  DeleteSubnet: { acts: 'SubnetId DryRun' },
  DeleteTags: { acts: 'Resources Tags DryRun' },
  DeleteVpc: { acts: 'VpcId DryRun' },
  DeleteVpcEndpoints: { acts: 'VpcEndpointIds DryRun' },
  DescribeAccountAttributes: { acts: 'AttributeNames DryRun' },
  DescribeAddresses: { acts: 'PublicIps AllocationIds Filters DryRun' },
  DescribeAddressesAttribute: {
    acts: 'AllocationIds MaxResults NextToken DryRun',
    idle: 'Attribute',
  },
  // Zones that must be opted in are not here, so AllAvailabilityZones adds none.
  DescribeAvailabilityZones: {
    acts: 'ZoneNames ZoneIds Filters DryRun',
    idle: 'AllAvailabilityZones',
  },
  // None is deprecated or disabled.
  DescribeImages: {
    acts: 'ImageIds Owners Filters DryRun',
    idle: 'IncludeDeprecated IncludeDisabled MaxResults',
  },
  DescribeInstanceAttribute: { acts: 'InstanceId Attribute DryRun' },
  DescribeInstanceStatus: { acts: `InstanceIds IncludeAllInstances ${EC2_LIST}` },
  DescribeInstances: { acts: `InstanceIds ${EC2_LIST}` },
  DescribeInternetGateways: { acts: `InternetGatewayIds ${EC2_LIST}` },
  DescribeLaunchTemplateVersions: {
    acts: `${TEMPLATE} Versions MaxResults NextToken DryRun`,
  },
  DescribeLaunchTemplates: { acts: `LaunchTemplateIds LaunchTemplateNames ${EC2_LIST}` },
  DescribeNatGateways: { acts: 'NatGatewayIds Filter MaxResults NextToken DryRun' },
  DescribeNetworkAcls: { acts: `NetworkAclIds ${EC2_LIST}` },
  DescribeNetworkInterfaces: { acts: `NetworkInterfaceIds ${EC2_LIST}` },
  DescribePrefixLists: { acts: 'PrefixListIds Filters DryRun', idle: 'MaxResults' },
  DescribeRegions: { acts: 'RegionNames Filters DryRun', idle: 'AllRegions' },
  DescribeRouteTables: { acts: `RouteTableIds ${EC2_LIST}` },
  DescribeSecurityGroupRules: { acts: `SecurityGroupRuleIds ${EC2_LIST}` },
  DescribeSecurityGroups: { acts: `GroupIds GroupNames ${EC2_LIST}` },
  DescribeSubnets: { acts: `SubnetIds ${EC2_LIST}` },
  DescribeTags: { acts: EC2_LIST },
  DescribeVpcAttribute: { acts: 'VpcId Attribute DryRun' },
  DescribeVpcEndpointServices: { acts: `ServiceNames ${EC2_LIST}` },
  DescribeVpcEndpoints: { acts: `VpcEndpointIds ${EC2_LIST}` },
  DescribeVpcs: { acts: `VpcIds ${EC2_LIST}` },
  // There are none.
  DescribeVpnGateways: { acts: 'DryRun', idle: 'Filters VpnGatewayIds' },
  DetachInternetGateway: { acts: 'InternetGatewayId VpcId DryRun' },
  DisassociateAddress: { acts: 'AssociationId DryRun' },
  DisassociateRouteTable: { acts: 'AssociationId DryRun' },
  ModifyLaunchTemplate: { acts: `${TEMPLATE} DefaultVersion DryRun`, idle: 'ClientToken' },
  ModifySubnetAttribute: { acts: 'SubnetId MapPublicIpOnLaunch' },
  ModifyVpcAttribute: { acts: 'VpcId EnableDnsHostnames EnableDnsSupport' },
  ModifyVpcEndpoint: {
    acts:
      'VpcEndpointId ResetPolicy PolicyDocument AddRouteTableIds RemoveRouteTableIds ' +
      'AddSubnetIds RemoveSubnetIds AddSecurityGroupIds RemoveSecurityGroupIds ' +
      'PrivateDnsEnabled DryRun',
  },
  ReleaseAddress: { acts: 'AllocationId DryRun' },
  ReplaceRoute: { acts: ROUTE },
  ReplaceRouteTableAssociation: { acts: 'AssociationId RouteTableId DryRun' },
  RevokeSecurityGroupEgress: { acts: `SecurityGroupRuleIds ${RULES}` },
  RevokeSecurityGroupIngress: { acts: `SecurityGroupRuleIds GroupName ${RULES}` },
  RunInstances: {
    acts:
      'ImageId InstanceType MinCount MaxCount KeyName SecurityGroupIds SecurityGroups SubnetId ' +
      'UserData TagSpecifications LaunchTemplate InstanceMarketOptions MetadataOptions ' +
      'NetworkInterfaces PrivateIpAddress IamInstanceProfile Placement DryRun',
    // What they say of a machine has no effect on one that is not there.
    idle:
      'BlockDeviceMappings ClientToken CreditSpecification DisableApiStop ' +
      'DisableApiTermination EbsOptimized InstanceInitiatedShutdownBehavior Monitoring',
  },
  TerminateInstances: { acts: 'InstanceIds DryRun' },
  UpdateSecurityGroupRuleDescriptionsEgress: {
    acts: 'GroupId GroupName IpPermissions SecurityGroupRuleDescriptions DryRun',
  },
  UpdateSecurityGroupRuleDescriptionsIngress: {
    acts: 'GroupId GroupName IpPermissions SecurityGroupRuleDescriptions DryRun',
  },
};
