/**
 * Prometheus' own cases of its EC2 discovery, with the labels that it expects, and what its cases
 * leave out. An empty label is the same as none, in Prometheus too.
 * Source:
 * https://github.com/prometheus/prometheus/blob/d15adb9ad7e5d9fbde3a9a8f30200593a5a14d86/discovery/aws/ec2_test.go
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '@aws-sdk/client-ec2';
import { pickInstanceFacts } from './facts.ts';
import { type InstanceVerdict, judgeInstance } from './targets.ts';

const ZONES: Readonly<Record<string, string>> = {
  'azname-a': 'azid-1',
  'azname-b': 'azid-2',
  'azname-c': 'azid-3',
};

/** What AWS's type has as a set of names, Prometheus' cases have as any text. */
type Given = Omit<Partial<Instance>, 'State'> & Readonly<Record<string, unknown>>;

function judge(instance: Given, region: string, owner?: string): InstanceVerdict {
  const facts = pickInstanceFacts(instance, owner);
  return judgeInstance(facts, { region, zoneId: ZONES[facts.zone], port: 4242 });
}

/** The labels of the target, without what they begin with. */
function labelsOf(verdict: InstanceVerdict): Record<string, string> | undefined {
  if (!('target' in verdict)) return undefined;
  return Object.fromEntries(
    Object.entries(verdict.target).map(([name, value]) => [
      name.replace(/^__meta_ec2_|^__(?=address)|(?<=address)__$/g, ''),
      value,
    ]),
  );
}

test('NoPrivateIpOrIpv6: no target', () => {
  const verdict = judge({ InstanceId: 'instance-id-noprivateip' }, 'region-noprivateip');
  assert.deepEqual(verdict, {
    reason: 'no_address',
    words: 'the instance has no private address',
  });
});

test('NoVpc: every label of an instance outside a VPC, and tags with a key and a value', () => {
  const instance: Given = {
    Architecture: 'architecture-novpc' as never,
    ImageId: 'ami-novpc',
    InstanceId: 'instance-id-novpc',
    InstanceLifecycle: 'instance-lifecycle-novpc' as never,
    InstanceType: 'instance-type-novpc' as never,
    Placement: { AvailabilityZone: 'azname-b' },
    Platform: 'platform-novpc' as never,
    PrivateDnsName: 'private-dns-novpc',
    PrivateIpAddress: '1.2.3.4',
    PublicDnsName: 'public-dns-novpc',
    PublicIpAddress: '42.42.42.2',
    State: { Name: 'running' },
    Tags: [
      { Key: 'tag-1-key', Value: 'tag-1-value' },
      { Key: 'tag-2-key', Value: 'tag-2-value' },
      {},
      { Value: 'tag-4-value' },
      { Key: 'tag-5-key' },
    ],
  };
  assert.deepEqual(labelsOf(judge(instance, 'region-novpc', 'owner-id-novpc')), {
    address: '1.2.3.4:4242',
    ami: 'ami-novpc',
    architecture: 'architecture-novpc',
    availability_zone: 'azname-b',
    availability_zone_id: 'azid-2',
    instance_id: 'instance-id-novpc',
    instance_lifecycle: 'instance-lifecycle-novpc',
    instance_type: 'instance-type-novpc',
    instance_state: 'running',
    owner_id: 'owner-id-novpc',
    platform: 'platform-novpc',
    private_dns_name: 'private-dns-novpc',
    private_ip: '1.2.3.4',
    public_dns_name: 'public-dns-novpc',
    public_ip: '42.42.42.2',
    region: 'region-novpc',
    tag_tag_1_key: 'tag-1-value',
    tag_tag_2_key: 'tag-2-value',
  });
});

const running = (of: string, zone: string, subnet: string): Given => ({
  ImageId: `ami-${of}`,
  InstanceId: `instance-id-${of}`,
  InstanceType: `instance-type-${of}` as never,
  Placement: { AvailabilityZone: zone },
  State: { Name: 'running' },
  SubnetId: subnet,
  VpcId: `vpc-${of}`,
});

const labelsOfRunning = (of: string, zone: string, subnet: string): Record<string, string> => ({
  ami: `ami-${of}`,
  availability_zone: zone,
  availability_zone_id: ZONES[zone] ?? '',
  instance_id: `instance-id-${of}`,
  instance_state: 'running',
  instance_type: `instance-type-${of}`,
  primary_subnet_id: subnet,
  region: `region-${of}`,
  vpc_id: `vpc-${of}`,
});

test('Ipv4: subnets in order, each once; an interface without a subnet is left out', () => {
  const instance: Given = {
    ...running('ipv4', 'azname-c', 'azid-3'),
    PrivateIpAddress: '5.6.7.8',
    NetworkInterfaces: [
      { Ipv6Addresses: [{ Ipv6Address: '2001:db8:1::1', IsPrimaryIpv6: true }] },
      { Ipv6Addresses: [], SubnetId: 'azid-3' },
      { Ipv6Addresses: [], SubnetId: 'azid-1' },
    ],
  };
  assert.deepEqual(labelsOf(judge(instance, 'region-ipv4', '')), {
    ...labelsOfRunning('ipv4', 'azname-c', 'azid-3'),
    address: '5.6.7.8:4242',
    private_ip: '5.6.7.8',
    subnet_id: ',azid-3,azid-1,',
  });
});

test('Ipv6: primary addresses stand at the place of their device index', () => {
  const instance: Given = {
    ...running('ipv6', 'azname-b', 'azid-2'),
    PrivateIpAddress: '9.10.11.12',
    NetworkInterfaces: [
      {
        Attachment: { DeviceIndex: 3 },
        Ipv6Addresses: [{ Ipv6Address: '2001:db8:2::1:1', IsPrimaryIpv6: false }],
        SubnetId: 'azid-2',
      },
      {
        Attachment: { DeviceIndex: 1 },
        Ipv6Addresses: [
          { Ipv6Address: '2001:db8:2::2:1', IsPrimaryIpv6: false },
          { Ipv6Address: '2001:db8:2::2:2', IsPrimaryIpv6: true },
        ],
        SubnetId: 'azid-2',
      },
      {
        Attachment: { DeviceIndex: 3 },
        Ipv6Addresses: [{ Ipv6Address: '2001:db8:2::3:1', IsPrimaryIpv6: true }],
        SubnetId: 'azid-1',
      },
      { Attachment: { DeviceIndex: 0 }, Ipv6Addresses: [], SubnetId: 'azid-3' },
    ],
  };
  assert.deepEqual(labelsOf(judge(instance, 'region-ipv6')), {
    ...labelsOfRunning('ipv6', 'azname-b', 'azid-2'),
    address: '9.10.11.12:4242',
    ipv6_addresses: ',2001:db8:2::1:1,2001:db8:2::2:1,2001:db8:2::2:2,2001:db8:2::3:1,',
    default_ipv6_address: '2001:db8:2::2:2',
    primary_ipv6_addresses: ',,2001:db8:2::2:2,,2001:db8:2::3:1,',
    private_ip: '9.10.11.12',
    subnet_id: ',azid-2,azid-1,azid-3,',
  });
});

test('Ipv6-Only: the first address is the target, in brackets', () => {
  const instance: Given = {
    ...running('ipv6-only', 'azname-b', 'azid-2'),
    NetworkInterfaces: [
      {
        Attachment: { DeviceIndex: 0 },
        Ipv6Addresses: [{ Ipv6Address: '2001:db8:2::1:1', IsPrimaryIpv6: false }],
        SubnetId: 'azid-2',
      },
    ],
  };
  assert.deepEqual(labelsOf(judge(instance, 'region-ipv6-only')), {
    ...labelsOfRunning('ipv6-only', 'azname-b', 'azid-2'),
    address: '[2001:db8:2::1:1]:4242',
    ipv6_addresses: ',2001:db8:2::1:1,',
    default_ipv6_address: '2001:db8:2::1:1',
    subnet_id: ',azid-2,',
  });
});

test("what Prometheus' cases leave out", () => {
  const inVpc = { ...running('x', 'azname-a', 's'), PrivateIpAddress: '10.0.0.1' };
  const none = labelsOf(judge(inVpc, 'r'));
  assert.equal(none?.['subnet_id'], ',,', 'a VPC without interfaces');
  const stopped = labelsOf(judge({ ...inVpc, State: { Name: 'stopped' } }, 'r'));
  assert.equal(stopped?.['instance_state'], 'stopped', 'the state is a label alone');
  const unnamed = labelsOf(judge({ ...inVpc, PublicDnsName: 'd' }, 'r'));
  assert.equal(unnamed?.['public_dns_name'], undefined, 'the name goes with the address');
  const elsewhere = labelsOf(judge({ ...inVpc, Placement: { AvailabilityZone: 'azname-z' } }, 'r'));
  assert.equal(elsewhere?.['availability_zone_id'], undefined, 'a zone that is not known');
  const tags = [
    { Key: 'aws:autoscaling:groupName', Value: 'nodes' },
    { Key: 'a 😀', Value: 'b' },
  ];
  const tagged = labelsOf(judge({ ...inVpc, Tags: tags }, 'r'));
  assert.equal(tagged?.['tag_aws_autoscaling_groupName'], 'nodes');
  assert.equal(tagged?.['tag_a__'], 'b');
  const ended = judge({ InstanceId: 'i-1', State: { Name: 'terminated' } }, 'r');
  assert.equal(ended.words, 'the instance has no private address (terminated)');
});

test('a device index beyond all instances makes no list of that length', () => {
  const instance: Given = {
    ...running('x', 'azname-a', 's'),
    NetworkInterfaces: [
      {
        SubnetId: 's',
        Attachment: { DeviceIndex: 20_000 },
        Ipv6Addresses: [{ Ipv6Address: '2001:db8::1', IsPrimaryIpv6: true }],
      },
    ],
  };
  assert.equal(labelsOf(judge(instance, 'r'))?.['primary_ipv6_addresses'], undefined);
  assert.throws(() => judge({}, 'r'), /an instance without an id/);
});
