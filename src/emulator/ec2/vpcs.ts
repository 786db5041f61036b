/**
 * EC2's actions on VPCs and subnets.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { type Cidr, containsCidr, formatCidr, overlapsCidr, parseCidr } from './cidr.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { type FilterReaders, readEc2Text, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { Subnet, Vpc } from './shapes.ts';
import { listZones } from './zones.ts';

const VPC_FILTERS: FilterReaders<Vpc> = {
  cidr: ({ CidrBlock }) => CidrBlock,
  'cidr-block-association.cidr-block': ({ CidrBlock }) => CidrBlock,
  'is-default': ({ IsDefault }) => IsDefault,
  isDefault: ({ IsDefault }) => IsDefault,
  state: () => 'available',
  'vpc-id': ({ VpcId }) => VpcId,
};

const ATTRIBUTES = {
  enableDnsHostnames: 'EnableDnsHostnames',
  enableDnsSupport: 'EnableDnsSupport',
} as const;

export function vpcActions(network: Ec2Network): Record<string, ActionHandler> {
  const { vpcs, place } = network;
  const show = (vpc: Vpc): object => ({
    VpcId: vpc.VpcId,
    CidrBlock: vpc.CidrBlock,
    IsDefault: vpc.IsDefault,
    InstanceTenancy: vpc.InstanceTenancy,
    State: 'available',
    OwnerId: place.accountId,
    DhcpOptionsId: 'dopt-0123456789abcdef0',
    CidrBlockAssociationSet: [
      {
        AssociationId: `vpc-cidr-assoc-${vpc.VpcId.slice('vpc-'.length)}`,
        CidrBlock: vpc.CidrBlock,
        CidrBlockState: { State: 'associated' },
      },
    ],
    Tags: network.listTags(vpc.VpcId),
  });
  return {
    CreateVpc: (input) => {
      const cidr = readCidr(input, 'cidrBlock');
      if (cidr.bits < 16 || cidr.bits > 28)
        throw new AwsError('InvalidVpc.Range', `The CIDR '${formatCidr(cidr)}' is invalid.`);
      const tags = readTagSpecifications(input, ['vpc']);
      const vpc = network.addVpc({
        CidrBlock: formatCidr(cidr),
        InstanceTenancy: readEc2Text(input, 'InstanceTenancy') ?? 'default',
        IsDefault: false,
      });
      network.setTags(vpc.VpcId, tags('vpc'));
      return { Vpc: { ...show(vpc), State: 'pending' } };
    },
    DescribeVpcs: (input) =>
      describeShelf(network, vpcs, input, {
        list: 'Vpcs',
        ids: 'VpcIds',
        idOf: ({ VpcId }) => VpcId,
        filters: { ...VPC_FILTERS, 'owner-id': () => place.accountId },
        show,
      }),
    ModifyVpcAttribute: (input) => {
      const vpc = vpcs.find(requireMember(input, 'VpcId'));
      const given = Object.values(ATTRIBUTES).filter((name) => input[name] !== undefined);
      const [name] = given;
      if (name === undefined || given.length > 1)
        throw new AwsError(
          'InvalidParameterCombination',
          'Fields for multiple attribute types specified, or none; one is changed at a time',
        );
      vpc.attributes[name] = (input[name] as { Value?: boolean }).Value === true;
      return {};
    },
    DescribeVpcAttribute: (input) => {
      const vpc = vpcs.find(requireMember(input, 'VpcId'));
      const asked = requireMember(input, 'Attribute');
      if (!(asked in ATTRIBUTES))
        throw new AwsError('InvalidParameterValue', `Value (${asked}) for attribute is invalid.`);
      const name = ATTRIBUTES[asked as keyof typeof ATTRIBUTES];
      return { VpcId: vpc.VpcId, [name]: { Value: vpc.attributes[name] } };
    },
    DeleteVpc: (input) => {
      const { VpcId } = vpcs.find(requireMember(input, 'VpcId'));
      deleteVpc(network, VpcId);
      return {};
    },
  };
}

function deleteVpc(network: Ec2Network, id: string): void {
  const { subnets, gateways, groups, routeTables, endpoints, natGateways, rules } = network;
  const isIn = ({ VpcId }: { readonly VpcId: string }): boolean => VpcId === id;
  const own = groups.values().filter(isIn);
  const tables = routeTables.values().filter(isIn);
  const isMain = (table: (typeof tables)[number]): boolean =>
    table.associations.some(({ Main }) => Main);
  const isUsed =
    subnets.values().some(isIn) ||
    gateways.values().some(({ vpcId }) => vpcId === id) ||
    own.some(({ GroupName }) => GroupName !== 'default') ||
    tables.some((table) => !isMain(table)) ||
    natGateways.values().some((one) => isIn(one) && one.State === 'available') ||
    endpoints.values().some(isIn);
  if (isUsed)
    throw new AwsError(
      'DependencyViolation',
      `The vpc '${id}' has dependencies and cannot be deleted.`,
    );
  for (const { RouteTableId } of tables) network.remove(routeTables, RouteTableId);
  for (const { GroupId } of own) {
    for (const rule of rules.values())
      if (rule.GroupId === GroupId) network.remove(rules, rule.SecurityGroupRuleId);
    network.remove(groups, GroupId);
  }
  network.remove(network.vpcs, id);
}

function readCidr(input: AwsInput, member: string): Cidr {
  const text = requireMember(input, 'CidrBlock');
  const cidr = parseCidr(text);
  if (cidr !== undefined) return cidr;
  throw new AwsError(
    'InvalidParameterValue',
    `Value (${text}) for parameter ${member} is invalid. This is not a valid CIDR block.`,
  );
}

const SUBNET_FILTERS: FilterReaders<Subnet> = {
  'availability-zone': ({ AvailabilityZone }) => AvailabilityZone,
  availabilityZone: ({ AvailabilityZone }) => AvailabilityZone,
  'availability-zone-id': ({ AvailabilityZoneId }) => AvailabilityZoneId,
  cidr: ({ CidrBlock }) => CidrBlock,
  'cidr-block': ({ CidrBlock }) => CidrBlock,
  'default-for-az': ({ DefaultForAz }) => DefaultForAz,
  'map-public-ip-on-launch': ({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch,
  state: () => 'available',
  'subnet-id': ({ SubnetId }) => SubnetId,
  'vpc-id': ({ VpcId }) => VpcId,
};

export function subnetActions(network: Ec2Network): Record<string, ActionHandler> {
  const { subnets, vpcs, place } = network;
  const show = (subnet: Subnet): object => ({
    ...subnet,
    State: 'available',
    AvailableIpAddressCount: network.countFree(subnet),
    AssignIpv6AddressOnCreation: false,
    Ipv6Native: false,
    OwnerId: place.accountId,
    SubnetArn: network.arn('subnet', subnet.SubnetId),
    Tags: network.listTags(subnet.SubnetId),
  });
  return {
    CreateSubnet: (input) => {
      const tags = readTagSpecifications(input, ['subnet']);
      const vpc = vpcs.find(requireMember(input, 'VpcId'));
      const cidr = readCidr(input, 'cidrBlock');
      checkPlace(network, vpc, cidr);
      const zone = chooseZone(network, input);
      const subnet = subnets.add((SubnetId) => ({
        SubnetId,
        VpcId: vpc.VpcId,
        CidrBlock: formatCidr(cidr),
        AvailabilityZone: zone.name,
        AvailabilityZoneId: zone.id,
        DefaultForAz: false,
        MapPublicIpOnLaunch: false,
      }));
      network.setTags(subnet.SubnetId, tags('subnet'));
      return { Subnet: show(subnet) };
    },
    DescribeSubnets: (input) =>
      describeShelf(network, subnets, input, {
        list: 'Subnets',
        ids: 'SubnetIds',
        idOf: ({ SubnetId }) => SubnetId,
        filters: { ...SUBNET_FILTERS, 'owner-id': () => place.accountId },
        show,
      }),
    ModifySubnetAttribute: (input) => {
      const subnet = subnets.find(requireMember(input, 'SubnetId'));
      const { MapPublicIpOnLaunch } = input as { MapPublicIpOnLaunch?: { Value?: boolean } };
      if (MapPublicIpOnLaunch === undefined)
        throw new AwsError('MissingParameter', 'An attribute to modify must be specified');
      subnet.MapPublicIpOnLaunch = MapPublicIpOnLaunch.Value === true;
      return {};
    },
    DeleteSubnet: (input) => {
      const { SubnetId } = subnets.find(requireMember(input, 'SubnetId'));
      if (network.listInterfaces().some((one) => one.SubnetId === SubnetId))
        throw new AwsError(
          'DependencyViolation',
          `The subnet '${SubnetId}' has dependencies and cannot be deleted.`,
        );
      for (const table of network.routeTables.values())
        table.associations = table.associations.filter((one) => one.SubnetId !== SubnetId);
      network.remove(subnets, SubnetId);
      return {};
    },
  };
}

function checkPlace(network: Ec2Network, vpc: Vpc, cidr: Cidr): void {
  const text = formatCidr(cidr);
  const isInside = containsCidr(parseCidr(vpc.CidrBlock) as Cidr, cidr);
  if (!isInside || cidr.bits > 28)
    throw new AwsError('InvalidSubnet.Range', `The CIDR '${text}' is invalid.`);
  const beside = network.subnets.values().filter(({ VpcId }) => VpcId === vpc.VpcId);
  if (beside.some(({ CidrBlock }) => overlapsCidr(parseCidr(CidrBlock) as Cidr, cidr)))
    throw new AwsError(
      'InvalidSubnet.Conflict',
      `The CIDR '${text}' conflicts with another subnet`,
    );
}

function chooseZone({ place }: Ec2Network, input: AwsInput): { name: string; id: string } {
  const zones = listZones(place.region);
  const wanted = readEc2Text(input, 'AvailabilityZone');
  const id = readEc2Text(input, 'AvailabilityZoneId');
  const found = zones.find(
    (zone) => (wanted ?? zone.name) === zone.name && (id ?? zone.id) === zone.id,
  );
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidParameterValue',
    `Value (${wanted ?? id ?? ''}) for parameter availabilityZone is invalid. Subnets can ` +
      `currently only be created in the following availability zones: ` +
      `${zones.map(({ name }) => name).join(', ')}.`,
  );
}
