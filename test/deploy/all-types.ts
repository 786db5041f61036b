/** One resource of each type that no smaller model has, as parts of a deployment may write it. */
import { Draft, type DeploymentTemplate, join } from '../../src/deploy/template.ts';

export function describeAllTypes(): DeploymentTemplate {
  const draft = new Draft();
  const add = (id: string, type: string, properties: Parameters<Draft['add']>[0]['properties']) =>
    draft.add({ id, type: `AWS::${type}`, properties, why: `Tries ${type}.` });
  const subnet = 'subnet-0a1b2c3d';
  const group = add('Group', 'EC2::SecurityGroup', {
    GroupDescription: 'All',
    VpcId: 'vpc-0a1b2c3d',
    SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' }],
  });
  add('Endpoint', 'EC2::VPCEndpoint', {
    VpcId: 'vpc-0a1b2c3d',
    ServiceName: 'com.amazonaws.eu-west-1.logs',
    VpcEndpointType: 'Interface',
    SubnetIds: [subnet],
    SecurityGroupIds: [group.get('GroupId')],
    PrivateDnsEnabled: true,
    PolicyDocument: { Version: '2012-10-17', Statement: [] },
  });
  const role = add('NodeRole', 'IAM::Role', {
    AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role'],
  });
  const profile = add('NodeProfile', 'IAM::InstanceProfile', { Roles: [role] });
  const launch = add('Launch', 'EC2::LaunchTemplate', {
    LaunchTemplateData: {
      ImageId: 'ami-0a1b2c3d',
      InstanceType: 'c7g.large',
      IamInstanceProfile: { Arn: profile.get('Arn') },
      SecurityGroupIds: [group],
    },
  });
  const scaling = add('Nodes', 'AutoScaling::AutoScalingGroup', {
    MinSize: '0',
    MaxSize: '4',
    DesiredCapacity: '2',
    VPCZoneIdentifier: [subnet, 'subnet-4e5f6a7b'],
    LaunchTemplate: { LaunchTemplateId: launch, Version: launch.get('LatestVersionNumber') },
  });
  const capacity = add('Capacity', 'ECS::CapacityProvider', {
    Name: 'all-nodes',
    AutoScalingGroupProvider: {
      AutoScalingGroupArn: scaling,
      ManagedScaling: { Status: 'ENABLED' },
    },
  });
  const cluster = add('Cluster', 'ECS::Cluster', { ClusterName: 'all' });
  add('Capacities', 'ECS::ClusterCapacityProviderAssociations', {
    Cluster: cluster,
    CapacityProviders: [capacity],
    DefaultCapacityProviderStrategy: [{ CapacityProvider: capacity, Weight: 1 }],
  });
  const files = add('Files', 'EFS::FileSystem', {
    Encrypted: true,
    FileSystemTags: [{ Key: 'Name', Value: 'all' }],
    BackupPolicy: { Status: 'DISABLED' },
  });
  add('Mount', 'EFS::MountTarget', {
    FileSystemId: files,
    SubnetId: subnet,
    SecurityGroups: [group.get('GroupId')],
  });
  add('Access', 'EFS::AccessPoint', {
    FileSystemId: files,
    PosixUser: { Uid: '65532', Gid: '65532' },
    RootDirectory: {
      Path: '/queue',
      CreationInfo: { OwnerUid: '65532', OwnerGid: '65532', Permissions: '0750' },
    },
  });
  add('Task', 'ECS::TaskDefinition', {
    Family: 'all',
    ContainerDefinitions: [
      { Name: 'one', Image: 'one:1', DockerLabels: { Some_Label: 'a' }, Command: ['@{Cluster}'] },
    ],
    Volumes: [
      {
        Name: 'queue',
        EFSVolumeConfiguration: { FilesystemId: files, AuthorizationConfig: { IAM: 'ENABLED' } },
      },
    ],
  });
  add('Workspace', 'APS::Workspace', {
    AlertManagerDefinition: 'alertmanager_config: x',
  });
  add('Silent', 'CloudWatch::Alarm', {
    AlarmName: 'all-silent',
    MetricName: 'x',
    Namespace: 'Amperage',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    AlarmDescription: join`of ${cluster}`,
  });
  return draft.finish('all', 'eu-west-1');
}
