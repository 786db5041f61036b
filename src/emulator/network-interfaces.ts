/**
 * EC2's DescribeNetworkInterfaces for the interfaces of emulated tasks, by their ids. As on AWS, an
 * unknown or malformed id fails the whole request. Filters are refused, not ignored.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
 */
import { escape, readFormList, renderAnswer } from './ec2.ts';
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
  return renderAnswer(
    'DescribeNetworkInterfaces',
    `<networkInterfaceSet>${items.join('')}</networkInterfaceSet>${next}`,
  );
}

function renderInterface(own: TaskInterface): string {
  const address = escape(own.privateAddress);
  const addresses = own.privateAddress.includes(':')
    ? `<ipv6AddressesSet><item><ipv6Address>${address}</ipv6Address></item></ipv6AddressesSet>`
    : `<privateIpAddress>${address}</privateIpAddress>`;
  const association =
    own.publicAddress === undefined
      ? ''
      : `<association><publicIp>${escape(own.publicAddress)}</publicIp>` +
        '<ipOwnerId>amazon</ipOwnerId></association>';
  return (
    `<item><networkInterfaceId>${own.networkInterfaceId}</networkInterfaceId>` +
    `<subnetId>${own.subnetId}</subnetId>` +
    `<availabilityZone>${own.availabilityZone}</availabilityZone>` +
    `<status>in-use</status>${addresses}${association}</item>`
  );
}
