/** EFS by the official SDK: mount targets have interfaces in subnets, and hold what they use. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as ec2Sdk from '@aws-sdk/client-ec2';
import * as efsSdk from '@aws-sdk/client-efs';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

test('a file system is found by its token, mounted in a subnet, and deleted when it is free', async () => {
  const { url: endpoint, credentials } = aws;
  const settings = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  const efs = new efsSdk.EFSClient(settings);
  const ec2 = new ec2Sdk.EC2Client(settings);
  const CreationToken = 'shop-queue';
  const made = await efs.send(
    new efsSdk.CreateFileSystemCommand({
      CreationToken,
      Encrypted: true,
      Tags: [{ Key: 'Name', Value: 'queue' }],
    }),
  );
  const { FileSystemId = '' } = made;
  assert.equal(made.LifeCycleState, 'creating');
  await assert.rejects(efs.send(new efsSdk.CreateFileSystemCommand({ CreationToken })), {
    name: 'FileSystemAlreadyExists',
  });
  const { FileSystems = [] } = await efs.send(
    new efsSdk.DescribeFileSystemsCommand({ CreationToken }),
  );
  assert.deepEqual(
    FileSystems.map((one) => [one.FileSystemId, one.LifeCycleState, one.Name]),
    [[FileSystemId, 'available', 'queue']],
  );
  const SubnetId = 'subnet-0123456789abcdef0';
  const mount = () => efs.send(new efsSdk.CreateMountTargetCommand({ FileSystemId, SubnetId }));
  const { MountTargetId = '', NetworkInterfaceId = '', IpAddress } = await mount();
  await assert.rejects(mount(), { name: 'MountTargetConflict' });
  const { NetworkInterfaces = [] } = await ec2.send(
    new ec2Sdk.DescribeNetworkInterfacesCommand({
      Filters: [{ Name: 'subnet-id', Values: [SubnetId] }],
    }),
  );
  assert.deepEqual(
    NetworkInterfaces.map((one) => [one.NetworkInterfaceId, one.PrivateIpAddress]),
    [[NetworkInterfaceId, IpAddress]],
  );
  const point = await efs.send(
    new efsSdk.CreateAccessPointCommand({
      FileSystemId,
      ClientToken: 'a',
      PosixUser: { Uid: 1, Gid: 2 },
    }),
  );
  const { AccessPoints = [] } = await efs.send(
    new efsSdk.DescribeAccessPointsCommand({ FileSystemId }),
  );
  assert.deepEqual(AccessPoints[0]?.PosixUser, { Uid: 1, Gid: 2 });
  const remove = () => efs.send(new efsSdk.DeleteFileSystemCommand({ FileSystemId }));
  await assert.rejects(remove(), { name: 'FileSystemInUse' });
  await efs.send(new efsSdk.DeleteAccessPointCommand({ AccessPointId: point.AccessPointId }));
  await efs.send(new efsSdk.DeleteMountTargetCommand({ MountTargetId }));
  await remove();
  assert.equal(aws.account.ec2.network.listInterfaces().length, 0);
  efs.destroy();
  ec2.destroy();
});
