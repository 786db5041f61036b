/**
 * How many an account has of each kind of thing that a deployment can make, as its public API tells
 * it. What is listed for a while after it has ended is not counted.
 */
import { AmpClient, ListWorkspacesCommand } from '@aws-sdk/client-amp';
import * as scaling from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as ec2 from '@aws-sdk/client-ec2';
import { ECSClient, ListClustersCommand, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { DescribeFileSystemsCommand, EFSClient } from '@aws-sdk/client-efs';
import * as iam from '@aws-sdk/client-iam';
import * as map from '@aws-sdk/client-servicediscovery';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { EmulatedAws } from './emulated-aws.ts';

export async function listAccount({
  url,
  credentials,
}: Pick<EmulatedAws, 'url' | 'credentials'>): Promise<Readonly<Record<string, number>>> {
  const at = { endpoint: url, region: 'us-east-1', credentials };
  const lists = {
    stacks: (await new CloudFormationClient(at).send(new DescribeStacksCommand({}))).Stacks,
    workspaces: (await new AmpClient(at).send(new ListWorkspacesCommand({}))).workspaces?.filter(
      ({ status }) => status?.statusCode !== 'DELETING',
    ),
    logGroups: (await new CloudWatchLogsClient(at).send(new DescribeLogGroupsCommand({})))
      .logGroups,
    parameters: (
      await new SSMClient(at).send(new GetParametersByPathCommand({ Path: '/', Recursive: true }))
    ).Parameters,
    fileSystems: (await new EFSClient(at).send(new DescribeFileSystemsCommand({}))).FileSystems,
    ...(await listContainers(at)),
    ...(await listIdentities(at)),
    ...(await listNetworks(at)),
    ...(await listMachines(at)),
  };
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list?.length ?? 0]));
}

type Lists = Readonly<Record<string, readonly unknown[] | undefined>>;
interface At {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: EmulatedAws['credentials'];
}

async function listContainers(at: At): Promise<Lists> {
  const client = new ECSClient(at);
  const names = new map.ServiceDiscoveryClient(at);
  return {
    clusters: (await client.send(new ListClustersCommand({}))).clusterArns,
    definitions: (await client.send(new ListTaskDefinitionsCommand({}))).taskDefinitionArns,
    namespaces: (await names.send(new map.ListNamespacesCommand({}))).Namespaces,
    registries: (await names.send(new map.ListServicesCommand({}))).Services,
  };
}

async function listIdentities(at: At): Promise<Lists> {
  const client = new iam.IAMClient(at);
  return {
    roles: (await client.send(new iam.ListRolesCommand({}))).Roles,
    profiles: (await client.send(new iam.ListInstanceProfilesCommand({}))).InstanceProfiles,
    policies: (await client.send(new iam.ListPoliciesCommand({ Scope: 'Local' }))).Policies,
  };
}

async function listNetworks(at: At): Promise<Lists> {
  const client = new ec2.EC2Client(at);
  const nats = await client.send(new ec2.DescribeNatGatewaysCommand({}));
  return {
    vpcs: (await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs,
    subnets: (await client.send(new ec2.DescribeSubnetsCommand({}))).Subnets,
    securityGroups: (await client.send(new ec2.DescribeSecurityGroupsCommand({}))).SecurityGroups,
    routeTables: (await client.send(new ec2.DescribeRouteTablesCommand({}))).RouteTables,
    gateways: (await client.send(new ec2.DescribeInternetGatewaysCommand({}))).InternetGateways,
    nats: nats.NatGateways?.filter(({ State }) => State !== 'deleted'),
    addresses: (await client.send(new ec2.DescribeAddressesCommand({}))).Addresses,
    interfaces: (await client.send(new ec2.DescribeNetworkInterfacesCommand({}))).NetworkInterfaces,
  };
}

async function listMachines(at: At): Promise<Lists> {
  const machines = await new ec2.EC2Client(at).send(new ec2.DescribeInstancesCommand({}));
  const client = new scaling.AutoScalingClient(at);
  const configurations = await client.send(new scaling.DescribeLaunchConfigurationsCommand({}));
  return {
    instances: machines.Reservations?.flatMap(({ Instances = [] }) => Instances).filter(
      ({ State }) => State?.Name !== 'terminated',
    ),
    groups: (await client.send(new scaling.DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups,
    launchConfigurations: configurations.LaunchConfigurations,
  };
}
