/**
 * The target that Prometheus makes of an EC2 instance (`ec2_sd_configs`, `aws_sd_configs` with the
 * role ec2): one at one port, whatever the state of the instance, at its private address. Pure.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/ec2.go
 */
import {
  dropEmptyLabels,
  joinHostPort,
  type Labels,
  makeTagLabels,
  prefixLabelNames,
} from '../labels.ts';
import type { InstanceFacts } from './facts.ts';

export type InstanceVerdict =
  | { readonly target: Labels; readonly words: string }
  | { readonly reason: 'no_address'; readonly words: string };

export interface InstancePlace {
  readonly region: string;
  /** The id of the instance's zone; undefined where it is not known. */
  readonly zoneId: string | undefined;
  readonly port: number;
}

/** The highest device index that counts: no instance has so many interfaces. */
const DEVICE_MAX = 255;

export function judgeInstance(facts: InstanceFacts, place: InstancePlace): InstanceVerdict {
  const { primary, all } = findIpv6(facts);
  const ipv6 = [...primary, ...all].find((address) => address !== '') ?? '';
  const host = facts.privateIp || ipv6;
  if (host === '')
    return {
      reason: 'no_address',
      words: `the instance has no private address${facts.state === '' ? '' : ` (${facts.state})`}`,
    };
  const target = {
    __address__: joinHostPort(host, place.port),
    ...dropEmptyLabels(makeInstanceLabels(facts, place)),
    ...dropEmptyLabels({
      __meta_ec2_default_ipv6_address: ipv6,
      __meta_ec2_ipv6_addresses: enclose(all),
      __meta_ec2_primary_ipv6_addresses: enclose(primary),
    }),
  };
  const how = host === facts.privateIp ? 'the private address' : 'an IPv6 address';
  return { target, words: `${how} of the instance, port ${place.port}` };
}

function makeInstanceLabels(facts: InstanceFacts, { region, zoneId = '' }: InstancePlace): Labels {
  const isInVpc = facts.vpcId !== '';
  return {
    __meta_ec2_ami: facts.imageId,
    __meta_ec2_architecture: facts.architecture,
    __meta_ec2_availability_zone: facts.zone,
    __meta_ec2_availability_zone_id: zoneId,
    __meta_ec2_instance_id: facts.id,
    __meta_ec2_instance_lifecycle: facts.lifecycle,
    __meta_ec2_instance_state: facts.state,
    __meta_ec2_instance_type: facts.type,
    __meta_ec2_owner_id: facts.ownerId,
    __meta_ec2_platform: facts.platform,
    __meta_ec2_primary_subnet_id: isInVpc ? facts.subnetId : '',
    __meta_ec2_private_dns_name: facts.privateDnsName,
    __meta_ec2_private_ip: facts.privateIp,
    __meta_ec2_public_dns_name: facts.publicIp === '' ? '' : facts.publicDnsName,
    __meta_ec2_public_ip: facts.publicIp,
    __meta_ec2_region: region,
    // Also without a subnet there is a text, of the two commas alone.
    __meta_ec2_subnet_id: isInVpc
      ? `,${[...new Set(facts.interfaces.map(({ subnetId }) => subnetId))].join(',')},`
      : '',
    __meta_ec2_vpc_id: facts.vpcId,
    ...prefixLabelNames('__meta_ec2_tag_', makeTagLabels(facts.tags)),
  };
}

/**
 * The IPv6 addresses of an instance in a VPC: the primary ones at the place of their device index,
 * with empty texts at the places between, and all of them in order.
 */
function findIpv6({ vpcId, interfaces }: InstanceFacts): { primary: string[]; all: string[] } {
  const primary: string[] = [];
  const all: string[] = [];
  if (vpcId === '') return { primary, all };
  for (const { deviceIndex, ipv6Addresses } of interfaces)
    for (const { address, isPrimary } of ipv6Addresses) {
      all.push(address);
      if (!isPrimary || !(deviceIndex >= 0 && deviceIndex <= DEVICE_MAX)) continue;
      while (primary.length <= deviceIndex) primary.push('');
      primary[deviceIndex] = address;
    }
  return { primary, all };
}

function enclose(addresses: readonly string[]): string {
  return addresses.length === 0 ? '' : `,${addresses.join(',')},`;
}
