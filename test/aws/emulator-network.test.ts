/** The network of EC2 by the official SDK: what is made is there, what is used stays. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as ec2Sdk from '@aws-sdk/client-ec2';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
let ec2: ec2Sdk.EC2Client;
before(async () => {
  aws = await startEmulatedAws();
  const { url: endpoint, credentials } = aws;
  ec2 = new ec2Sdk.EC2Client({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
});
after(async () => {
  ec2.destroy();
  await aws.close();
});

const named = (kind: ec2Sdk.ResourceType, name: string) => [
  { ResourceType: kind, Tags: [{ Key: 'Name', Value: name }] },
];

async function makeVpc(cidr: string): Promise<{ VpcId: string; SubnetId: string }> {
  const { Vpc } = await ec2.send(
    new ec2Sdk.CreateVpcCommand({ CidrBlock: cidr, TagSpecifications: named('vpc', cidr) }),
  );
  const VpcId = Vpc?.VpcId ?? '';
  const CidrBlock = cidr.replace('/16', '/24');
  const { Subnet } = await ec2.send(new ec2Sdk.CreateSubnetCommand({ VpcId, CidrBlock }));
  return { VpcId, SubnetId: Subnet?.SubnetId ?? '' };
}

test('an account has a default VPC with three public subnets and a security group', async () => {
  const { Vpcs = [] } = await ec2.send(
    new ec2Sdk.DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }),
  );
  assert.equal(Vpcs.length, 1);
  assert.equal(Vpcs[0]?.CidrBlock, '172.31.0.0/16');
  assert.equal(Vpcs[0]?.State, 'available');
  const Filters = [{ Name: 'vpc-id', Values: [Vpcs[0]?.VpcId ?? ''] }];
  const { Subnets = [] } = await ec2.send(new ec2Sdk.DescribeSubnetsCommand({ Filters }));
  assert.deepEqual(
    Subnets.map((one) => [one.AvailabilityZone, one.MapPublicIpOnLaunch, one.DefaultForAz]),
    ['a', 'b', 'c'].map((zone) => [`us-east-1${zone}`, true, true]),
  );
  const { SecurityGroups = [] } = await ec2.send(
    new ec2Sdk.DescribeSecurityGroupsCommand({ Filters }),
  );
  assert.deepEqual(
    SecurityGroups.map((one) => one.GroupName),
    ['default'],
  );
  const { RouteTables = [] } = await ec2.send(new ec2Sdk.DescribeRouteTablesCommand({ Filters }));
  assert.deepEqual(
    RouteTables[0]?.Routes?.map((one) => [one.DestinationCidrBlock, one.State]),
    [
      ['172.31.0.0/16', 'active'],
      ['0.0.0.0/0', 'active'],
    ],
  );
});

test('subnets lie in their VPC and beside each other; a VPC in use is kept', async () => {
  const { VpcId, SubnetId } = await makeVpc('10.1.0.0/16');
  const make = (CidrBlock: string) =>
    ec2.send(new ec2Sdk.CreateSubnetCommand({ VpcId, CidrBlock }));
  await assert.rejects(make('10.2.0.0/24'), { name: 'InvalidSubnet.Range' });
  await assert.rejects(make('10.1.0.128/25'), { name: 'InvalidSubnet.Conflict' });
  await assert.rejects(make('10.1.0'), { name: 'InvalidParameterValue' });
  await assert.rejects(ec2.send(new ec2Sdk.DeleteVpcCommand({ VpcId })), {
    name: 'DependencyViolation',
  });
  await ec2.send(new ec2Sdk.DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new ec2Sdk.DeleteVpcCommand({ VpcId }));
  await assert.rejects(ec2.send(new ec2Sdk.DescribeVpcsCommand({ VpcIds: [VpcId] })), {
    name: 'InvalidVpcID.NotFound',
  });
  const { SecurityGroups = [] } = await ec2.send(
    new ec2Sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
  );
  assert.deepEqual(SecurityGroups, []);
});

test('a NAT gateway needs a way out, keeps its address, and frees it when it is deleted', async () => {
  const { VpcId, SubnetId } = await makeVpc('10.3.0.0/16');
  const { AllocationId = '' } = await ec2.send(
    new ec2Sdk.AllocateAddressCommand({ Domain: 'vpc' }),
  );
  const nat = () => ec2.send(new ec2Sdk.CreateNatGatewayCommand({ AllocationId, SubnetId }));
  const describe = async (NatGatewayId = '') => {
    const { NatGateways = [] } = await ec2.send(
      new ec2Sdk.DescribeNatGatewaysCommand({ NatGatewayIds: [NatGatewayId] }),
    );
    return NatGateways[0];
  };
  const failed = await nat();
  const { State, FailureCode } = (await describe(failed.NatGateway?.NatGatewayId)) ?? {};
  assert.deepEqual([State, FailureCode], ['failed', 'Gateway.NotAttached']);
  const { InternetGateway } = await ec2.send(new ec2Sdk.CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new ec2Sdk.AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  const made = await nat();
  const NatGatewayId = made.NatGateway?.NatGatewayId ?? '';
  assert.equal(made.NatGateway?.State, 'pending');
  const found = await describe(NatGatewayId);
  assert.equal(found?.State, 'available');
  assert.match(found?.NatGatewayAddresses?.[0]?.PrivateIp ?? '', /^10\.3\.0\.\d+$/);
  await assert.rejects(nat(), { name: 'Resource.AlreadyAssociated' });
  const release = () => ec2.send(new ec2Sdk.ReleaseAddressCommand({ AllocationId }));
  await assert.rejects(release(), { name: 'InvalidIPAddress.InUse' });
  await assert.rejects(ec2.send(new ec2Sdk.DeleteSubnetCommand({ SubnetId })), {
    name: 'DependencyViolation',
  });
  await assert.rejects(
    ec2.send(new ec2Sdk.DetachInternetGatewayCommand({ InternetGatewayId, VpcId })),
    { name: 'DependencyViolation' },
  );
  await ec2.send(new ec2Sdk.DeleteNatGatewayCommand({ NatGatewayId }));
  assert.equal((await describe(NatGatewayId))?.State, 'deleted');
  await release();
  await ec2.send(new ec2Sdk.DeleteSubnetCommand({ SubnetId }));
  await ec2.send(new ec2Sdk.DetachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  await ec2.send(new ec2Sdk.DeleteInternetGatewayCommand({ InternetGatewayId }));
  await ec2.send(new ec2Sdk.DeleteVpcCommand({ VpcId }));
});
