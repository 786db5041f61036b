/** Auto Scaling by the official SDK: its instances are EC2's, and ECS's where user data says so. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as scalingSdk from '@aws-sdk/client-auto-scaling';
import * as ec2Sdk from '@aws-sdk/client-ec2';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
let ec2: ec2Sdk.EC2Client;
let scaling: scalingSdk.AutoScalingClient;
before(async () => {
  aws = await startEmulatedAws();
  const { url: endpoint, credentials } = aws;
  const settings = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  ec2 = new ec2Sdk.EC2Client(settings);
  scaling = new scalingSdk.AutoScalingClient(settings);
});
after(async () => {
  ec2.destroy();
  scaling.destroy();
  await aws.close();
});

const UserData = Buffer.from('#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n');
const SUBNETS = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'];

async function makeTemplate(name: string): Promise<string> {
  const { Images = [] } = await ec2.send(
    new ec2Sdk.DescribeImagesCommand({ Filters: [{ Name: 'name', Values: ['al2023-*-x86_64'] }] }),
  );
  const made = await ec2.send(
    new ec2Sdk.CreateLaunchTemplateCommand({
      LaunchTemplateName: name,
      LaunchTemplateData: {
        ImageId: Images[0]?.ImageId,
        InstanceType: 'c7i.large',
        IamInstanceProfile: { Name: 'shop-instances' },
        UserData: UserData.toString('base64'),
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      },
    }),
  );
  return made.LaunchTemplate?.LaunchTemplateId ?? '';
}

async function describeGroup(name: string): Promise<scalingSdk.AutoScalingGroup | undefined> {
  const { AutoScalingGroups = [] } = await scaling.send(
    new scalingSdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  return AutoScalingGroups[0];
}

function joined(): string[] {
  const cluster = aws.account.ecs.clusters.get('shop');
  return [...(cluster?.instances.values() ?? [])].map((one) => one.ec2InstanceId);
}

test('a group starts instances in its subnets, which join the cluster, and follows its size', async () => {
  const AutoScalingGroupName = 'shop-instances';
  const LaunchTemplateId = await makeTemplate('shop');
  await scaling.send(
    new scalingSdk.CreateAutoScalingGroupCommand({
      AutoScalingGroupName,
      MinSize: 1,
      MaxSize: 3,
      DesiredCapacity: 2,
      VPCZoneIdentifier: SUBNETS.join(','),
      LaunchTemplate: { LaunchTemplateId, Version: '1' },
      Tags: [{ Key: 'Name', Value: 'shop-instance', PropagateAtLaunch: true }],
    }),
  );
  assert.deepEqual(joined(), [], 'the cluster is not there yet');
  aws.account.ecs.createCluster('shop');
  const group = await describeGroup(AutoScalingGroupName);
  const ids = group?.Instances?.map((one) => one.InstanceId ?? '') ?? [];
  assert.deepEqual(joined(), ids);
  const { Reservations = [] } = await ec2.send(
    new ec2Sdk.DescribeInstancesCommand({
      Filters: [{ Name: 'tag:aws:autoscaling:groupName', Values: [AutoScalingGroupName] }],
    }),
  );
  const instances = Reservations.flatMap((one) => one.Instances ?? []);
  assert.deepEqual(new Set(instances.map((one) => one.SubnetId)), new Set(SUBNETS));
  const cluster = aws.account.ecs.cluster('shop');
  const zones = [...cluster.instances.values()].map(({ ec2InstanceId, attributes }) => [
    ec2InstanceId,
    attributes.find(({ name }) => name === 'ecs.availability-zone')?.value,
  ]);
  assert.deepEqual(
    new Map(zones as [string, string][]),
    new Map(instances.map((one) => [one.InstanceId ?? '', one.Placement?.AvailabilityZone ?? ''])),
  );
  assert.equal(new Set(zones.map(([, zone]) => zone)).size, 2);
  assert.deepEqual(instances[0]?.MetadataOptions?.HttpTokens, 'required');
  assert.equal(instances[0]?.Tags?.find((tag) => tag.Key === 'Name')?.Value, 'shop-instance');

  const setDesired = (DesiredCapacity: number) =>
    scaling.send(
      new scalingSdk.SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }),
    );
  await assert.rejects(setDesired(4), { name: 'ValidationError' });
  await setDesired(3);
  assert.equal(joined().length, 3);
  await setDesired(1);
  assert.equal(joined().length, 1);

  // An instance that ends by itself is replaced.
  const [last = ''] = joined();
  await ec2.send(new ec2Sdk.TerminateInstancesCommand({ InstanceIds: [last] }));
  const deadlineMs = Date.now() + 10_000;
  while (joined().length === 0 && Date.now() < deadlineMs) await new Promise(setImmediate);
  assert.equal(joined().length, 1);
  assert.notEqual(joined()[0], last);

  const remove = (ForceDelete: boolean) =>
    scaling.send(
      new scalingSdk.DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete }),
    );
  await assert.rejects(remove(false), { name: 'ResourceInUseFault' });
  await remove(true);
  assert.deepEqual(joined(), []);
  assert.equal(aws.account.ec2.network.interfaces.values().length, 0);
  assert.equal(await describeGroup(AutoScalingGroupName), undefined);
});
