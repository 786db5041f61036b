/**
 * The rules of security groups in both of EC2's forms: IpPermissions, each with many ranges and
 * groups, and one rule a range or group, which has an id. Pure.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
 */
import { AwsError, type AwsInput } from '../service.ts';
import { formatCidr, parseCidr } from './cidr.ts';
import type { SecurityGroupRule } from './shapes.ts';

/** A rule without its id and group. */
export type RuleContent = Omit<SecurityGroupRule, 'GroupId' | 'IsEgress' | 'SecurityGroupRuleId'>;

const PROTOCOLS: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };
const PORT_MAX = 65_535;

/** The rules of an input, which names them in one of three ways. @throws AwsError */
export function readRules(input: AwsInput): RuleContent[] {
  const permissions = input['IpPermissions'] as readonly AwsInput[] | undefined;
  const rules = permissions ?? [pickPermission(input)];
  return rules.flatMap(splitPermission);
}

/** The rule of an input that has one range at its top. */
function pickPermission({ IpProtocol, FromPort, ToPort, CidrIp }: AwsInput): AwsInput {
  if (IpProtocol === undefined)
    throw new AwsError('MissingParameter', 'The request must contain the parameter IpPermissions');
  return { IpProtocol, FromPort, ToPort, IpRanges: CidrIp === undefined ? [] : [{ CidrIp }] };
}

function splitPermission(permission: AwsInput): RuleContent[] {
  const ports = readPorts(permission);
  const list = (name: string): readonly AwsInput[] => (permission[name] ?? []) as AwsInput[];
  const describe = ({ Description }: AwsInput): { Description?: string } =>
    Description === undefined ? {} : { Description: checkDescription(String(Description)) };
  const rules: RuleContent[] = [
    ...list('IpRanges').map((one) => ({
      ...ports,
      CidrIpv4: readRange(String(one['CidrIp'] ?? '')),
      ...describe(one),
    })),
    ...list('Ipv6Ranges').map((one) => ({
      ...ports,
      CidrIpv6: String(one['CidrIpv6'] ?? ''),
      ...describe(one),
    })),
    ...list('PrefixListIds').map((one) => ({
      ...ports,
      PrefixListId: String(one['PrefixListId'] ?? ''),
      ...describe(one),
    })),
    ...list('UserIdGroupPairs').map((one) => ({
      ...ports,
      referenced: String(one['GroupId'] ?? ''),
      ...describe(one),
    })),
  ];
  if (rules.length > 0) return rules;
  throw new AwsError(
    'InvalidParameterValue',
    'A rule needs a range of addresses, a prefix list or a group',
  );
}

function readPorts(permission: AwsInput): {
  readonly IpProtocol: string;
  readonly FromPort: number;
  readonly ToPort: number;
} {
  const { IpProtocol: given, FromPort, ToPort } = permission;
  const IpProtocol = PROTOCOLS[String(given)] ?? String(given);
  if (IpProtocol === '-1') return { IpProtocol, FromPort: -1, ToPort: -1 };
  if (IpProtocol.startsWith('icmp') || /^\d{1,3}$/.test(IpProtocol))
    return { IpProtocol, FromPort: Number(FromPort ?? -1), ToPort: Number(ToPort ?? -1) };
  if (IpProtocol !== 'tcp' && IpProtocol !== 'udp')
    throw new AwsError(
      'InvalidPermission.Malformed',
      `Invalid value '${IpProtocol}' for IP protocol. Unknown protocol.`,
    );
  if (FromPort === undefined || ToPort === undefined)
    throw new AwsError(
      'InvalidParameterValue',
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    );
  const [from, to] = [Number(FromPort), Number(ToPort)];
  if (from < 0 || to > PORT_MAX || from > to)
    throw new AwsError(
      'InvalidParameterValue',
      `Invalid value '${from}-${to}' for portRange. Ports are from 0 to ${PORT_MAX}.`,
    );
  return { IpProtocol, FromPort: from, ToPort: to };
}

/** As AWS does, it takes a range whose first address is not that of the block. */
function readRange(text: string): string {
  const cidr = parseCidr(text);
  if (cidr !== undefined) return formatCidr(cidr);
  throw new AwsError('InvalidParameterValue', `CIDR block ${text} is malformed`);
}

function checkDescription(text: string): string {
  if (/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(text)) return text;
  throw new AwsError(
    'InvalidParameterValue',
    'Invalid rule description. Valid descriptions are strings less than 256 characters from the ' +
      'following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
  );
}

/** What two rules must share to be the same one: all but the description. */
export function permissionKeyOf(rule: RuleContent): string {
  const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, referenced } = rule;
  return [IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, referenced].join(' ');
}

/** In the words of AWS's refusals. */
export function tellRule({ IpProtocol, FromPort, ToPort, ...rule }: RuleContent): string {
  const peer = rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? rule.referenced ?? '';
  const all = `"peer: ${peer}, ALL, ALLOW"`;
  if (IpProtocol === '-1') return all;
  return (
    `"peer: ${peer}, ${IpProtocol.toUpperCase()}, from port: ${FromPort}, to port: ${ToPort}, ` +
    'ALLOW"'
  );
}

/** The rules as IpPermissions: those of one protocol and ports are joined. */
export function joinPermissions(rules: readonly SecurityGroupRule[], accountId: string): object[] {
  const byPorts = new Map<string, SecurityGroupRule[]>();
  for (const rule of rules) {
    const key = [rule.IpProtocol, rule.FromPort, rule.ToPort].join(' ');
    byPorts.set(key, [...(byPorts.get(key) ?? []), rule]);
  }
  return [...byPorts.values()].map((alike) => {
    const [first] = alike;
    const { IpProtocol = '', FromPort, ToPort } = first ?? {};
    return {
      IpProtocol,
      ...(IpProtocol === '-1' ? {} : { FromPort, ToPort }),
      IpRanges: alike.flatMap(({ CidrIpv4: CidrIp, Description }) =>
        CidrIp === undefined ? [] : [{ CidrIp, Description }],
      ),
      Ipv6Ranges: alike.flatMap(({ CidrIpv6, Description }) =>
        CidrIpv6 === undefined ? [] : [{ CidrIpv6, Description }],
      ),
      PrefixListIds: alike.flatMap(({ PrefixListId, Description }) =>
        PrefixListId === undefined ? [] : [{ PrefixListId, Description }],
      ),
      UserIdGroupPairs: alike.flatMap(({ referenced: GroupId, Description }) =>
        GroupId === undefined ? [] : [{ GroupId, UserId: accountId, Description }],
      ),
    };
  });
}
