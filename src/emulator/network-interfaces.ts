/**
 * EC2's DescribeNetworkInterfaces for the interfaces of emulated tasks, by their ids: unknown and
 * malformed ones are errors for the whole request, as on AWS. Filters are refused, not ignored.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
 */
import { escape, readFormList } from './ec2.ts';
import type { TaskInterface } from './ecs/state.ts';
import { refuseUnknownParameters } from './members.ts';
import { AwsError } from './service.ts';

const PAGE_MIN = 5;
const PAGE_MAX = 1_000;

/** The answer's XML. @throws AwsError */
export function describeNetworkInterfaces(
  form: URLSearchParams,
  interfaces: ReadonlyMap<string, TaskInterface>,
): string {
  refuseUnknownParameters(form, ['NetworkInterfaceId.N', 'MaxResults', 'NextToken']);
  const ids = readFormList(form, 'NetworkInterfaceId.');
  for (const id of ids) {
    if (!/^eni-[0-9a-f]{8,17}$/.test(id))
      throw new AwsError('InvalidNetworkInterfaceID.Malformed', `Invalid id: "${id}"`);
    if (!interfaces.has(id))
      throw new AwsError(
        'InvalidNetworkInterfaceID.NotFound',
        `The networkInterface ID '${id}' does not exist`,
      );
  }
  const token = form.get('NextToken') ?? '0';
  if (!/^\d{1,9}$/.test(token))
    throw new AwsError('InvalidNextToken', 'The token is not one that was given out.');
  const start = Number(token);
  const most = Number(form.get('MaxResults') ?? PAGE_MAX);
  if (!(most >= PAGE_MIN && most <= PAGE_MAX))
    throw new AwsError(
      'InvalidParameterValue',
      `MaxResults ${form.get('MaxResults')} is not from ${PAGE_MIN} to ${PAGE_MAX}`,
    );
  const all = [...interfaces.values()].filter(
    ({ networkInterfaceId }) => ids.length === 0 || ids.includes(networkInterfaceId),
  );
  const next = start + most < all.length ? `<nextToken>${start + most}</nextToken>` : '';
  const items = all.slice(start, start + most).map(renderInterface);
  return `<?xml version="1.0" encoding="UTF-8"?>
<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>00000000-0000-0000-0000-000000000000</requestId><networkInterfaceSet>${items.join('')}</networkInterfaceSet>${next}</DescribeNetworkInterfacesResponse>`;
}

function renderInterface(one: TaskInterface): string {
  const address = escape(one.privateAddress);
  const own = one.privateAddress.includes(':')
    ? `<ipv6AddressesSet><item><ipv6Address>${address}</ipv6Address></item></ipv6AddressesSet>`
    : `<privateIpAddress>${address}</privateIpAddress>`;
  const association =
    one.publicAddress === undefined
      ? ''
      : `<association><publicIp>${escape(one.publicAddress)}</publicIp><ipOwnerId>amazon</ipOwnerId></association>`;
  return `<item><networkInterfaceId>${one.networkInterfaceId}</networkInterfaceId><subnetId>${one.subnetId}</subnetId><availabilityZone>${one.availabilityZone}</availabilityZone><status>in-use</status>${own}${association}</item>`;
}
