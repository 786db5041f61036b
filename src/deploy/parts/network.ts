/** The network: the VPC of the model, or a new one as the AWS articles' template makes it. */
import type { Deployment } from '../schema.ts';
import { type Draft, type Reference, type AwsValue, Zone } from '../template.ts';

export interface Network {
  readonly vpc: AwsValue;
  /** Of the tasks. */
  readonly subnets: readonly AwsValue[];
  /** Tasks need a public address to reach AWS. */
  readonly isPublic: boolean;
  readonly routeTables: readonly AwsValue[];
}

export function addNetwork(draft: Draft, { name, network }: Deployment): Network {
  if (network.vpc !== undefined)
    return {
      vpc: network.vpc,
      subnets: network.subnets,
      isPublic: network.public,
      routeTables: network.route_tables,
    };
  const vpc = draft.add({
    id: 'Vpc',
    type: 'AWS::EC2::VPC',
    properties: {
      CidrBlock: network.cidr,
      EnableDnsSupport: true,
      EnableDnsHostnames: true,
      Tags: [{ Key: 'Name', Value: name }],
    },
    why: 'A network for the tasks; names of Cloud Map need its DNS.',
  });
  const gateway = draft.add({
    id: 'InternetGateway',
    type: 'AWS::EC2::InternetGateway',
    properties: { Tags: [{ Key: 'Name', Value: name }] },
    why: 'The way to the Internet of the public subnets.',
  });
  draft.add({
    id: 'GatewayAttachment',
    type: 'AWS::EC2::VPCGatewayAttachment',
    properties: { VpcId: vpc, InternetGatewayId: gateway },
    why: 'Joins the Internet gateway to the VPC.',
  });
  const publicTable = addRouteTable(draft, vpc, 'Public', `${name}-public`);
  draft.add({
    id: 'PublicRoute',
    type: 'AWS::EC2::Route',
    properties: {
      RouteTableId: publicTable,
      DestinationCidrBlock: '0.0.0.0/0',
      GatewayId: gateway,
    },
    after: ['GatewayAttachment'],
    why: 'What is not in the VPC goes to the Internet.',
  });
  const prefix = network.cidr.split('.').slice(0, 2).join('.');
  const zones = [0, 1].map((index) => addZone(draft, { vpc, publicTable, name, prefix, index }));
  return {
    vpc,
    subnets: zones.map(({ subnet }) => subnet),
    isPublic: false,
    routeTables: zones.map(({ table }) => table),
  };
}

interface ZoneParts {
  readonly vpc: Reference;
  readonly publicTable: Reference;
  readonly name: string;
  /** First two numbers of the VPC's addresses. */
  readonly prefix: string;
  readonly index: number;
}

/** One public and one private subnet; the private one reaches the Internet by a NAT gateway. */
function addZone(
  draft: Draft,
  { vpc, publicTable, name, prefix, index }: ZoneParts,
): { readonly subnet: Reference; readonly table: Reference } {
  const number = `${index + 1}`;
  const addSubnet = (kind: 'Private' | 'Public', cidr: string): Reference =>
    draft.add({
      id: `${kind}Subnet${number}`,
      type: 'AWS::EC2::Subnet',
      properties: {
        VpcId: vpc,
        AvailabilityZone: new Zone(index),
        CidrBlock: cidr,
        MapPublicIpOnLaunch: kind === 'Public',
        Tags: [{ Key: 'Name', Value: `${name}-${kind.toLowerCase()}-${number}` }],
      },
      why: kind === 'Public' ? 'Holds a NAT gateway.' : 'Holds tasks; nobody outside reaches them.',
    });
  const publicSubnet = addSubnet('Public', `${prefix}.${index}.0/24`);
  const subnet = addSubnet('Private', `${prefix}.${100 + index}.0/24`);
  addAssociation(draft, `PublicSubnet${number}`, publicSubnet, publicTable);
  const address = draft.add({
    id: `NatAddress${number}`,
    type: 'AWS::EC2::EIP',
    properties: { Domain: 'vpc' },
    after: ['GatewayAttachment'],
    why: 'The public address of a NAT gateway.',
  });
  const nat = draft.add({
    id: `NatGateway${number}`,
    type: 'AWS::EC2::NatGateway',
    properties: { AllocationId: address.get('AllocationId'), SubnetId: publicSubnet },
    why: 'The way to AWS and to registries of images from the private subnet.',
  });
  const table = addRouteTable(draft, vpc, `Private${number}`, `${name}-private-${number}`);
  draft.add({
    id: `PrivateRoute${number}`,
    type: 'AWS::EC2::Route',
    properties: { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: nat },
    why: 'What is not in the VPC goes through the NAT gateway.',
  });
  addAssociation(draft, `PrivateSubnet${number}`, subnet, table);
  return { subnet, table };
}

function addRouteTable(draft: Draft, vpc: Reference, prefix: string, name: string): Reference {
  return draft.add({
    id: `${prefix}RouteTable`,
    type: 'AWS::EC2::RouteTable',
    properties: { VpcId: vpc, Tags: [{ Key: 'Name', Value: name }] },
    why: 'Routes of a subnet.',
  });
}

function addAssociation(draft: Draft, prefix: string, subnet: Reference, table: Reference): void {
  draft.add({
    id: `${prefix}Routes`,
    type: 'AWS::EC2::SubnetRouteTableAssociation',
    properties: { SubnetId: subnet, RouteTableId: table },
    why: 'Gives the subnet its routes.',
  });
}
