/** Rules of security groups as permissions, the form that the API of EC2 has for them. */
import type { AwsValue, Properties } from '../template.ts';
import { given, pick } from './calls.ts';

const SOURCES: Readonly<Record<string, (value: AwsValue, text: Properties) => Properties>> = {
  SourceSecurityGroupId: (GroupId, text) => ({ UserIdGroupPairs: [{ GroupId, ...text }] }),
  CidrIp: (CidrIp, text) => ({ IpRanges: [{ CidrIp, ...text }] }),
  CidrIpv6: (CidrIpv6, text) => ({ Ipv6Ranges: [{ CidrIpv6, ...text }] }),
  SourcePrefixListId: (PrefixListId, text) => ({ PrefixListIds: [{ PrefixListId, ...text }] }),
};
export const RULE_PROPERTIES = [
  'IpProtocol',
  'FromPort',
  'ToPort',
  'Description',
  ...Object.keys(SOURCES),
];

/** @throws Error for a property that has no place in a permission */
export function toPermission(rule: Properties): Properties {
  for (const key of Object.keys(rule))
    if (!RULE_PROPERTIES.includes(key))
      throw new Error(`no call of the AWS CLI for ${key} of a rule`);
  const text = given('Description', rule['Description']);
  const sources = Object.entries(SOURCES).flatMap(([key, make]) =>
    rule[key] === undefined ? [] : [make(rule[key], text)],
  );
  return Object.assign(pick(rule, ['IpProtocol', 'FromPort', 'ToPort']), ...sources) as Properties;
}
