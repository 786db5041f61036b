/**
 * What discovery keeps of an EC2 instance: that of which labels and the address are made, a small
 * part of AWS's answer. Pure.
 */
import type { Instance } from '@aws-sdk/client-ec2';

export interface InterfaceFacts {
  readonly subnetId: string;
  readonly deviceIndex: number;
  readonly ipv6Addresses: readonly { readonly address: string; readonly isPrimary: boolean }[];
}

/** A text that AWS left out is empty here, as labels have it. */
export interface InstanceFacts {
  readonly id: string;
  readonly ownerId: string;
  readonly imageId: string;
  readonly architecture: string;
  readonly zone: string;
  readonly state: string;
  readonly type: string;
  readonly lifecycle: string;
  readonly platform: string;
  readonly privateIp: string;
  readonly privateDnsName: string;
  readonly publicIp: string;
  readonly publicDnsName: string;
  readonly vpcId: string;
  readonly subnetId: string;
  /** Those in a subnet, in AWS's order. */
  readonly interfaces: readonly InterfaceFacts[];
  readonly tags: readonly {
    readonly key?: string | undefined;
    readonly value?: string | undefined;
  }[];
}

/** @throws Error for an instance without an id: it cannot be told from others */
export function pickInstanceFacts(instance: Instance, ownerId = ''): InstanceFacts {
  const { InstanceId: id, NetworkInterfaces = [], Tags = [] } = instance;
  if (typeof id !== 'string' || id === '')
    throw new Error('ec2:DescribeInstances: the answer holds an instance without an id');
  return {
    id,
    ownerId,
    imageId: instance.ImageId ?? '',
    architecture: instance.Architecture ?? '',
    zone: instance.Placement?.AvailabilityZone ?? '',
    state: instance.State?.Name ?? '',
    type: instance.InstanceType ?? '',
    lifecycle: instance.InstanceLifecycle ?? '',
    platform: instance.Platform ?? '',
    privateIp: instance.PrivateIpAddress ?? '',
    privateDnsName: instance.PrivateDnsName ?? '',
    publicIp: instance.PublicIpAddress ?? '',
    publicDnsName: instance.PublicDnsName ?? '',
    vpcId: instance.VpcId ?? '',
    subnetId: instance.SubnetId ?? '',
    interfaces: NetworkInterfaces.flatMap(({ SubnetId = '', Attachment, Ipv6Addresses = [] }) =>
      SubnetId === ''
        ? []
        : [
            {
              subnetId: SubnetId,
              deviceIndex: Attachment?.DeviceIndex ?? 0,
              ipv6Addresses: Ipv6Addresses.flatMap(({ Ipv6Address: address, IsPrimaryIpv6 }) =>
                address === undefined ? [] : [{ address, isPrimary: IsPrimaryIpv6 === true }],
              ),
            },
          ],
    ),
    tags: Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
  };
}
