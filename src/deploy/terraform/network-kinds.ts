/** Types of the network, for the provider hashicorp/aws. Pure. */
import { APART, TAGS, type TerraformKind } from './kind.ts';

const NAMED_BY = { GroupDescription: 'description', GroupName: 'name', VpcId: 'vpc_id' } as const;

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
    rules: { ...NAMED_BY, SecurityGroupEgress: APART, ...TAGS },
    attributes: { GroupId: 'id' },
    // CloudFormation lets everything out where no rule is given; Terraform lets nothing out.
    more: () => [
      {
        type: 'aws_vpc_security_group_egress_rule',
        suffix: 'out',
        rules: { IpProtocol: 'ip_protocol', CidrIp: 'cidr_ipv4' },
        properties: { IpProtocol: '-1', CidrIp: '0.0.0.0/0' },
        owner: ['security_group_id', 'id'],
      },
    ],
  },
  'AWS::EC2::SecurityGroupIngress': {
    type: 'aws_vpc_security_group_ingress_rule',
    rules: {
      Description: 'description',
      GroupId: 'security_group_id',
      SourceSecurityGroupId: 'referenced_security_group_id',
      CidrIp: 'cidr_ipv4',
      IpProtocol: 'ip_protocol',
      FromPort: 'from_port',
      ToPort: 'to_port',
    },
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
    },
  },
};
