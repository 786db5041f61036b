/**
 * EC2's actions on Internet gateways, Elastic IP addresses and NAT gateways. The answer that makes
 * a NAT gateway says pending, and the one that deletes it deleting; it is done by the next call.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { formatAddress } from './cidr.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { readEc2Text, readEc2Texts, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import { createInterface, deleteInterface } from './network-interfaces.ts';
import type { Address, InternetGateway, NatGateway } from './shapes.ts';
import { makeEc2Id } from './shelf.ts';

export function gatewayActions(network: Ec2Network): Record<string, ActionHandler> {
  const { gateways, vpcs, place } = network;
  const show = ({ InternetGatewayId, vpcId }: InternetGateway): object => ({
    InternetGatewayId,
    Attachments: vpcId === undefined ? [] : [{ State: 'available', VpcId: vpcId }],
    OwnerId: place.accountId,
    Tags: network.listTags(InternetGatewayId),
  });
  const findBoth = (input: AwsInput): [InternetGateway, string] => [
    gateways.find(requireMember(input, 'InternetGatewayId')),
    vpcs.find(requireMember(input, 'VpcId')).VpcId,
  ];
  return {
    CreateInternetGateway: (input) => {
      const tags = readTagSpecifications(input, ['internet-gateway']);
      const made = gateways.add((InternetGatewayId) => ({ InternetGatewayId, vpcId: undefined }));
      network.setTags(made.InternetGatewayId, tags('internet-gateway'));
      return { InternetGateway: show(made) };
    },
    DescribeInternetGateways: (input) =>
      describeShelf(network, gateways, input, {
        list: 'InternetGateways',
        ids: 'InternetGatewayIds',
        idOf: ({ InternetGatewayId }) => InternetGatewayId,
        filters: {
          'attachment.state': ({ vpcId }) => (vpcId === undefined ? undefined : 'available'),
          'attachment.vpc-id': ({ vpcId }) => vpcId,
          'internet-gateway-id': ({ InternetGatewayId }) => InternetGatewayId,
          'owner-id': () => place.accountId,
        },
        show,
      }),
    AttachInternetGateway: (input) => {
      const [gateway, vpcId] = findBoth(input);
      const { InternetGatewayId: id } = gateway;
      if (gateway.vpcId !== undefined)
        throw new AwsError(
          'Resource.AlreadyAssociated',
          `resource ${id} is already attached to network ${gateway.vpcId}`,
        );
      if (findGateway(network, vpcId) !== undefined)
        throw new AwsError(
          'InvalidParameterValue',
          `Network ${vpcId} already has an internet gateway attached`,
        );
      gateway.vpcId = vpcId;
      return {};
    },
    DetachInternetGateway: (input) => {
      const [gateway, vpcId] = findBoth(input);
      if (gateway.vpcId !== vpcId)
        throw new AwsError(
          'Gateway.NotAttached',
          `resource ${gateway.InternetGatewayId} is not attached to network ${vpcId}`,
        );
      const isPublic = network
        .listInterfaces()
        .some((one) => one.VpcId === vpcId && one.publicIp !== undefined);
      if (isPublic)
        throw new AwsError(
          'DependencyViolation',
          `Network ${vpcId} has some mapped public address(es). Please unmap those public ` +
            'address(es) before detaching the gateway.',
        );
      gateway.vpcId = undefined;
      return {};
    },
    DeleteInternetGateway: (input) => {
      const { InternetGatewayId, vpcId } = gateways.find(requireMember(input, 'InternetGatewayId'));
      if (vpcId !== undefined)
        throw new AwsError(
          'DependencyViolation',
          `The internetGateway '${InternetGatewayId}' has dependencies and cannot be deleted.`,
        );
      network.remove(gateways, InternetGatewayId);
      return {};
    },
  };
}

export function findGateway({ gateways }: Ec2Network, vpc: string): InternetGateway | undefined {
  return gateways.values().find(({ vpcId }) => vpcId === vpc);
}

/** The first of the addresses for tests of networks, RFC 2544: nobody has them on the Internet. */
const FIRST_PUBLIC = 198 * 256 ** 3 + 18 * 256 ** 2 + 1;

export function addressActions(network: Ec2Network): Record<string, ActionHandler> {
  const { addresses, place, interfaces } = network;
  const show = ({ AllocationId, PublicIp, used }: Address): object => ({
    AllocationId,
    PublicIp,
    Domain: 'vpc',
    NetworkBorderGroup: place.region,
    PublicIpv4Pool: 'amazon',
    ...(used === undefined ? {} : { ...used, NetworkInterfaceOwnerId: place.accountId }),
    Tags: network.listTags(AllocationId),
  });
  let next = FIRST_PUBLIC;
  return {
    AllocateAddress: (input) => {
      const tags = readTagSpecifications(input, ['elastic-ip']);
      const domain = readEc2Text(input, 'Domain') ?? 'vpc';
      if (domain !== 'vpc')
        throw new AwsError('InvalidParameterValue', `Value (${domain}) for domain is invalid.`);
      const { AllocationId, PublicIp } = addresses.add((id) => ({
        AllocationId: id,
        PublicIp: formatAddress(next),
        used: undefined,
      }));
      next += 1;
      network.setTags(AllocationId, tags('elastic-ip'));
      const from = { NetworkBorderGroup: place.region, PublicIpv4Pool: 'amazon' };
      return { AllocationId, PublicIp, Domain: 'vpc', ...from };
    },
    DescribeAddresses: (input) => {
      const ips = readEc2Texts(input, 'PublicIps');
      for (const ip of ips)
        if (!addresses.values().some(({ PublicIp }) => PublicIp === ip))
          throw new AwsError('InvalidAddress.NotFound', `Address '${ip}' not found.`);
      const answer = describeShelf(network, addresses, input, {
        list: 'Addresses',
        ids: 'AllocationIds',
        idOf: ({ AllocationId }) => AllocationId,
        filters: {
          'allocation-id': ({ AllocationId }) => AllocationId,
          'association-id': ({ used }) => used?.AssociationId,
          domain: () => 'vpc',
          'instance-id': ({ used }) => used?.InstanceId,
          'network-interface-id': ({ used }) => used?.NetworkInterfaceId,
          'private-ip-address': ({ used }) => used?.PrivateIpAddress,
          'public-ip': ({ PublicIp }) => PublicIp,
        },
        show: (one) => (ips.length === 0 || ips.includes(one.PublicIp) ? show(one) : {}),
      });
      const list = answer['Addresses'] as object[];
      return { Addresses: list.filter((one) => 'PublicIp' in one) };
    },
    DescribeAddressesAttribute: (input) =>
      describeShelf(network, addresses, input, {
        list: 'Addresses',
        ids: 'AllocationIds',
        idOf: ({ AllocationId }) => AllocationId,
        filters: {},
        show: ({ AllocationId, PublicIp }) => ({ AllocationId, PublicIp }),
      }),
    ReleaseAddress: (input) => {
      const one = addresses.find(requireMember(input, 'AllocationId'));
      if (one.used !== undefined)
        throw new AwsError('InvalidIPAddress.InUse', `Address ${one.PublicIp} is in use.`);
      network.remove(addresses, one.AllocationId);
      return {};
    },
    AssociateAddress: (input) => {
      const address = addresses.find(requireMember(input, 'AllocationId'));
      const instanceId = readEc2Text(input, 'InstanceId');
      const wanted = readEc2Text(input, 'NetworkInterfaceId');
      const own = interfaces
        .values()
        .find(
          (one) =>
            one.NetworkInterfaceId === wanted ||
            (instanceId !== undefined && one.attached?.InstanceId === instanceId),
        );
      if (own === undefined)
        throw new AwsError(
          'InvalidInstanceID.NotFound',
          `The instance ID '${instanceId ?? wanted ?? ''}' does not exist`,
        );
      if (address.used !== undefined && input['AllowReassociation'] !== true)
        throw alreadyUsed(address);
      if (address.used !== undefined) freePublicly(network, address);
      return { AssociationId: usePublicly(address, own) };
    },
    DisassociateAddress: (input) => {
      const id = requireMember(input, 'AssociationId');
      const address = addresses.values().find(({ used }) => used?.AssociationId === id);
      if (address === undefined)
        throw new AwsError(
          'InvalidAssociationID.NotFound',
          `The association ID '${id}' does not exist`,
        );
      freePublicly(network, address);
      return {};
    },
  };
}

function alreadyUsed({ AllocationId }: Address): AwsError {
  return new AwsError(
    'Resource.AlreadyAssociated',
    `resource ${AllocationId} is already associated with associate-id`,
  );
}

type OwnInterface = ReturnType<typeof createInterface>;

function usePublicly(address: Address, own: OwnInterface): string {
  const AssociationId = makeEc2Id('eipassoc');
  address.used = {
    AssociationId,
    NetworkInterfaceId: own.NetworkInterfaceId,
    PrivateIpAddress: own.PrivateIpAddress,
    InstanceId: own.attached?.InstanceId,
  };
  own.publicIp = address.PublicIp;
  return AssociationId;
}

function freePublicly({ interfaces }: Ec2Network, address: Address): void {
  const id = address.used?.NetworkInterfaceId ?? '';
  if (interfaces.has(id)) interfaces.find(id).publicIp = undefined;
  address.used = undefined;
}

/** How long a deleted one is still told, as on AWS. */
const DELETED_KEEP_MS = 3_600_000;

export function natGatewayActions(network: Ec2Network): Record<string, ActionHandler> {
  const { natGateways, addresses } = network;
  const show = (one: NatGateway): object => {
    const { allocationId, publicIp, interfaceId, privateIp, ...told } = one;
    return {
      ...told,
      NatGatewayAddresses: [
        {
          AllocationId: allocationId,
          PublicIp: publicIp,
          NetworkInterfaceId: interfaceId,
          PrivateIp: privateIp,
          IsPrimary: true,
          Status: one.State === 'available' ? 'succeeded' : 'failed',
        },
      ],
      Tags: network.listTags(one.NatGatewayId),
    };
  };
  return {
    CreateNatGateway: (input) => {
      const made = createNatGateway(network, input);
      return { NatGateway: { ...show(made), State: 'pending' } };
    },
    DescribeNatGateways: (input) => {
      for (const { NatGatewayId, State, DeleteTime } of natGateways.values())
        if (State === 'deleted' && network.nowMs() - Date.parse(DeleteTime ?? '') > DELETED_KEEP_MS)
          network.remove(natGateways, NatGatewayId);
      return describeShelf(network, natGateways, input, {
        list: 'NatGateways',
        ids: 'NatGatewayIds',
        filtersIn: 'Filter',
        idOf: ({ NatGatewayId }) => NatGatewayId,
        filters: {
          'nat-gateway-id': ({ NatGatewayId }) => NatGatewayId,
          state: ({ State }) => State,
          'subnet-id': ({ SubnetId }) => SubnetId,
          'vpc-id': ({ VpcId }) => VpcId,
        },
        show,
      });
    },
    DeleteNatGateway: (input) => {
      const gateway = findNatGateway(network, requireMember(input, 'NatGatewayId'));
      gateway.State = 'deleted';
      gateway.DeleteTime = network.now();
      if (gateway.allocationId !== undefined && addresses.has(gateway.allocationId))
        freePublicly(network, addresses.find(gateway.allocationId));
      if (gateway.interfaceId !== undefined) deleteInterface(network, gateway.interfaceId);
      return { NatGatewayId: gateway.NatGatewayId };
    },
  };
}

/** @throws AwsError for one that is gone, too */
export function findNatGateway({ natGateways }: Ec2Network, id: string): NatGateway {
  const found = natGateways.values().find((one) => one.NatGatewayId === id);
  if (found !== undefined && found.State !== 'deleted') return found;
  throw new AwsError('NatGatewayNotFound', `NAT gateway ${id} was not found`);
}

function createNatGateway(network: Ec2Network, input: AwsInput): NatGateway {
  const tags = readTagSpecifications(input, ['natgateway']);
  const subnet = network.subnets.find(requireMember(input, 'SubnetId'));
  const ConnectivityType = readEc2Text(input, 'ConnectivityType') ?? 'public';
  const address =
    ConnectivityType === 'public'
      ? network.addresses.find(requireMember(input, 'AllocationId'))
      : undefined;
  if (address?.used !== undefined) throw alreadyUsed(address);
  const hasWay = address === undefined || findGateway(network, subnet.VpcId) !== undefined;
  const own = hasWay
    ? createInterface(network, subnet, {
        Description: 'Interface for NAT Gateway',
        InterfaceType: 'nat_gateway',
        attached: { DeviceIndex: 1 },
      })
    : undefined;
  if (address !== undefined && own !== undefined) usePublicly(address, own);
  const made = network.natGateways.add((NatGatewayId) => ({
    NatGatewayId,
    VpcId: subnet.VpcId,
    SubnetId: subnet.SubnetId,
    ConnectivityType,
    CreateTime: network.now(),
    allocationId: address?.AllocationId,
    publicIp: own && address?.PublicIp,
    interfaceId: own?.NetworkInterfaceId,
    privateIp: own?.PrivateIpAddress,
    ...(hasWay
      ? { State: 'available' as const }
      : {
          State: 'failed' as const,
          FailureCode: 'Gateway.NotAttached',
          FailureMessage: `Network ${subnet.VpcId} has no Internet gateway attached`,
        }),
  }));
  network.setTags(made.NatGatewayId, tags('natgateway'));
  return made;
}
