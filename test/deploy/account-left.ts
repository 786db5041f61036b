/**
 * All that an account has of what deployments make, as its services tell it from inside: what is
 * there after a stack has gone and was not before has been left behind.
 */
import type { ProvingCloud } from './proving.ts';

type Found = Readonly<Record<string, unknown>>;

interface List {
  readonly service: string;
  readonly action: string;
  readonly input?: Found;
  readonly list: string;
  /** Absent for a list of texts. */
  readonly id?: string;
  /** What is told for a while after it has gone. */
  readonly isGone?: (found: Found) => boolean;
  /** What of one is told besides its id, as what hangs on it. */
  readonly more?: (found: Found) => unknown;
}

const named = (service: string, action: string, list: string, id: string): List => ({
  service,
  action,
  list,
  id,
});
const isAt = (member: string, state: RegExp) => (found: Found) =>
  state.test(JSON.stringify(found[member]));

const LISTS: readonly List[] = [
  {
    ...named('aps', 'ListWorkspaces', 'workspaces', 'workspaceId'),
    isGone: isAt('status', /DELETING/),
  },
  named('logs', 'DescribeLogGroups', 'logGroups', 'logGroupName'),
  {
    ...named('ssm', 'GetParametersByPath', 'Parameters', 'Name'),
    input: { Path: '/', Recursive: true },
  },
  {
    ...named('elasticfilesystem', 'DescribeFileSystems', 'FileSystems', 'FileSystemId'),
    more: ({ NumberOfMountTargets }) => NumberOfMountTargets,
  },
  named('elasticfilesystem', 'DescribeAccessPoints', 'AccessPoints', 'AccessPointId'),
  { service: 'ecs', action: 'ListClusters', list: 'clusterArns' },
  {
    ...named('ecs', 'DescribeCapacityProviders', 'capacityProviders', 'name'),
    isGone: isAt('status', /INACTIVE/),
  },
  { service: 'ecs', action: 'ListTaskDefinitions', list: 'taskDefinitionArns' },
  named('servicediscovery', 'ListNamespaces', 'Namespaces', 'Id'),
  named('servicediscovery', 'ListServices', 'Services', 'Id'),
  named('iam', 'ListRoles', 'Roles', 'RoleName'),
  named('iam', 'ListInstanceProfiles', 'InstanceProfiles', 'InstanceProfileName'),
  named('ec2', 'DescribeVpcs', 'Vpcs', 'VpcId'),
  named('ec2', 'DescribeSubnets', 'Subnets', 'SubnetId'),
  named('ec2', 'DescribeSecurityGroups', 'SecurityGroups', 'GroupId'),
  named('ec2', 'DescribeSecurityGroupRules', 'SecurityGroupRules', 'SecurityGroupRuleId'),
  {
    ...named('ec2', 'DescribeRouteTables', 'RouteTables', 'RouteTableId'),
    more: ({ Routes, Associations }) => [Routes, Associations],
  },
  named('ec2', 'DescribeInternetGateways', 'InternetGateways', 'InternetGatewayId'),
  {
    ...named('ec2', 'DescribeNatGateways', 'NatGateways', 'NatGatewayId'),
    isGone: isAt('State', /deleted/),
  },
  named('ec2', 'DescribeAddresses', 'Addresses', 'AllocationId'),
  named('ec2', 'DescribeNetworkInterfaces', 'NetworkInterfaces', 'NetworkInterfaceId'),
  {
    ...named('ec2', 'DescribeVpcEndpoints', 'VpcEndpoints', 'VpcEndpointId'),
    isGone: isAt('State', /deleted/i),
  },
  named('ec2', 'DescribeLaunchTemplates', 'LaunchTemplates', 'LaunchTemplateId'),
  {
    service: 'ec2',
    action: 'DescribeInstances',
    list: 'Reservations',
    id: 'ReservationId',
    isGone: isAt('Instances', /"terminated"/),
  },
  {
    ...named('ec2', 'DescribeTags', 'Tags', 'ResourceId'),
    // NAT gateways and instances that have gone are told for a while, and their tags.
    isGone: isAt('ResourceId', /^"(?:i|nat)-/),
    more: ({ Key, Value }) => [Key, Value],
  },
  named('autoscaling', 'DescribeAutoScalingGroups', 'AutoScalingGroups', 'AutoScalingGroupName'),
  named('monitoring', 'DescribeAlarms', 'MetricAlarms', 'AlarmName'),
];

/** A line for each thing. */
export async function listAll({ asRoot }: ProvingCloud): Promise<string[]> {
  const lines: string[] = [];
  for (const { service, action, input = {}, list, id, isGone, more } of LISTS) {
    const answer = await asRoot<Readonly<Record<string, readonly unknown[]>>>(
      service,
      action,
      input,
    );
    for (const one of answer[list] ?? []) {
      const found = one as Found;
      if (isGone?.(found) === true) continue;
      const words = [
        service,
        list,
        id === undefined ? String(one) : found[id],
        JSON.stringify(more?.(found)) ?? '',
      ];
      lines.push(words.join(' ').trimEnd());
    }
  }
  return lines.toSorted();
}
