/**
 * What a region of EC2 keeps, in the members of AWS's service model where an answer has them so.
 * Tags are kept beside, by id.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Types.html
 */

export interface Vpc {
  readonly VpcId: string;
  readonly CidrBlock: string;
  readonly IsDefault: boolean;
  readonly InstanceTenancy: string;
  /** Kept for DescribeVpcAttribute; no part of the answer of DescribeVpcs. */
  readonly attributes: Record<'EnableDnsHostnames' | 'EnableDnsSupport', boolean>;
}

export interface Subnet {
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly CidrBlock: string;
  readonly AvailabilityZone: string;
  readonly AvailabilityZoneId: string;
  readonly DefaultForAz: boolean;
  MapPublicIpOnLaunch: boolean;
}

export interface InternetGateway {
  readonly InternetGatewayId: string;
  /** The VPC that it is attached to. */
  vpcId: string | undefined;
}

export interface NetworkRoute {
  readonly DestinationCidrBlock: string;
  readonly GatewayId?: string | undefined;
  readonly NatGatewayId?: string | undefined;
  readonly NetworkInterfaceId?: string | undefined;
  readonly InstanceId?: string | undefined;
  readonly Origin: 'CreateRoute' | 'CreateRouteTable';
}

export interface Association {
  readonly RouteTableAssociationId: string;
  readonly Main: boolean;
  /** Absent for the main one. */
  readonly SubnetId?: string | undefined;
}

export interface RouteTable {
  readonly RouteTableId: string;
  readonly VpcId: string;
  routes: NetworkRoute[];
  associations: Association[];
}

export interface Address {
  readonly AllocationId: string;
  readonly PublicIp: string;
  /** Where it is used. */
  used:
    | { readonly AssociationId: string; readonly NetworkInterfaceId: string; readonly InstanceId?: string | undefined; readonly PrivateIpAddress: string } // prettier-ignore
    | undefined;
}

export interface NatGateway {
  readonly NatGatewayId: string;
  readonly VpcId: string;
  readonly SubnetId: string;
  readonly ConnectivityType: string;
  readonly CreateTime: string;
  readonly allocationId: string | undefined;
  readonly publicIp: string | undefined;
  readonly interfaceId: string | undefined;
  readonly privateIp: string | undefined;
  readonly FailureCode?: string;
  readonly FailureMessage?: string;
  State: 'available' | 'deleted' | 'failed';
  DeleteTime?: string;
}

export interface SecurityGroup {
  readonly GroupId: string;
  readonly GroupName: string;
  readonly Description: string;
  readonly VpcId: string;
}

export interface SecurityGroupRule {
  readonly SecurityGroupRuleId: string;
  readonly GroupId: string;
  readonly IsEgress: boolean;
  readonly IpProtocol: string;
  readonly FromPort: number;
  readonly ToPort: number;
  readonly CidrIpv4?: string | undefined;
  readonly CidrIpv6?: string | undefined;
  readonly PrefixListId?: string | undefined;
  /** The id of the group that may come in, or be reached. */
  readonly referenced?: string | undefined;
  Description?: string | undefined;
}

export interface NetworkInterface {
  readonly NetworkInterfaceId: string;
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly AvailabilityZone: string;
  readonly Description: string;
  readonly InterfaceType: string;
  readonly RequesterId: string;
  readonly PrivateIpAddress: string;
  /** Ids of security groups. */
  groups: readonly string[];
  /** What it is attached to: an instance, or a part of AWS; undefined while it is free. */
  attached: { readonly InstanceId?: string | undefined; readonly DeviceIndex: number } | undefined;
  publicIp: string | undefined;
}

export interface VpcEndpoint {
  readonly VpcEndpointId: string;
  readonly VpcEndpointType: 'Gateway' | 'Interface';
  readonly VpcId: string;
  readonly ServiceName: string;
  readonly CreationTimestamp: string;
  PolicyDocument: string;
  PrivateDnsEnabled: boolean;
  RouteTableIds: readonly string[];
  groups: readonly string[];
  /** The interface in each subnet. */
  readonly interfaces: Map<string, string>;
}

export interface LaunchTemplate {
  readonly LaunchTemplateId: string;
  readonly LaunchTemplateName: string;
  readonly CreateTime: string;
  readonly CreatedBy: string;
  DefaultVersionNumber: number;
  /** The first has number 1. */
  readonly versions: {
    readonly CreateTime: string;
    readonly CreatedBy: string;
    readonly VersionDescription?: string | undefined;
    readonly LaunchTemplateData: Readonly<Record<string, unknown>>;
  }[];
}
