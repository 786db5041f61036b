/**
 * EC2's actions on endpoints of a VPC: interfaces in subnets, and gateways in route tables. The
 * answer that makes one says pending; it is available by the next call.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { cutEc2Page, parseFilters, readEc2Text, readEc2Texts, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import { createInterface, deleteInterface, requireGroupOf } from './network-interfaces.ts';
import { prefixListOf } from './route-tables.ts';
import type { Vpc, VpcEndpoint } from './shapes.ts';

const GATEWAYS = ['dynamodb', 's3'];
/** Services that have an endpoint, by the end of its name. */
const INTERFACES = [
  'aps', 'aps-workspaces', 'autoscaling', 'cloudformation', 'data-servicediscovery', 'ec2',
  'ec2messages', 'ecr.api', 'ecr.dkr', 'ecs', 'ecs-agent', 'ecs-telemetry', 'elasticfilesystem',
  'email', 'events', 'grafana', 'grafana-workspace', 'kafka', 'kinesis-streams', 'kms', 'lambda',
  'logs', 'monitoring', 's3', 'secretsmanager', 'servicediscovery', 'sns', 'sqs', 'ssm',
  'ssmmessages', 'sts', 'xray',
]; // prettier-ignore

const OPEN_POLICY = JSON.stringify({
  Statement: [{ Action: '*', Effect: 'Allow', Principal: '*', Resource: '*' }],
});

export function endpointActions(network: Ec2Network): Record<string, ActionHandler> {
  const { endpoints, place } = network;
  const show = ({ groups, interfaces, ...endpoint }: VpcEndpoint): object => ({
    ...endpoint,
    State: 'available',
    OwnerId: place.accountId,
    RequesterManaged: false,
    SubnetIds: [...interfaces.keys()],
    NetworkInterfaceIds: [...interfaces.values()],
    Groups: groups.map((GroupId) => ({ GroupId })),
    DnsEntries:
      interfaces.size === 0 ? [] : [{ DnsName: nameHost(endpoint.ServiceName, place.region) }],
    Tags: network.listTags(endpoint.VpcEndpointId),
  });
  return {
    CreateVpcEndpoint: (input) => {
      const made = createEndpoint(network, input);
      return { VpcEndpoint: { ...show(made), State: 'pending' } };
    },
    ModifyVpcEndpoint: (input) => {
      modifyEndpoint(network, endpoints.find(requireMember(input, 'VpcEndpointId')), input);
      return { Return: true };
    },
    DescribeVpcEndpoints: (input) =>
      describeShelf(network, endpoints, input, {
        list: 'VpcEndpoints',
        ids: 'VpcEndpointIds',
        idOf: ({ VpcEndpointId }) => VpcEndpointId,
        filters: {
          'service-name': ({ ServiceName }) => ServiceName,
          'vpc-endpoint-id': ({ VpcEndpointId }) => VpcEndpointId,
          'vpc-endpoint-state': () => 'available',
          'vpc-endpoint-type': ({ VpcEndpointType }) => VpcEndpointType,
          'vpc-id': ({ VpcId }) => VpcId,
        },
        show,
      }),
    DeleteVpcEndpoints: (input) => {
      const ids = readEc2Texts(input, 'VpcEndpointIds');
      for (const id of ids.filter((one) => endpoints.has(one))) {
        for (const own of endpoints.find(id).interfaces.values()) deleteInterface(network, own);
        network.remove(endpoints, id);
      }
      return { Unsuccessful: [] };
    },
    DescribeVpcEndpointServices: (input) => {
      const names = readEc2Texts(input, 'ServiceNames');
      const all = listServices(place.region);
      for (const name of names) if (!all.has(name)) throw unknownService(name);
      const fits = parseFilters<string>(input['Filters'], {
        'service-name': (name) => name,
        'service-type': (name) => all.get(name) ?? [],
      });
      const found = [...all.keys()].filter(
        (name) => (names.length === 0 || names.includes(name)) && fits(name),
      );
      const { page, ...more } = cutEc2Page(found, input, 'ServiceNames');
      return { ServiceNames: page, ...more };
    },
    DescribePrefixLists: (input) => {
      const fits = parseFilters<string>(input['Filters'], {
        'prefix-list-id': prefixListOf,
        'prefix-list-name': (name) => name,
      });
      const ids = readEc2Texts(input, 'PrefixListIds');
      const found = GATEWAYS.map((name) => `com.amazonaws.${place.region}.${name}`).filter(
        (name) => (ids.length === 0 || ids.includes(prefixListOf(name))) && fits(name),
      );
      return {
        PrefixLists: found.map((PrefixListName) => ({
          PrefixListName,
          PrefixListId: prefixListOf(PrefixListName),
          Cidrs: ['198.18.0.0/15'],
        })),
      };
    },
  };
}

/** Services that have endpoints, by name, with the types that each has. */
function listServices(region: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...new Set([...GATEWAYS, ...INTERFACES])].map((end) => [
      `com.amazonaws.${region}.${end}`,
      [
        ...(GATEWAYS.includes(end) ? ['Gateway'] : []),
        ...(INTERFACES.includes(end) ? ['Interface'] : []),
      ],
    ]),
  );
}

function unknownService(name: string): AwsError {
  return new AwsError('InvalidServiceName', `The Vpc Endpoint Service '${name}' does not exist`);
}

/** `com.amazonaws.us-east-1.ecr.api` is reached as `api.ecr.us-east-1.amazonaws.com`. */
function nameHost(service: string, region: string): string {
  const end = service.slice(`com.amazonaws.${region}.`.length);
  return `${end.split('.').toReversed().join('.')}.${region}.amazonaws.com`;
}

function createEndpoint(network: Ec2Network, input: AwsInput): VpcEndpoint {
  const tags = readTagSpecifications(input, ['vpc-endpoint']);
  const vpc = network.vpcs.find(requireMember(input, 'VpcId'));
  const ServiceName = requireMember(input, 'ServiceName');
  const VpcEndpointType = readEc2Text(input, 'VpcEndpointType') ?? 'Gateway';
  const types = listServices(network.place.region).get(ServiceName);
  if (types === undefined) throw unknownService(ServiceName);
  if (!types.includes(VpcEndpointType))
    throw new AwsError(
      'InvalidParameter',
      `Endpoint type (${VpcEndpointType}) does not match available service types ([` +
        `${types.join(', ')}]).`,
    );
  const isInterface = VpcEndpointType === 'Interface';
  const PrivateDnsEnabled = isInterface && input['PrivateDnsEnabled'] !== false;
  if (PrivateDnsEnabled) requirePrivateNames(network, vpc, ServiceName);
  const RouteTableIds = readEc2Texts(input, 'RouteTableIds');
  for (const id of RouteTableIds) network.routeTables.find(id);
  const groups = isInterface
    ? readGroups(network, vpc, readEc2Texts(input, 'SecurityGroupIds'))
    : [];
  const PolicyDocument = readEc2Text(input, 'PolicyDocument') ?? OPEN_POLICY;
  const made = network.endpoints.add((VpcEndpointId) => ({
    VpcEndpointId,
    VpcEndpointType: isInterface ? 'Interface' : 'Gateway',
    VpcId: vpc.VpcId,
    ServiceName,
    CreationTimestamp: network.now(),
    PolicyDocument,
    PrivateDnsEnabled,
    RouteTableIds,
    groups,
    interfaces: new Map(),
  }));
  try {
    addSubnets(network, made, readEc2Texts(input, 'SubnetIds'));
  } catch (error) {
    for (const own of made.interfaces.values()) deleteInterface(network, own);
    network.remove(network.endpoints, made.VpcEndpointId);
    throw error;
  }
  network.setTags(made.VpcEndpointId, tags('vpc-endpoint'));
  return made;
}

function requirePrivateNames({ endpoints }: Ec2Network, vpc: Vpc, service: string): void {
  const { VpcId, attributes } = vpc;
  if (!attributes.EnableDnsSupport || !attributes.EnableDnsHostnames)
    throw new AwsError(
      'InvalidParameter',
      'Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes ' +
        `set to true for ${VpcId}`,
    );
  const isTaken = endpoints
    .values()
    .some((one) => one.VpcId === VpcId && one.ServiceName === service && one.PrivateDnsEnabled);
  if (isTaken)
    throw new AwsError(
      'InvalidParameter',
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ` +
        `${service} in the VPC ${VpcId}`,
    );
}

function readGroups(network: Ec2Network, { VpcId }: Vpc, ids: readonly string[]): string[] {
  for (const id of ids) requireGroupOf(network, id, VpcId);
  if (ids.length > 0) return [...ids];
  return network.groups
    .values()
    .filter((one) => one.VpcId === VpcId && one.GroupName === 'default')
    .map(({ GroupId }) => GroupId);
}

function addSubnets(network: Ec2Network, endpoint: VpcEndpoint, ids: readonly string[]): void {
  for (const id of ids) {
    const subnet = network.subnets.find(id);
    if (subnet.VpcId !== endpoint.VpcId)
      throw new AwsError('InvalidParameter', `Subnet ${id} is not in ${endpoint.VpcId}`);
    const zones = [...endpoint.interfaces.keys()].map(
      (other) => network.subnets.find(other).AvailabilityZone,
    );
    if (zones.includes(subnet.AvailabilityZone))
      throw new AwsError(
        'DuplicateSubnetsInSameZone',
        'Found another VPC endpoint subnet in the availability zone of ' +
          `${id}. VPC endpoint subnets should be in different availability zones supported by ` +
          'the VPC endpoint service.',
      );
    const own = createInterface(network, subnet, {
      groups: endpoint.groups,
      Description: `VPC Endpoint Interface ${endpoint.VpcEndpointId}`,
      InterfaceType: 'vpc_endpoint',
      attached: { DeviceIndex: 1 },
    });
    endpoint.interfaces.set(id, own.NetworkInterfaceId);
  }
}

function modifyEndpoint(network: Ec2Network, endpoint: VpcEndpoint, input: AwsInput): void {
  const change = (before: readonly string[], of: string): string[] => {
    const removed = new Set(readEc2Texts(input, `Remove${of}`));
    return [
      ...new Set([...before.filter((id) => !removed.has(id)), ...readEc2Texts(input, `Add${of}`)]),
    ];
  };
  const tables = change(endpoint.RouteTableIds, 'RouteTableIds');
  for (const id of tables) network.routeTables.find(id);
  const groups = change(endpoint.groups, 'SecurityGroupIds');
  for (const id of groups) requireGroupOf(network, id, endpoint.VpcId);
  endpoint.RouteTableIds = tables;
  endpoint.groups = groups;
  for (const id of readEc2Texts(input, 'RemoveSubnetIds')) {
    deleteInterface(network, endpoint.interfaces.get(id) ?? '');
    endpoint.interfaces.delete(id);
  }
  addSubnets(
    network,
    endpoint,
    readEc2Texts(input, 'AddSubnetIds').filter((id) => !endpoint.interfaces.has(id)),
  );
  for (const id of endpoint.interfaces.values()) network.interfaces.find(id).groups = groups;
  const policy = readEc2Text(input, 'PolicyDocument');
  if (policy !== undefined) endpoint.PolicyDocument = policy;
  if (input['ResetPolicy'] === true) endpoint.PolicyDocument = OPEN_POLICY;
  const isPrivate = input['PrivateDnsEnabled'];
  if (isPrivate === true && !endpoint.PrivateDnsEnabled)
    requirePrivateNames(network, network.vpcs.find(endpoint.VpcId), endpoint.ServiceName);
  if (typeof isPrivate === 'boolean') endpoint.PrivateDnsEnabled = isPrivate;
}
