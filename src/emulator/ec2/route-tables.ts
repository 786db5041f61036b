/**
 * EC2's actions on route tables, their routes and the subnets that they are for.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
 */
import { notImplemented } from '../members.ts';
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { formatCidr, parseCidr } from './cidr.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { findGateway, findNatGateway } from './gateways.ts';
import { type FilterReaders, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { Association, NetworkRoute, RouteTable } from './shapes.ts';
import { makeEc2Id } from './shelf.ts';

const FILTERS: FilterReaders<RouteTable> = {
  'association.main': ({ associations }) => associations.map(({ Main }) => String(Main)),
  'association.route-table-association-id': ({ associations }) =>
    associations.map((one) => one.RouteTableAssociationId),
  'association.route-table-id': ({ RouteTableId, associations }) =>
    associations.length > 0 ? RouteTableId : undefined,
  'association.subnet-id': ({ associations }) =>
    associations.flatMap(({ SubnetId }) => SubnetId ?? []),
  'route-table-id': ({ RouteTableId }) => RouteTableId,
  'route.destination-cidr-block': ({ routes }) => routes.map((one) => one.DestinationCidrBlock),
  'route.gateway-id': ({ routes }) => routes.flatMap(({ GatewayId }) => GatewayId ?? []),
  'route.nat-gateway-id': ({ routes }) => routes.flatMap(({ NatGatewayId }) => NatGatewayId ?? []),
  'vpc-id': ({ VpcId }) => VpcId,
};

export function routeTableActions(network: Ec2Network): Record<string, ActionHandler> {
  const { routeTables, vpcs, place } = network;
  const show = ({ RouteTableId, VpcId, routes, associations }: RouteTable): object => ({
    RouteTableId,
    VpcId,
    OwnerId: place.accountId,
    Routes: [...routes, ...endpointRoutes(network, RouteTableId)].map((route) => ({
      ...route,
      State: isBroken(network, route) ? 'blackhole' : 'active',
    })),
    Associations: associations.map((one) => ({
      ...one,
      RouteTableId,
      AssociationState: { State: 'associated' },
    })),
    PropagatingVgws: [],
    Tags: network.listTags(RouteTableId),
  });
  return {
    CreateRouteTable: (input) => {
      const tags = readTagSpecifications(input, ['route-table']);
      const { VpcId, CidrBlock } = vpcs.find(requireMember(input, 'VpcId'));
      const made = routeTables.add((RouteTableId) => ({
        RouteTableId,
        VpcId,
        routes: [
          { DestinationCidrBlock: CidrBlock, GatewayId: 'local', Origin: 'CreateRouteTable' },
        ],
        associations: [],
      }));
      network.setTags(made.RouteTableId, tags('route-table'));
      return { RouteTable: show(made) };
    },
    DescribeRouteTables: (input) =>
      describeShelf(network, routeTables, input, {
        list: 'RouteTables',
        ids: 'RouteTableIds',
        idOf: ({ RouteTableId }) => RouteTableId,
        filters: { ...FILTERS, 'owner-id': () => place.accountId },
        show,
      }),
    DeleteRouteTable: (input) => {
      const { RouteTableId, associations } = routeTables.find(requireMember(input, 'RouteTableId'));
      const isUsed = network.endpoints
        .values()
        .some((one) => one.RouteTableIds.includes(RouteTableId));
      if (associations.length > 0 || isUsed)
        throw new AwsError(
          'DependencyViolation',
          `The routeTable '${RouteTableId}' has dependencies and cannot be deleted.`,
        );
      network.remove(routeTables, RouteTableId);
      return {};
    },
    ...routeActions(network),
    ...associationActions(network),
  };
}

/** What a gateway endpoint adds to the tables that it is given. */
function endpointRoutes({ endpoints }: Ec2Network, table: string): object[] {
  return endpoints
    .values()
    .filter(({ RouteTableIds }) => RouteTableIds.includes(table))
    .map(({ VpcEndpointId, ServiceName }) => ({
      DestinationPrefixListId: prefixListOf(ServiceName),
      GatewayId: VpcEndpointId,
      Origin: 'CreateRoute',
    }));
}

export function prefixListOf(service: string): string {
  return service.endsWith('.s3') ? 'pl-0123456789abcdef0' : 'pl-0123456789abcdef1';
}

function isBroken(network: Ec2Network, route: Partial<NetworkRoute>): boolean {
  const { NatGatewayId, GatewayId } = route;
  if (NatGatewayId !== undefined)
    return !network.natGateways
      .values()
      .some((one) => one.NatGatewayId === NatGatewayId && one.State === 'available');
  if (!GatewayId?.startsWith('igw-')) return false;
  return !network.gateways.has(GatewayId) || network.gateways.find(GatewayId).vpcId === undefined;
}

function routeActions(network: Ec2Network): Record<string, ActionHandler> {
  const findTable = (input: AwsInput): RouteTable =>
    network.routeTables.find(requireMember(input, 'RouteTableId'));
  return {
    CreateRoute: (input) => {
      const table = findTable(input);
      const route = readRoute(network, table, input);
      const { DestinationCidrBlock: destination } = route;
      if (table.routes.some((one) => one.DestinationCidrBlock === destination))
        throw new AwsError(
          'RouteAlreadyExists',
          `The route identified by ${destination} already exists.`,
        );
      table.routes.push(route);
      return { Return: true };
    },
    ReplaceRoute: (input) => {
      const table = findTable(input);
      const route = readRoute(network, table, input);
      const at = table.routes.findIndex(
        (one) => one.DestinationCidrBlock === route.DestinationCidrBlock,
      );
      if (at === -1)
        throw new AwsError(
          'InvalidParameterValue',
          `There is no route defined for '${route.DestinationCidrBlock}' in the route table. Use ` +
            'CreateRoute instead.',
        );
      table.routes[at] = route;
      return {};
    },
    DeleteRoute: (input) => {
      const table = findTable(input);
      const destination = readDestination(input);
      const found = table.routes.find((one) => one.DestinationCidrBlock === destination);
      if (found === undefined)
        throw new AwsError(
          'InvalidRoute.NotFound',
          `no route with destination-cidr-block ${destination} in route table ` +
            table.RouteTableId,
        );
      if (found.GatewayId === 'local')
        throw new AwsError(
          'InvalidParameterValue',
          `cannot remove local route ${destination} in route table ${table.RouteTableId}`,
        );
      table.routes = table.routes.filter((one) => one !== found);
      return {};
    },
  };
}

function readDestination(input: AwsInput): string {
  const text = requireMember(input, 'DestinationCidrBlock');
  const cidr = parseCidr(text);
  if (cidr !== undefined) return formatCidr(cidr);
  throw new AwsError(
    'InvalidParameterValue',
    `Value (${text}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR ` +
      'block.',
  );
}

const TARGETS = ['GatewayId', 'NatGatewayId', 'NetworkInterfaceId', 'InstanceId'] as const;

function readRoute(
  network: Ec2Network,
  { VpcId, RouteTableId }: RouteTable,
  input: AwsInput,
): NetworkRoute {
  const DestinationCidrBlock = readDestination(input);
  const given = TARGETS.filter((name) => input[name] !== undefined);
  const [target] = given;
  if (target === undefined || given.length > 1)
    throw new AwsError(
      'InvalidParameterCombination',
      `Exactly one of ${TARGETS.join(', ')} must be given`,
    );
  const id = requireMember(input, target);
  if (target === 'GatewayId') {
    if (!id.startsWith('igw-')) throw notImplemented(`a route to ${id} is not supported here`);
    network.gateways.find(id);
    if (findGateway(network, VpcId)?.InternetGatewayId !== id)
      throw new AwsError(
        'InvalidParameterValue',
        `route table ${RouteTableId} and network gateway ${id} belong to different networks`,
      );
  } else if (target === 'NatGatewayId' && findNatGateway(network, id).VpcId !== VpcId)
    throw new AwsError(
      'InvalidParameterValue',
      `route table ${RouteTableId} and NAT gateway ${id} belong to different networks`,
    );
  else if (target === 'NetworkInterfaceId') network.interfaces.find(id);
  return { DestinationCidrBlock, [target]: id, Origin: 'CreateRoute' };
}

function associationActions(network: Ec2Network): Record<string, ActionHandler> {
  const { routeTables, subnets } = network;
  const find = (id: string): [RouteTable, Association] => {
    for (const table of routeTables.values()) {
      const found = table.associations.find((one) => one.RouteTableAssociationId === id);
      if (found !== undefined) return [table, found];
    }
    throw new AwsError(
      'InvalidAssociationID.NotFound',
      `The association ID '${id}' does not exist`,
    );
  };
  const remove = (table: RouteTable, association: Association): void => {
    table.associations = table.associations.filter((one) => one !== association);
  };
  const requireIn = (table: RouteTable, vpc: string): void => {
    if (table.VpcId !== vpc)
      throw new AwsError(
        'InvalidParameterValue',
        `Route table ${table.RouteTableId} and the subnet belong to different networks`,
      );
  };
  const state = { AssociationState: { State: 'associated' } };
  return {
    AssociateRouteTable: (input) => {
      const table = routeTables.find(requireMember(input, 'RouteTableId'));
      const { SubnetId, VpcId } = subnets.find(requireMember(input, 'SubnetId'));
      requireIn(table, VpcId);
      const before = routeTables
        .values()
        .find(({ associations }) => associations.some((one) => one.SubnetId === SubnetId));
      const own = before?.associations.find((one) => one.SubnetId === SubnetId);
      if (before !== undefined && before !== table)
        throw new AwsError(
          'Resource.AlreadyAssociated',
          `the specified association for route table ${table.RouteTableId} conflicts with an ` +
            'existing association',
        );
      if (own !== undefined) return { AssociationId: own.RouteTableAssociationId, ...state };
      const id = makeEc2Id('rtbassoc');
      table.associations.push({ RouteTableAssociationId: id, Main: false, SubnetId });
      return { AssociationId: id, ...state };
    },
    ReplaceRouteTableAssociation: (input) => {
      const [before, association] = find(requireMember(input, 'AssociationId'));
      const table = routeTables.find(requireMember(input, 'RouteTableId'));
      requireIn(table, before.VpcId);
      remove(before, association);
      const id = makeEc2Id('rtbassoc');
      table.associations.push({ ...association, RouteTableAssociationId: id });
      return { NewAssociationId: id, ...state };
    },
    DisassociateRouteTable: (input) => {
      const [table, association] = find(requireMember(input, 'AssociationId'));
      if (association.Main)
        throw new AwsError(
          'InvalidParameterValue',
          'cannot disassociate the main route table association ' +
            association.RouteTableAssociationId,
        );
      remove(table, association);
      return {};
    },
  };
}
