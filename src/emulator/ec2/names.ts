/**
 * The names of EC2's members. Inside they are those of AWS's service model, which the SDK and the
 * CLI have too; in a form and in an answer's XML a list has another name. Here are the names that
 * follow no rule, and which members a nested structure of an input has. Pure.
 * Source: https://github.com/boto/botocore/tree/develop/botocore/data/ec2/2016-11-15
 */

/** By the name of a list in a form; one of the action or of the list around it goes before. */
const LISTS: Readonly<Record<string, string>> = {
  'CreateNetworkInterface SecurityGroupId': 'Groups',
  'DescribeNatGateways Filter': 'Filter',
  'NetworkInterfaces SecurityGroupId': 'Groups',
  AddRouteTableId: 'AddRouteTableIds',
  AddSecurityGroupId: 'AddSecurityGroupIds',
  AddSubnetId: 'AddSubnetIds',
  AllocationId: 'AllocationIds',
  AttributeName: 'AttributeNames',
  BlockDeviceMapping: 'BlockDeviceMappings',
  Filter: 'Filters',
  GroupId: 'GroupIds',
  GroupName: 'GroupNames',
  Groups: 'UserIdGroupPairs',
  ImageId: 'ImageIds',
  InstanceId: 'InstanceIds',
  InternetGatewayId: 'InternetGatewayIds',
  LaunchTemplateId: 'LaunchTemplateIds',
  LaunchTemplateName: 'LaunchTemplateNames',
  LaunchTemplateVersion: 'Versions',
  NatGatewayId: 'NatGatewayIds',
  NetworkAclId: 'NetworkAclIds',
  NetworkInterface: 'NetworkInterfaces',
  NetworkInterfaceId: 'NetworkInterfaceIds',
  Owner: 'Owners',
  PrefixListId: 'PrefixListIds',
  PublicIp: 'PublicIps',
  RegionName: 'RegionNames',
  RemoveRouteTableId: 'RemoveRouteTableIds',
  RemoveSecurityGroupId: 'RemoveSecurityGroupIds',
  RemoveSubnetId: 'RemoveSubnetIds',
  ResourceId: 'Resources',
  RouteTableId: 'RouteTableIds',
  SecurityGroup: 'SecurityGroups',
  SecurityGroupId: 'SecurityGroupIds',
  SecurityGroupRuleDescription: 'SecurityGroupRuleDescriptions',
  SecurityGroupRuleId: 'SecurityGroupRuleIds',
  ServiceName: 'ServiceNames',
  SubnetId: 'SubnetIds',
  Tag: 'Tags',
  TagSpecification: 'TagSpecifications',
  Value: 'Values',
  VpcEndpointId: 'VpcEndpointIds',
  VpcId: 'VpcIds',
  VpnGatewayId: 'VpnGatewayIds',
  ZoneId: 'ZoneIds',
  ZoneName: 'ZoneNames',
};

const SCALARS: Readonly<Record<string, string>> = {
  'CreateSecurityGroup GroupDescription': 'Description',
  'ModifyLaunchTemplate SetDefaultVersion': 'DefaultVersion',
};

/** @param within  the action, or the member around */
export function nameMember(name: string, within: string, isList: boolean): string {
  if (!isList) return SCALARS[`${within} ${name}`] ?? name;
  return LISTS[`${within} ${name}`] ?? LISTS[name] ?? name;
}

const RANGE = 'Description';
const DEVICE =
  'DeleteOnTermination Encrypted Iops KmsKeyId SnapshotId Throughput VolumeSize VolumeType';
const VALUE = 'Value';

/** The members of structures in inputs, by the name of the member that holds one or a list. */
export const NESTED: Readonly<Record<string, string>> = {
  BlockDeviceMappings: 'DeviceName Ebs NoDevice VirtualName',
  CreditSpecification: 'CpuCredits',
  Ebs: DEVICE,
  EnableDnsHostnames: VALUE,
  EnableDnsSupport: VALUE,
  Filter: 'Name Values',
  Filters: 'Name Values',
  IamInstanceProfile: 'Arn Name',
  InstanceMarketOptions: 'MarketType SpotOptions',
  IpPermissions: 'FromPort IpProtocol IpRanges Ipv6Ranges PrefixListIds ToPort UserIdGroupPairs',
  IpRanges: `CidrIp ${RANGE}`,
  Ipv6Ranges: `CidrIpv6 ${RANGE}`,
  LaunchTemplate: 'LaunchTemplateId LaunchTemplateName Version',
  LaunchTemplateData:
    'BlockDeviceMappings CreditSpecification DisableApiStop DisableApiTermination EbsOptimized ' +
    'IamInstanceProfile ImageId InstanceInitiatedShutdownBehavior InstanceMarketOptions ' +
    'InstanceType KeyName MetadataOptions Monitoring NetworkInterfaces Placement ' +
    'SecurityGroupIds SecurityGroups TagSpecifications UserData',
  MapPublicIpOnLaunch: VALUE,
  MetadataOptions:
    'HttpEndpoint HttpProtocolIpv6 HttpPutResponseHopLimit HttpTokens InstanceMetadataTags',
  Monitoring: 'Enabled',
  NetworkInterfaces:
    'AssociatePublicIpAddress DeleteOnTermination Description DeviceIndex Groups ' +
    'NetworkInterfaceId PrivateIpAddress SubnetId',
  Placement: 'AvailabilityZone GroupName Tenancy',
  PrefixListIds: `PrefixListId ${RANGE}`,
  SecurityGroupRuleDescriptions: `SecurityGroupRuleId ${RANGE}`,
  SpotOptions: 'InstanceInterruptionBehavior MaxPrice SpotInstanceType ValidUntil',
  TagSpecifications: 'ResourceType Tags',
  Tags: 'Key Value',
  UserIdGroupPairs: `GroupId GroupName PeeringStatus UserId VpcId ${RANGE}`,
};

/** Members whose values are numbers. */
export const NUMBER_MEMBERS: ReadonlySet<string> = new Set(
  (
    'DeviceIndex FromPort HttpPutResponseHopLimit Iops MaxCount MaxResults MinCount Throughput ' +
    'ToPort VolumeSize'
  ).split(' '),
);

/** Members whose values are true or false. */
export const FLAGS: ReadonlySet<string> = new Set(
  (
    'AllAvailabilityZones AllRegions AllowReassociation AssociatePublicIpAddress ' +
    'DeleteOnTermination DisableApiStop DisableApiTermination DryRun EbsOptimized Enabled ' +
    'Encrypted IncludeAllInstances PrivateDnsEnabled ResetPolicy'
  ).split(' '),
);

/** By the name of a member in an answer, where one of the list or structure around goes before. */
const ELEMENTS: Readonly<Record<string, string>> = {
  'Images BlockDeviceMappings': 'blockDeviceMapping',
  'Images OwnerId': 'imageOwnerId',
  'Images Public': 'isPublic',
  'Images State': 'imageState',
  'AvailabilityZones State': 'zoneState',
  'Instances BlockDeviceMappings': 'blockDeviceMapping',
  'Instances PublicDnsName': 'dnsName',
  'Instances PublicIpAddress': 'ipAddress',
  'Instances SecurityGroups': 'groupSet',
  'Instances State': 'instanceState',
  'Instances StateTransitionReason': 'reason',
  'LaunchTemplateData SecurityGroups': 'securityGroupSet',
  'NetworkAcls IsDefault': 'default',
  'NetworkInterfaces Groups': 'groupSet',
  'NetworkInterface Groups': 'groupSet',
  'Regions Endpoint': 'regionEndpoint',
  'SecurityGroups Description': 'groupDescription',
  AccountAttributes: 'accountAttributeSet',
  Addresses: 'addressesSet',
  Associations: 'associationSet',
  Attachments: 'attachmentSet',
  AttributeValues: 'attributeValueSet',
  AvailabilityZones: 'availabilityZoneInfo',
  BlockDeviceMappings: 'blockDeviceMappingSet',
  Cidrs: 'cidrSet',
  DnsEntries: 'dnsEntrySet',
  Entries: 'entrySet',
  Events: 'eventsSet',
  Groups: 'groupSet',
  Images: 'imagesSet',
  InstanceStatuses: 'instanceStatusSet',
  Instances: 'instancesSet',
  InternetGateways: 'internetGatewaySet',
  Ipv6Addresses: 'ipv6AddressesSet',
  LaunchTemplateVersions: 'launchTemplateVersionSet',
  Messages: 'messageSet',
  NatGatewayAddresses: 'natGatewayAddressSet',
  NatGateways: 'natGatewaySet',
  NetworkAcls: 'networkAclSet',
  NetworkInterfaceIds: 'networkInterfaceIdSet',
  NetworkInterfaces: 'networkInterfaceSet',
  PrefixLists: 'prefixListSet',
  PrivateIpAddresses: 'privateIpAddressesSet',
  PropagatingVgws: 'propagatingVgwSet',
  Regions: 'regionInfo',
  Reservations: 'reservationSet',
  RevokedSecurityGroupRules: 'revokedSecurityGroupRuleSet',
  RouteTableIds: 'routeTableIdSet',
  RouteTables: 'routeTableSet',
  Routes: 'routeSet',
  SecurityGroupIds: 'securityGroupIdSet',
  SecurityGroupRules: 'securityGroupRuleSet',
  SecurityGroups: 'securityGroupInfo',
  ServiceNames: 'serviceNameSet',
  SubnetIds: 'subnetIdSet',
  Subnets: 'subnetSet',
  Tags: 'tagSet',
  TagSpecifications: 'tagSpecificationSet',
  TerminatingInstances: 'instancesSet',
  UserIdGroupPairs: 'groups',
  VpcEndpoints: 'vpcEndpointSet',
  Vpcs: 'vpcSet',
  VpnGateways: 'vpnGatewaySet',
};

/** @param within  the member around */
export function nameElement(name: string, within: string): string {
  const known = ELEMENTS[`${within} ${name}`] ?? ELEMENTS[name];
  return known ?? name.slice(0, 1).toLowerCase() + name.slice(1);
}
