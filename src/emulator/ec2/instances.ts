/**
 * EC2's DescribeInstances: list pages, filters, and errors for unknown and malformed ids
 * (network-interfaces.ts has the interfaces of tasks).
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
import { refuseUnknownParameters } from '../members.ts';
import { AwsError } from '../service.ts';
import { element } from '../xml.ts';
import {
  cutEc2Page,
  type Ec2Answer,
  type FilterReader,
  parseFilters,
  readFormList,
} from './answers.ts';
import { type Ec2Instance, type Ec2Interface, type Ec2State, stateCodeOf } from './state.ts';

const PARAMETERS = ['InstanceId.N', 'Filter.N.Name', 'Filter.N.Value.N', 'MaxResults', 'NextToken'];
const OWNER = '000000000000';

/** @throws AwsError */
export function describeInstances(
  form: URLSearchParams,
  state: Ec2State,
  pageMax?: number,
): Ec2Answer {
  refuseUnknownParameters(form, PARAMETERS);
  const ids = readFormList(form, 'InstanceId.');
  for (const id of ids) state.find(id);
  if (ids.length > 0 && form.has('MaxResults'))
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  const fits = parseFilters(form, findReader);
  const all = [...state.instances.values()].filter(
    (instance) => (ids.length === 0 || ids.includes(instance.instanceId)) && fits(instance),
  );
  const { page, nextToken } = cutEc2Page(all, form, 'instances', pageMax);
  const items = page.map((instance) => renderReservation(instance, state.region));
  return { content: `<reservationSet>${items.join('')}</reservationSet>`, nextToken };
}

const FILTERS: Readonly<Record<string, FilterReader<Ec2Instance>>> = {
  architecture: ({ architecture }) => architecture,
  'availability-zone': ({ availabilityZone }) => availabilityZone,
  'image-id': ({ imageId }) => imageId,
  'instance-id': ({ instanceId }) => instanceId,
  'instance-lifecycle': ({ lifecycle }) => lifecycle,
  'instance-state-code': ({ state }) => String(stateCodeOf(state)),
  'instance-state-name': ({ state }) => state,
  'instance-type': ({ instanceType }) => instanceType,
  'ip-address': ({ publicIpAddress }) => publicIpAddress,
  'network-interface.subnet-id': ({ interfaces }) =>
    interfaces.flatMap(({ subnetId }) => subnetId ?? []),
  'owner-id': () => OWNER,
  platform: ({ platform }) => platform,
  'private-ip-address': ({ privateIpAddress }) => privateIpAddress,
  'subnet-id': ({ subnetId }) => subnetId,
  'tag-key': ({ tags }) => Object.keys(tags),
  'tag-value': ({ tags }) => Object.values(tags),
  'vpc-id': ({ vpcId }) => vpcId,
};

function findReader(name: string): FilterReader<Ec2Instance> | undefined {
  if (!name.startsWith('tag:')) return Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  const key = name.slice('tag:'.length);
  return ({ tags }) => (Object.hasOwn(tags, key) ? tags[key] : undefined);
}

function renderReservation(instance: Ec2Instance, region: string): string {
  const { instanceId, state, privateIpAddress, publicIpAddress, tags, interfaces } = instance;
  const tagItems = Object.entries(tags).map(
    ([key, value]) => `<item>${element('key', key)}${element('value', value)}</item>`,
  );
  return (
    `<item>${element('reservationId', `r-${instanceId.slice('i-'.length)}`)}` +
    `${element('ownerId', OWNER)}<groupSet/><instancesSet><item>` +
    element('instanceId', instanceId) +
    element('imageId', instance.imageId) +
    `<instanceState>${element('code', stateCodeOf(state))}${element('name', state)}` +
    '</instanceState>' +
    element('privateDnsName', namePrivately(privateIpAddress, region)) +
    element('dnsName', namePublicly(publicIpAddress, region)) +
    element('instanceType', instance.instanceType) +
    `<placement>${element('availabilityZone', instance.availabilityZone)}` +
    `${element('tenancy', 'default')}</placement>` +
    element('platform', instance.platform) +
    element('subnetId', instance.subnetId) +
    element('vpcId', instance.vpcId) +
    element('privateIpAddress', privateIpAddress) +
    element('ipAddress', publicIpAddress) +
    element('architecture', instance.architecture) +
    element('instanceLifecycle', instance.lifecycle) +
    `<networkInterfaceSet>${interfaces.map(renderInterface).join('')}</networkInterfaceSet>` +
    `<tagSet>${tagItems.join('')}</tagSet></item></instancesSet></item>`
  );
}

function renderInterface(own: Ec2Interface): string {
  const { subnetId, deviceIndex, ipv6Addresses, primaryIpv6Address } = own;
  const addresses = ipv6Addresses.map(
    (address) =>
      `<item>${element('ipv6Address', address)}` +
      `${element('isPrimaryIpv6', address === primaryIpv6Address)}</item>`,
  );
  return (
    `<item>${element('subnetId', subnetId)}<attachment>${element('deviceIndex', deviceIndex)}` +
    `${element('status', 'attached')}</attachment>` +
    `<ipv6AddressesSet>${addresses.join('')}</ipv6AddressesSet></item>`
  );
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
