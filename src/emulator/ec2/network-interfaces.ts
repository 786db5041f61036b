/**
 * The network interfaces of EC2: those of tasks, instances, endpoints and gateways, each with an
 * address of its subnet. What one uses cannot be deleted.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
 */
import { type ActionHandler, AwsError } from '../service.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { readEc2Text, readEc2Texts, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { NetworkInterface, Subnet } from './shapes.ts';

interface InterfaceRequest {
  /** Ids of security groups; the default one of the VPC where there are none. */
  readonly groups?: readonly string[];
  readonly address?: string | undefined;
  readonly Description?: string;
  readonly InterfaceType?: string;
  readonly RequesterId?: string;
  readonly attached?: NetworkInterface['attached'];
}

/** @throws AwsError for a group of another VPC, and where the subnet has no address left */
export function createInterface(
  network: Ec2Network,
  subnet: Subnet,
  { groups = [], address, ...given }: InterfaceRequest,
): NetworkInterface {
  const own = network.groups
    .values()
    .find(({ VpcId, GroupName }) => VpcId === subnet.VpcId && GroupName === 'default');
  for (const id of groups) requireGroupOf(network, id, subnet.VpcId);
  const PrivateIpAddress = network.takeAddress(subnet, address);
  return network.interfaces.add((NetworkInterfaceId) => ({
    NetworkInterfaceId,
    SubnetId: subnet.SubnetId,
    VpcId: subnet.VpcId,
    AvailabilityZone: subnet.AvailabilityZone,
    Description: '',
    InterfaceType: 'interface',
    RequesterId: network.place.accountId,
    PrivateIpAddress,
    groups: groups.length > 0 ? groups : [own?.GroupId ?? ''],
    attached: undefined,
    publicIp: undefined,
    ...given,
  }));
}

/** @throws AwsError */
export function requireGroupOf({ groups }: Ec2Network, id: string, vpc: string): void {
  if (groups.find(id).VpcId !== vpc)
    throw new AwsError(
      'InvalidParameter',
      `Security group ${id} and the subnet belong to different networks.`,
    );
}

export function deleteInterface(network: Ec2Network, id: string): void {
  if (!network.interfaces.has(id)) return;
  const { SubnetId, PrivateIpAddress } = network.interfaces.find(id);
  network.freeAddress(SubnetId, PrivateIpAddress);
  network.remove(network.interfaces, id);
}

export function interfaceActions(network: Ec2Network): Record<string, ActionHandler> {
  const { interfaces, place, subnets } = network;
  const nameGroup = (GroupId: string): object => ({
    GroupId,
    GroupName: network.groups.has(GroupId) ? network.groups.find(GroupId).GroupName : '',
  });
  const show = (one: NetworkInterface): object => {
    const { groups, attached, publicIp, PrivateIpAddress: address, ...told } = one;
    const id = told.NetworkInterfaceId;
    const isNew = address.includes(':');
    const association = publicIp === undefined ? {} : { Association: nameAssociation(publicIp) };
    return {
      ...told,
      OwnerId: place.accountId,
      RequesterManaged: told.RequesterId !== place.accountId,
      Status: attached === undefined ? 'available' : 'in-use',
      SourceDestCheck: true,
      Groups: groups.map(nameGroup),
      Attachment: attached && {
        ...attached,
        AttachmentId: `eni-attach-${id.slice('eni-'.length)}`,
        InstanceOwnerId: place.accountId,
        Status: 'attached',
        DeleteOnTermination: true,
      },
      ...association,
      Ipv6Addresses: isNew ? [{ Ipv6Address: address }] : [],
      PrivateIpAddress: isNew ? undefined : address,
      PrivateIpAddresses: isNew
        ? []
        : [{ PrivateIpAddress: address, Primary: true, ...association }],
      TagSet: network.listTags(id),
    };
  };
  const all = {
    values: () => network.listInterfaces(),
    find: (id: string) =>
      network.listInterfaces().find((one) => one.NetworkInterfaceId === id) ?? interfaces.find(id),
  };
  return {
    CreateNetworkInterface: (input, { caller }) => {
      const tags = readTagSpecifications(input, ['network-interface']);
      const made = createInterface(network, subnets.find(requireMember(input, 'SubnetId')), {
        groups: readEc2Texts(input, 'Groups'),
        address: readEc2Text(input, 'PrivateIpAddress'),
        Description: readEc2Text(input, 'Description') ?? '',
        RequesterId: caller.accountId,
      });
      network.setTags(made.NetworkInterfaceId, tags('network-interface'));
      return { NetworkInterface: { ...show(made), Status: 'pending' } };
    },
    DeleteNetworkInterface: (input) => {
      const one = interfaces.find(requireMember(input, 'NetworkInterfaceId'));
      if (one.attached !== undefined)
        throw new AwsError(
          'InvalidParameterValue',
          `Network interface '${one.NetworkInterfaceId}' is currently in use.`,
        );
      deleteInterface(network, one.NetworkInterfaceId);
      return {};
    },
    DescribeNetworkInterfaces: (input) =>
      describeShelf(network, all, input, {
        list: 'NetworkInterfaces',
        ids: 'NetworkInterfaceIds',
        idOf: ({ NetworkInterfaceId }) => NetworkInterfaceId,
        filters: {
          'addresses.private-ip-address': ({ PrivateIpAddress }) => PrivateIpAddress,
          'association.public-ip': ({ publicIp }) => publicIp,
          'attachment.instance-id': ({ attached }) => attached?.InstanceId,
          'availability-zone': ({ AvailabilityZone }) => AvailabilityZone,
          description: ({ Description }) => Description,
          'group-id': ({ groups }) => groups,
          'interface-type': ({ InterfaceType }) => InterfaceType,
          'network-interface-id': ({ NetworkInterfaceId }) => NetworkInterfaceId,
          'owner-id': () => place.accountId,
          'private-ip-address': ({ PrivateIpAddress }) => PrivateIpAddress,
          'requester-id': ({ RequesterId }) => RequesterId,
          status: ({ attached }) => (attached === undefined ? 'available' : 'in-use'),
          'subnet-id': ({ SubnetId }) => SubnetId,
          'vpc-id': ({ VpcId }) => VpcId,
        },
        show,
      }),
  };
}

function nameAssociation(PublicIp: string): object {
  return { PublicIp, IpOwnerId: 'amazon' };
}
