/**
 * EC2's actions on security groups and their rules.
 * Limit: RULES_MAX rules of a group in each direction, as on AWS.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { readEc2Text, readEc2Texts, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import {
  joinPermissions,
  permissionKeyOf,
  readRules,
  type RuleContent,
  tellRule,
} from './permissions.ts';
import type { SecurityGroup, SecurityGroupRule } from './shapes.ts';

const RULES_MAX = 60;

export function securityGroupActions(network: Ec2Network): Record<string, ActionHandler> {
  const { groups, place } = network;
  const rulesOf = (id: string, isEgress: boolean): SecurityGroupRule[] =>
    listRules(network, id, isEgress);
  const show = (group: SecurityGroup): object => ({
    ...group,
    OwnerId: place.accountId,
    SecurityGroupArn: network.arn('security-group', group.GroupId),
    IpPermissions: joinPermissions(rulesOf(group.GroupId, false), place.accountId),
    IpPermissionsEgress: joinPermissions(rulesOf(group.GroupId, true), place.accountId),
    Tags: network.listTags(group.GroupId),
  });
  const ranges = (isEgress: boolean, name: keyof SecurityGroupRule) => (group: SecurityGroup) =>
    rulesOf(group.GroupId, isEgress).flatMap((rule) => String(rule[name] ?? ''));
  return {
    CreateSecurityGroup: (input) => {
      const tags = readTagSpecifications(input, ['security-group']);
      const made = createGroup(network, input);
      network.setTags(made.GroupId, tags('security-group'));
      return {
        GroupId: made.GroupId,
        SecurityGroupArn: network.arn('security-group', made.GroupId),
        Tags: network.listTags(made.GroupId),
      };
    },
    DescribeSecurityGroups: (input) => {
      const names = readEc2Texts(input, 'GroupNames');
      const filters = (input['Filters'] ?? []) as unknown[];
      const named = names.length === 0 ? [] : [{ Name: 'group-name', Values: names }];
      for (const name of names)
        if (!groups.values().some(({ GroupName }) => GroupName === name))
          throw groups.missing(`The security group '${name}' does not exist`);
      const asked = { ...input, Filters: [...filters, ...named] };
      return describeShelf(network, groups, asked, {
        list: 'SecurityGroups',
        ids: 'GroupIds',
        idOf: ({ GroupId }) => GroupId,
        filters: {
          description: ({ Description }) => Description,
          'egress.ip-permission.cidr': ranges(true, 'CidrIpv4'),
          'group-id': ({ GroupId }) => GroupId,
          'group-name': ({ GroupName }) => GroupName,
          'ip-permission.cidr': ranges(false, 'CidrIpv4'),
          'ip-permission.from-port': ranges(false, 'FromPort'),
          'ip-permission.group-id': ranges(false, 'referenced'),
          'ip-permission.protocol': ranges(false, 'IpProtocol'),
          'ip-permission.to-port': ranges(false, 'ToPort'),
          'owner-id': () => place.accountId,
          'vpc-id': ({ VpcId }) => VpcId,
        },
        show,
      });
    },
    DeleteSecurityGroup: (input) => {
      const { GroupId } = findGroup(network, input);
      deleteGroup(network, GroupId);
      return { Return: true, GroupId };
    },
    ...ruleActions(network),
  };
}

function listRules({ rules }: Ec2Network, id: string, isEgress: boolean): SecurityGroupRule[] {
  return rules.values().filter((one) => one.GroupId === id && one.IsEgress === isEgress);
}

function createGroup(network: Ec2Network, input: AwsInput): SecurityGroup {
  const GroupName = requireMember(input, 'GroupName');
  const Description = requireMember(input, 'Description');
  if (GroupName.startsWith('sg-') || GroupName.length > 255)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${GroupName}) for parameter groupName is invalid. It has up to 255 characters and ` +
        'does not begin with sg-.',
    );
  const own = network.vpcs.values().find(({ IsDefault }) => IsDefault)?.VpcId;
  const { VpcId } = network.vpcs.find(readEc2Text(input, 'VpcId') ?? own ?? '');
  const isTaken = network.groups
    .values()
    .some((one) => one.VpcId === VpcId && one.GroupName === GroupName);
  if (isTaken)
    throw new AwsError(
      'InvalidGroup.Duplicate',
      `The security group '${GroupName}' already exists for VPC '${VpcId}'`,
    );
  const made = network.groups.add((GroupId) => ({ GroupId, GroupName, Description, VpcId }));
  network.addEgress(made);
  return made;
}

/** By its id, or by its name in the default VPC. */
function findGroup({ groups, vpcs }: Ec2Network, input: AwsInput): SecurityGroup {
  const name = readEc2Text(input, 'GroupName');
  if (input['GroupId'] !== undefined || name === undefined)
    return groups.find(requireMember(input, 'GroupId'));
  const own = vpcs.values().find(({ IsDefault }) => IsDefault)?.VpcId;
  const found = groups.values().find((one) => one.VpcId === own && one.GroupName === name);
  if (found !== undefined) return found;
  throw groups.missing(
    `The security group '${name}' does not exist in default VPC '${own ?? 'none'}'`,
  );
}

function deleteGroup(network: Ec2Network, id: string): void {
  const { groups, rules, endpoints } = network;
  const { GroupName } = groups.find(id);
  if (GroupName === 'default')
    throw new AwsError(
      'CannotDelete',
      `the specified group: "${id}" name: "${GroupName}" cannot be deleted by a user`,
    );
  const isUsed =
    network.listInterfaces().some((one) => one.groups.includes(id)) ||
    endpoints.values().some((one) => one.groups.includes(id)) ||
    rules.values().some(({ GroupId, referenced }) => referenced === id && GroupId !== id);
  if (isUsed) throw new AwsError('DependencyViolation', `resource ${id} has a dependent object`);
  for (const rule of rules.values())
    if (rule.GroupId === id) network.remove(rules, rule.SecurityGroupRuleId);
  network.remove(groups, id);
}

function ruleActions(network: Ec2Network): Record<string, ActionHandler> {
  const { rules, place } = network;
  const show = ({ referenced, ...rule }: SecurityGroupRule): object => ({
    ...rule,
    GroupOwnerId: place.accountId,
    ...(referenced === undefined
      ? {}
      : { ReferencedGroupInfo: { GroupId: referenced, UserId: place.accountId } }),
    SecurityGroupRuleArn: network.arn('security-group-rule', rule.SecurityGroupRuleId),
    Tags: network.listTags(rule.SecurityGroupRuleId),
  });
  const authorize =
    (isEgress: boolean): ActionHandler =>
    (input) => {
      const tags = readTagSpecifications(input, ['security-group-rule']);
      const made = addRules(network, findGroup(network, input), isEgress, readRules(input));
      for (const { SecurityGroupRuleId: id } of made)
        network.setTags(id, tags('security-group-rule'));
      return { Return: true, SecurityGroupRules: made.map(show) };
    };
  const revoke =
    (isEgress: boolean): ActionHandler =>
    (input) => {
      const found = findRules(network, findGroup(network, input).GroupId, isEgress, input);
      for (const { SecurityGroupRuleId: id } of found) network.remove(rules, id);
      const RevokedSecurityGroupRules = found.map(({ referenced, ...rule }) => ({
        ...rule,
        ReferencedGroupId: referenced,
      }));
      return { Return: true, RevokedSecurityGroupRules };
    };
  const redescribe =
    (isEgress: boolean): ActionHandler =>
    (input) => {
      const { GroupId } = findGroup(network, input);
      const given = (input['SecurityGroupRuleDescriptions'] ?? []) as AwsInput[];
      for (const { SecurityGroupRuleId: id, Description } of given)
        rules.find(String(id)).Description = String(Description ?? '');
      const byContent = input['IpPermissions'] === undefined ? [] : readRules(input);
      for (const rule of byContent)
        requireRule(network, GroupId, isEgress, rule).Description = rule.Description;
      return { Return: true };
    };
  return {
    AuthorizeSecurityGroupIngress: authorize(false),
    AuthorizeSecurityGroupEgress: authorize(true),
    RevokeSecurityGroupIngress: revoke(false),
    RevokeSecurityGroupEgress: revoke(true),
    UpdateSecurityGroupRuleDescriptionsIngress: redescribe(false),
    UpdateSecurityGroupRuleDescriptionsEgress: redescribe(true),
    DescribeSecurityGroupRules: (input) =>
      describeShelf(network, rules, input, {
        list: 'SecurityGroupRules',
        ids: 'SecurityGroupRuleIds',
        idOf: ({ SecurityGroupRuleId }) => SecurityGroupRuleId,
        filters: {
          'group-id': ({ GroupId }) => GroupId,
          'security-group-rule-id': ({ SecurityGroupRuleId }) => SecurityGroupRuleId,
        },
        show,
      }),
  };
}

function addRules(
  network: Ec2Network,
  { GroupId }: SecurityGroup,
  IsEgress: boolean,
  added: readonly RuleContent[],
): SecurityGroupRule[] {
  const known = new Set(listRules(network, GroupId, IsEgress).map(permissionKeyOf));
  for (const rule of added) {
    if (rule.referenced !== undefined) network.groups.find(rule.referenced);
    if (known.has(permissionKeyOf(rule)))
      throw new AwsError(
        'InvalidPermission.Duplicate',
        `the specified rule ${tellRule(rule)} already exists`,
      );
    known.add(permissionKeyOf(rule));
  }
  if (known.size > RULES_MAX)
    throw new AwsError(
      'RulesPerSecurityGroupLimitExceeded',
      `The maximum number of rules per security group has been reached: ${RULES_MAX}.`,
    );
  return added.map((rule) =>
    network.rules.add((SecurityGroupRuleId) => ({
      ...rule,
      SecurityGroupRuleId,
      GroupId,
      IsEgress,
    })),
  );
}

function findRules(
  network: Ec2Network,
  group: string,
  isEgress: boolean,
  input: AwsInput,
): SecurityGroupRule[] {
  const ids = readEc2Texts(input, 'SecurityGroupRuleIds');
  if (ids.length === 0)
    return readRules(input).map((rule) => requireRule(network, group, isEgress, rule));
  return ids.map((id) => {
    const found = network.rules.find(id);
    if (found.GroupId === group && found.IsEgress === isEgress) return found;
    throw network.rules.missing(`The security group rule ID '${id}' does not exist`);
  });
}

function requireRule(
  network: Ec2Network,
  group: string,
  isEgress: boolean,
  rule: RuleContent,
): SecurityGroupRule {
  const key = permissionKeyOf(rule);
  const found = listRules(network, group, isEgress).find((one) => permissionKeyOf(one) === key);
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidPermission.NotFound',
    'The specified rule does not exist in this security group.',
  );
}
