/**
 * EC2's actions on instances. The answer that starts one says pending, and the one that ends it
 * shutting-down; it is done by the next call.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { readTagSpecifications } from './described.ts';
import { listImages } from '../images.ts';
import { readLaunch } from './launching.ts';
import {
  cutEc2Page,
  type FilterReaders,
  parseFilters,
  readEc2Texts,
  requireMember,
} from './lists.ts';
import { makeEc2Id } from './shelf.ts';
import { type Ec2Instance, type Ec2Interface, type Ec2State, stateCodeOf } from './state.ts';

const FILTERS: FilterReaders<Ec2Instance> = {
  architecture: ({ architecture }) => architecture,
  'availability-zone': ({ availabilityZone }) => availabilityZone,
  'iam-instance-profile.arn': ({ profileArn }) => profileArn,
  'image-id': ({ imageId }) => imageId,
  'instance-id': ({ instanceId }) => instanceId,
  'instance-lifecycle': ({ lifecycle }) => lifecycle,
  'instance-state-code': ({ state }) => stateCodeOf(state),
  'instance-state-name': ({ state }) => state,
  'instance-type': ({ instanceType }) => instanceType,
  'instance.group-id': ({ groups }) => groups,
  'ip-address': ({ publicIpAddress }) => publicIpAddress,
  'network-interface.subnet-id': ({ interfaces }) =>
    interfaces.flatMap(({ subnetId }) => subnetId ?? []),
  platform: ({ platform }) => platform,
  'private-ip-address': ({ privateIpAddress }) => privateIpAddress,
  'subnet-id': ({ subnetId }) => subnetId,
  'vpc-id': ({ vpcId }) => vpcId,
};

export function ec2InstanceActions(state: Ec2State): Record<string, ActionHandler> {
  const { network } = state;
  const ownerId = network.place.accountId;
  const reserve = (instance: Ec2Instance): object => ({
    ReservationId: `r-${instance.instanceId.slice('i-'.length)}`,
    OwnerId: ownerId,
    Groups: [],
    Instances: [showInstance(state, instance)],
  });
  return {
    DescribeInstances: (input) => {
      const found = findInstances(state, input);
      const { page, ...more } = cutEc2Page(found, input, 'instances');
      return { Reservations: page.map(reserve), ...more };
    },
    DescribeInstanceStatus: (input) => {
      const all = findInstances(state, input, STATUS_FILTERS);
      const wanted = input['IncludeAllInstances'] === true ? all : all.filter(isRunning);
      const { page, ...more } = cutEc2Page(wanted, input, 'statuses');
      return { InstanceStatuses: page.map(showStatus), ...more };
    },
    RunInstances: (input) => {
      const tags = readTagSpecifications(input, RUN_TYPES);
      const { request, count, templateTags } = readLaunch(state, input);
      const ids = Array.from({ length: count }, () => makeEc2Id('i'));
      for (const id of ids) {
        network.setTags(id, [...templateTags('instance'), ...tags('instance')]);
        state.launch(id, request);
      }
      return {
        ReservationId: makeEc2Id('r'),
        OwnerId: ownerId,
        Groups: [],
        Instances: ids.map((id) => ({
          ...showInstance(state, state.find(id)),
          State: { Code: 0, Name: 'pending' },
        })),
      };
    },
    TerminateInstances: (input) => {
      const ids = readEc2Texts(input, 'InstanceIds');
      if (ids.length === 0)
        throw new AwsError(
          'MissingParameter',
          'The request must contain the parameter InstanceIds',
        );
      const before = ids.map((id) => state.find(id));
      return {
        TerminatingInstances: before.map(({ instanceId: InstanceId, state: was }) => {
          const isEnded = was === 'terminated';
          if (!isEnded) for (const next of ENDING) state.change(InstanceId, next);
          const now = isEnded ? was : 'shutting-down';
          return {
            InstanceId,
            PreviousState: { Code: stateCodeOf(was), Name: was },
            CurrentState: { Code: stateCodeOf(now), Name: now },
          };
        }),
      };
    },
    DescribeImages: (input) => ({ Images: describeImages(state.region, input) }),
    DescribeInstanceAttribute: (input) => {
      const { instanceId, userData } = state.find(requireMember(input, 'InstanceId'));
      if (requireMember(input, 'Attribute') !== 'userData')
        throw new AwsError('InvalidParameterValue', 'this emulator tells the attribute userData');
      return { InstanceId: instanceId, UserData: { Value: userData } };
    },
  };
}

const RUN_TYPES = ['instance', 'network-interface', 'spot-instances-request', 'volume'];
const ENDING = ['shutting-down', 'terminated'] as const;

function isRunning({ state }: Ec2Instance): boolean {
  return state === 'running';
}

const STATUS_FILTERS: FilterReaders<Ec2Instance> = {
  'availability-zone': ({ availabilityZone }) => availabilityZone,
  'instance-state-code': ({ state }) => stateCodeOf(state),
  'instance-state-name': ({ state }) => state,
  'instance-status.status': () => 'ok',
  'system-status.status': () => 'ok',
};

function findInstances(
  state: Ec2State,
  input: AwsInput,
  filters: FilterReaders<Ec2Instance> = FILTERS,
): Ec2Instance[] {
  const ids = readEc2Texts(input, 'InstanceIds');
  for (const id of ids) state.find(id);
  const { network } = state;
  const fits = parseFilters<Ec2Instance>(
    input['Filters'],
    { ...filters, 'owner-id': () => network.place.accountId },
    ({ instanceId }) => network.tagsOf(instanceId),
  );
  return [...state.instances.values()].filter(
    (one) => (ids.length === 0 || ids.includes(one.instanceId)) && fits(one),
  );
}

function showStatus({ instanceId, availabilityZone, state }: Ec2Instance): object {
  const health = { Status: state === 'running' ? 'ok' : 'not-applicable' };
  return {
    AvailabilityZone: availabilityZone,
    InstanceId: instanceId,
    InstanceState: { Code: stateCodeOf(state), Name: state },
    InstanceStatus: health,
    SystemStatus: health,
  };
}

function showInstance(state: Ec2State, instance: Ec2Instance): object {
  const { region, network } = state;
  const { instanceId, privateIpAddress, publicIpAddress, groups, profileArn } = instance;
  return {
    InstanceId: instanceId,
    ImageId: instance.imageId,
    State: { Code: stateCodeOf(instance.state), Name: instance.state },
    PrivateDnsName: namePrivately(privateIpAddress, region),
    PublicDnsName: namePublicly(publicIpAddress, region),
    InstanceType: instance.instanceType,
    KeyName: instance.keyName,
    LaunchTime: new Date(instance.launchMs).toISOString(),
    Placement: { AvailabilityZone: instance.availabilityZone, Tenancy: 'default' },
    Platform: instance.platform,
    SubnetId: instance.subnetId,
    VpcId: instance.vpcId,
    PrivateIpAddress: privateIpAddress,
    PublicIpAddress: publicIpAddress,
    Architecture: instance.architecture,
    InstanceLifecycle: instance.lifecycle,
    SecurityGroups: groups.map((GroupId) => ({
      GroupId,
      GroupName: network.groups.has(GroupId) ? network.groups.find(GroupId).GroupName : '',
    })),
    IamInstanceProfile: profileArn === undefined ? undefined : { Arn: profileArn },
    MetadataOptions: instance.metadataOptions && { State: 'applied', ...instance.metadataOptions },
    NetworkInterfaces: instance.interfaces.map(showInterface),
    Tags: network.listTags(instanceId),
  };
}

function showInterface(own: Ec2Interface): object {
  const { subnetId, deviceIndex, ipv6Addresses, primaryIpv6Address, networkInterfaceId } = own;
  return {
    NetworkInterfaceId: networkInterfaceId,
    SubnetId: subnetId,
    Attachment: { DeviceIndex: deviceIndex, Status: 'attached' },
    Ipv6Addresses: ipv6Addresses.map((Ipv6Address) => ({
      Ipv6Address,
      IsPrimaryIpv6: Ipv6Address === primaryIpv6Address,
    })),
  };
}

/** The DNS name that AWS makes of a private address; empty without one, as AWS has it. */
function namePrivately(address: string | undefined, region: string): string {
  const domain = region === 'us-east-1' ? 'ec2' : `${region}.compute`;
  return address === undefined ? '' : `ip-${address.replaceAll('.', '-')}.${domain}.internal`;
}

function namePublicly(address: string | undefined, region: string): string {
  const domain = region === 'us-east-1' ? 'compute-1' : `${region}.compute`;
  return address === undefined ? '' : `ec2-${address.replaceAll('.', '-')}.${domain}.amazonaws.com`;
}

function describeImages(region: string, input: AwsInput): object[] {
  const ids = readEc2Texts(input, 'ImageIds');
  const owners = readEc2Texts(input, 'Owners');
  const all = listImages(region);
  for (const id of ids)
    if (!all.some((one) => one.id === id))
      throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  const fits = parseFilters<(typeof all)[number]>(input['Filters'], {
    architecture: ({ architecture }) => architecture,
    'image-id': ({ id }) => id,
    name: ({ name }) => name,
    'owner-alias': () => 'amazon',
    state: () => 'available',
    'virtualization-type': () => 'hvm',
  });
  return all
    .filter((one) => (ids.length === 0 || ids.includes(one.id)) && fits(one))
    .filter(() => owners.length === 0 || owners.some((owner) => AMAZON.includes(owner)))
    .map(({ id, name, architecture, os }) => ({
      ImageId: id,
      Name: name,
      Architecture: architecture,
      State: 'available',
      Public: true,
      OwnerId: AMAZON[1],
      ImageOwnerAlias: 'amazon',
      PlatformDetails: 'Linux/UNIX',
      Description: os,
      CreationDate: '2026-11-03T00:00:00.000Z',
      VirtualizationType: 'hvm',
      RootDeviceType: 'ebs',
      RootDeviceName: '/dev/xvda',
    }));
}

const AMAZON = ['amazon', '591542846629'];
