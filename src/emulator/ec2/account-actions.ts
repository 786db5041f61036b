/**
 * What EC2 tells of an account and of parts of a network that the emulator has one form of: default
 * network ACLs, and no VPN gateways.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html
 */
import { type ActionHandler, AwsError } from '../service.ts';
import { cutEc2Page, parseFilters, readEc2Texts } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { Vpc } from './shapes.ts';

export function accountActions(network: Ec2Network): Record<string, ActionHandler> {
  const aclOf = ({ VpcId }: Vpc): string => `acl-${VpcId.slice('vpc-'.length)}`;
  return {
    DescribeAccountAttributes: (input) => {
      const own = network.vpcs.values().find(({ IsDefault }) => IsDefault)?.VpcId;
      const all: Readonly<Record<string, string>> = {
        'default-vpc': own ?? 'none',
        'max-elastic-ips': String(network.addresses.kind.max),
        'max-instances': '20000',
        'supported-platforms': 'VPC',
        'vpc-max-elastic-ips': String(network.addresses.kind.max),
        'vpc-max-security-groups-per-interface': '5',
      };
      const names = readEc2Texts(input, 'AttributeNames');
      for (const name of names)
        if (!Object.hasOwn(all, name))
          throw new AwsError('InvalidParameterValue', `Value (${name}) for attribute is invalid.`);
      return {
        AccountAttributes: Object.entries(all)
          .filter(([name]) => names.length === 0 || names.includes(name))
          .map(([AttributeName, AttributeValue]) => ({
            AttributeName,
            AttributeValues: [{ AttributeValue }],
          })),
      };
    },
    DescribeNetworkAcls: (input) => {
      const ids = readEc2Texts(input, 'NetworkAclIds');
      const fits = parseFilters<Vpc>(input['Filters'], {
        default: () => true,
        'network-acl-id': aclOf,
        'vpc-id': ({ VpcId }) => VpcId,
      });
      const found = network.vpcs
        .values()
        .filter((vpc) => (ids.length === 0 || ids.includes(aclOf(vpc))) && fits(vpc));
      const { page, ...more } = cutEc2Page(found, input, 'NetworkAcls');
      return {
        NetworkAcls: page.map((vpc) => ({
          NetworkAclId: aclOf(vpc),
          VpcId: vpc.VpcId,
          IsDefault: true,
          OwnerId: network.place.accountId,
          Associations: [],
          Entries: [false, true].map((Egress) => ({
            CidrBlock: '0.0.0.0/0',
            Egress,
            Protocol: '-1',
            RuleAction: 'allow',
            RuleNumber: 100,
          })),
          Tags: [],
        })),
        ...more,
      };
    },
    DescribeVpnGateways: () => ({ VpnGateways: [] }),
  };
}
