/** Networks: VPC, subnets, gateways, addresses, routes. */
import { parseShape } from '../property-shape.ts';
import {
  findMember,
  pickMembers,
  takeText,
  unlessMissing,
  type Made,
  type ResourceKind,
  type Site,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';
import { changeTags, specifyTags } from './ec2-tags.ts';

const TAGS = 'Tags[{Key* Value*}]';

const VPC_ATTRIBUTES = ['EnableDnsSupport', 'EnableDnsHostnames'];

async function setVpcAttributes(id: string, properties: Values, { call }: Site): Promise<void> {
  for (const name of VPC_ATTRIBUTES)
    if (properties[name] !== undefined)
      await call('ec2', 'ModifyVpcAttribute', {
        VpcId: id,
        [name]: { Value: String(properties[name]) },
      });
}

const vpc: ResourceKind = {
  type: 'AWS::EC2::VPC',
  shape: parseShape(`CidrBlock! InstanceTenancy! EnableDnsSupport:b EnableDnsHostnames:b ${TAGS}`),
  attributes: ['VpcId', 'CidrBlock', 'DefaultSecurityGroup'],
  create: async (properties, site) => {
    const answer = await site.call('ec2', 'CreateVpc', {
      ...pickMembers(properties, 'CidrBlock InstanceTenancy'),
      ...specifyTags('vpc', properties, site),
    });
    const id = takeText(answer, 'Vpc.VpcId');
    return { id, attributes: { VpcId: id, CidrBlock: takeText(answer, 'Vpc.CidrBlock') } };
  },
  settle: async (made, properties, site) => {
    await setVpcAttributes(made.id, properties, site);
    const groups = await site.call('ec2', 'DescribeSecurityGroups', {
      Filters: [
        { Name: 'vpc-id', Values: [made.id] },
        { Name: 'group-name', Values: ['default'] },
      ],
    });
    const DefaultSecurityGroup = findMember(groups, 'SecurityGroups.0.GroupId') ?? '';
    return { ...made, attributes: { ...made.attributes, DefaultSecurityGroup } };
  },
  update: async (made, change, site) => {
    await setVpcAttributes(made.id, change.after, site);
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DeleteVpc', { VpcId: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const answer = await unlessMissing(call('ec2', 'DescribeVpcs', { VpcIds: [id] }));
    const found = findMember(answer, 'Vpcs.0');
    if (found === undefined) return undefined;
    const values: Record<string, unknown> = pickMembers(
      found as Values,
      'CidrBlock InstanceTenancy Tags',
    );
    for (const name of VPC_ATTRIBUTES) {
      const Attribute = name.charAt(0).toLowerCase() + name.slice(1);
      const one = await call('ec2', 'DescribeVpcAttribute', { VpcId: id, Attribute });
      values[name] = findMember(one, `${name}.Value`);
    }
    return values;
  },
};

async function setPublicAddresses(id: string, value: unknown, { call }: Site): Promise<void> {
  if (value !== undefined)
    await call('ec2', 'ModifySubnetAttribute', {
      SubnetId: id,
      MapPublicIpOnLaunch: { Value: String(value) },
    });
}

const subnet: ResourceKind = {
  type: 'AWS::EC2::Subnet',
  shape: parseShape(
    `VpcId*! CidrBlock! AvailabilityZone! AvailabilityZoneId! MapPublicIpOnLaunch:b ${TAGS}`,
  ),
  attributes: ['SubnetId', 'VpcId', 'AvailabilityZone', 'AvailabilityZoneId', 'CidrBlock'],
  create: async (properties, site) => {
    const answer = await site.call('ec2', 'CreateSubnet', {
      ...pickMembers(properties, 'VpcId CidrBlock AvailabilityZone AvailabilityZoneId'),
      ...specifyTags('subnet', properties, site),
    });
    const id = takeText(answer, 'Subnet.SubnetId');
    const found = findMember(answer, 'Subnet') as Values;
    const attributes = pickMembers(found, 'VpcId AvailabilityZone AvailabilityZoneId CidrBlock');
    return { id, attributes: { ...attributes, SubnetId: id } };
  },
  settle: async (made, properties, site) => {
    await setPublicAddresses(made.id, properties['MapPublicIpOnLaunch'], site);
    return made;
  },
  update: async (made, change, site) => {
    await setPublicAddresses(made.id, change.after['MapPublicIpOnLaunch'] ?? false, site);
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DeleteSubnet', { SubnetId: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const answer = await unlessMissing(call('ec2', 'DescribeSubnets', { SubnetIds: [id] }));
    return findMember(answer, 'Subnets.0') as Values | undefined;
  },
};

const internetGateway: ResourceKind = {
  type: 'AWS::EC2::InternetGateway',
  shape: parseShape(TAGS),
  attributes: ['InternetGatewayId'],
  create: async (properties, site) => {
    const tags = specifyTags('internet-gateway', properties, site);
    const answer = await site.call('ec2', 'CreateInternetGateway', tags);
    const id = takeText(answer, 'InternetGateway.InternetGatewayId');
    return { id, attributes: { InternetGatewayId: id } };
  },
  update: async (made, change, site) => {
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DeleteInternetGateway', { InternetGatewayId: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const ask = call('ec2', 'DescribeInternetGateways', { InternetGatewayIds: [id] });
    return findMember(await unlessMissing(ask), 'InternetGateways.0') as Values | undefined;
  },
};

const gatewayAttachment: ResourceKind = {
  type: 'AWS::EC2::VPCGatewayAttachment',
  shape: parseShape('VpcId*! InternetGatewayId'),
  attributes: ['AttachmentType'],
  create: async (properties, { call }) => {
    await call('ec2', 'AttachInternetGateway', pickMembers(properties, 'VpcId InternetGatewayId'));
    return { id: `IGW|${String(properties['VpcId'])}`, attributes: { AttachmentType: 'IGW' } };
  },
  update: async (made, { before, after }, { call }) => {
    await call('ec2', 'DetachInternetGateway', pickMembers(before, 'VpcId InternetGatewayId'));
    await call('ec2', 'AttachInternetGateway', pickMembers(after, 'VpcId InternetGatewayId'));
    return made;
  },
  remove: async (_made, properties, { call }) => {
    await call('ec2', 'DetachInternetGateway', pickMembers(properties, 'VpcId InternetGatewayId'));
  },
};

const address: ResourceKind = {
  type: 'AWS::EC2::EIP',
  shape: parseShape(`Domain! ${TAGS}`),
  attributes: ['PublicIp', 'AllocationId'],
  create: async (properties, site) => {
    const answer = await site.call('ec2', 'AllocateAddress', {
      Domain: 'vpc',
      ...specifyTags('elastic-ip', properties, site),
    });
    const id = takeText(answer, 'PublicIp');
    return { id, attributes: { PublicIp: id, AllocationId: takeText(answer, 'AllocationId') } };
  },
  update: async (made, change, site) => {
    await changeTags(String(made.attributes['AllocationId']), change, site);
    return made;
  },
  remove: async ({ attributes: { AllocationId } }, _properties, { call }) => {
    await call('ec2', 'ReleaseAddress', { AllocationId });
  },
  read: async ({ attributes: { AllocationId } }, _properties, { call }) => {
    const ask = call('ec2', 'DescribeAddresses', { AllocationIds: [AllocationId] });
    return findMember(await unlessMissing(ask), 'Addresses.0') as Values | undefined;
  },
};

async function askNatGateway({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const ask = call('ec2', 'DescribeNatGateways', { NatGatewayIds: [id] });
  return findMember(await unlessMissing(ask), 'NatGateways.0') as Values | undefined;
}

const natGateway: ResourceKind = {
  type: 'AWS::EC2::NatGateway',
  shape: parseShape(`AllocationId! SubnetId! ConnectivityType! ${TAGS}`),
  attributes: ['NatGatewayId'],
  create: async (properties, site) => {
    const answer = await site.call('ec2', 'CreateNatGateway', {
      ...pickMembers(properties, 'AllocationId SubnetId ConnectivityType'),
      ...specifyTags('natgateway', properties, site),
    });
    const id = takeText(answer, 'NatGateway.NatGatewayId');
    return { id, attributes: { NatGatewayId: id } };
  },
  settle: (made, _properties, site) =>
    site.until('the gateway to be available', async () => {
      const state = (await askNatGateway(made, site))?.['State'];
      return state === 'available' ? made : undefined;
    }),
  update: async (made, change, site) => {
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async (made, _properties, site) => {
    await site.call('ec2', 'DeleteNatGateway', { NatGatewayId: made.id });
    await site.until('the gateway to be deleted', async () => {
      const state = (await askNatGateway(made, site))?.['State'];
      return state === undefined || state === 'deleted' ? true : undefined;
    });
  },
  read: async (made, _properties, site) => {
    const found = await askNatGateway(made, site);
    if (found === undefined || found['State'] === 'deleted') return undefined;
    return { ...found, AllocationId: findMember(found, 'NatGatewayAddresses.0.AllocationId') };
  },
};

const routeTable: ResourceKind = {
  type: 'AWS::EC2::RouteTable',
  shape: parseShape(`VpcId*! ${TAGS}`),
  attributes: ['RouteTableId'],
  create: async (properties, site) => {
    const answer = await site.call('ec2', 'CreateRouteTable', {
      ...pickMembers(properties, 'VpcId'),
      ...specifyTags('route-table', properties, site),
    });
    const id = takeText(answer, 'RouteTable.RouteTableId');
    return { id, attributes: { RouteTableId: id } };
  },
  update: async (made, change, site) => {
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DeleteRouteTable', { RouteTableId: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const ask = call('ec2', 'DescribeRouteTables', { RouteTableIds: [id] });
    return findMember(await unlessMissing(ask), 'RouteTables.0') as Values | undefined;
  },
};

const ROUTE = 'RouteTableId DestinationCidrBlock GatewayId NatGatewayId';

const route: ResourceKind = {
  type: 'AWS::EC2::Route',
  shape: parseShape('RouteTableId*! DestinationCidrBlock! GatewayId NatGatewayId'),
  attributes: ['CidrBlock'],
  create: async (properties, { call }) => {
    await call('ec2', 'CreateRoute', pickMembers(properties, ROUTE));
    const block = String(properties['DestinationCidrBlock']);
    return {
      id: `${String(properties['RouteTableId'])}|${block}`,
      attributes: { CidrBlock: block },
    };
  },
  update: async (made, { after }, { call }) => {
    await call('ec2', 'ReplaceRoute', pickMembers(after, ROUTE));
    return made;
  },
  remove: async (_made, properties, { call }) => {
    await call('ec2', 'DeleteRoute', pickMembers(properties, 'RouteTableId DestinationCidrBlock'));
  },
  read: async (_made, properties, { call }) => {
    const { RouteTableId, DestinationCidrBlock } = properties;
    const ask = call('ec2', 'DescribeRouteTables', { RouteTableIds: [RouteTableId] });
    const routes = findMember(await unlessMissing(ask), 'RouteTables.0.Routes');
    const found = ((routes ?? []) as readonly Values[]).find(
      (one) => one['DestinationCidrBlock'] === DestinationCidrBlock,
    );
    return found === undefined ? undefined : { ...found, RouteTableId };
  },
};

const association: ResourceKind = {
  type: 'AWS::EC2::SubnetRouteTableAssociation',
  shape: parseShape('RouteTableId*! SubnetId*!'),
  attributes: ['Id'],
  create: async (properties, { call }) => {
    const answer = await call('ec2', 'AssociateRouteTable', properties);
    const id = takeText(answer, 'AssociationId');
    return { id, attributes: { Id: id } };
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ec2', 'DisassociateRouteTable', { AssociationId: id });
  },
};

export const EC2_NETWORK_KINDS: readonly ResourceKind[] = [
  vpc,
  subnet,
  internetGateway,
  gatewayAttachment,
  address,
  natGateway,
  routeTable,
  route,
  association,
];
