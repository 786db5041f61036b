/**
 * EC2's DescribeNetworkInterfaces for the interfaces of emulated tasks, by their ids. As on AWS, an
 * unknown or malformed id fails the whole request. Filters are refused, not ignored.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
 */
import { cutEc2Page, type Ec2Answer, readFormList } from './ec2/answers.ts';
import type { TaskInterface } from './ecs/task-network.ts';
import { refuseUnknownParameters } from './members.ts';
import { AwsError } from './service.ts';
import { escapeXml } from './xml.ts';

/** @throws AwsError */
export function describeNetworkInterfaces(
  form: URLSearchParams,
  interfaces: ReadonlyMap<string, TaskInterface>,
  pageMax?: number,
): Ec2Answer {
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
  const all = [...interfaces.values()].filter(
    ({ networkInterfaceId }) => ids.length === 0 || ids.includes(networkInterfaceId),
  );
  const { page, nextToken } = cutEc2Page(all, form, 'interfaces', pageMax);
  const items = page.map(renderInterface);
  return { content: `<networkInterfaceSet>${items.join('')}</networkInterfaceSet>`, nextToken };
}

function renderInterface(own: TaskInterface): string {
  const address = escapeXml(own.privateAddress);
  const addresses = own.privateAddress.includes(':')
    ? `<ipv6AddressesSet><item><ipv6Address>${address}</ipv6Address></item></ipv6AddressesSet>`
    : `<privateIpAddress>${address}</privateIpAddress>`;
  const association =
    own.publicAddress === undefined
      ? ''
      : `<association><publicIp>${escapeXml(own.publicAddress)}</publicIp>` +
        '<ipOwnerId>amazon</ipOwnerId></association>';
  return (
    `<item><networkInterfaceId>${own.networkInterfaceId}</networkInterfaceId>` +
    `<subnetId>${own.subnetId}</subnetId>` +
    `<availabilityZone>${own.availabilityZone}</availabilityZone>` +
    `<status>in-use</status>${addresses}${association}</item>`
  );
}
