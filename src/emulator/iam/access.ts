/**
 * What a policy must allow for IAM's actions. A name becomes the ARN of what it names, with the
 * path that it has; what is not there, the ARN that it would have without a path.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
 */
import { type AccessRule, type AccessTable, describeTags, type Need } from '../access.ts';
import type { AwsInput } from '../service.ts';
import { readObjects, readOptional } from './members.ts';
import { LINKED_ROLES } from './roles.ts';
import type { IamState } from './state.ts';

/** Actions on one entity, by what the entity is. */
const ON_ROLES =
  'AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy ' +
  'DeleteServiceLinkedRole DetachRolePolicy GetRole GetRolePolicy ' +
  'ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags ' +
  'PutRolePermissionsBoundary PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole';
const ON_USERS =
  'AttachUserPolicy CreateAccessKey CreateUser DeleteAccessKey DeleteUser ' +
  'DeleteUserPermissionsBoundary DeleteUserPolicy DetachUserPolicy GetUser GetUserPolicy ' +
  'ListAccessKeys ListAttachedUserPolicies ListUserPolicies ListUserTags ' +
  'PutUserPermissionsBoundary PutUserPolicy TagUser UntagUser UpdateAccessKey';
const ON_POLICIES =
  'CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy ' +
  'GetPolicyVersion ListEntitiesForPolicy ListPolicyTags ListPolicyVersions ' +
  'SetDefaultPolicyVersion TagPolicy UntagPolicy';
const ON_PROFILES =
  'AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile ' +
  'ListInstanceProfileTags RemoveRoleFromInstanceProfile TagInstanceProfile ' +
  'UntagInstanceProfile';

export function createIamAccess(iam: IamState): AccessTable {
  const arnOf = (kind: string, input: AwsInput, nameKey: string): string => {
    const known = { role: iam.roles, user: iam.users, 'instance-profile': iam.profiles }[kind];
    const name = readOptional(input, nameKey) ?? '';
    const path = readOptional(input, 'Path') ?? '/';
    return known?.get(name)?.arn ?? `arn:aws:iam::${iam.accountId}:${kind}${path}${name}`;
  };
  const on =
    (action: string, resource: (input: AwsInput) => string): AccessRule =>
    (input) => {
      const need: Need = {
        action: `iam:${action}`,
        resource: resource(input),
        context: contextOf(input),
      };
      return action.startsWith('Create') && readObjects(input, 'Tags').length > 0
        ? [need, { ...need, action: `iam:Tag${action.slice('Create'.length)}` }]
        : [need];
    };
  const table = (actions: string, resource: (input: AwsInput) => string): AccessTable =>
    Object.fromEntries(actions.split(' ').map((action) => [action, on(action, resource)]));
  const role = (input: AwsInput): string => arnOf('role', input, 'RoleName');
  const profile = (input: AwsInput): string =>
    arnOf('instance-profile', input, 'InstanceProfileName');
  return {
    ...table(ON_ROLES, role),
    ...table(ON_USERS, (input) => arnOf('user', input, 'UserName')),
    ...table(
      ON_POLICIES,
      (input) => readOptional(input, 'PolicyArn') ?? arnOf('policy', input, 'PolicyName'),
    ),
    ...table(ON_PROFILES, profile),
    ListInstanceProfileTags: on('ListInstanceProfileTags', profile),
    AddRoleToInstanceProfile: (input) => [
      ...on('AddRoleToInstanceProfile', profile)(input, PLACE),
      {
        action: 'iam:PassRole',
        resource: role(input),
        context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
      },
    ],
    CreateServiceLinkedRole: on('CreateServiceLinkedRole', (input) => {
      const service = readOptional(input, 'AWSServiceName') ?? '';
      const name = LINKED_ROLES[service] ?? '';
      return `arn:aws:iam::${iam.accountId}:role/aws-service-role/${service}/${name}`;
    }),
    GetServiceLinkedRoleDeletionStatus: on('GetServiceLinkedRoleDeletionStatus', (input) => {
      const [, path = ''] = /^task(\/.*)\//.exec(readOptional(input, 'DeletionTaskId') ?? '') ?? [];
      return `arn:aws:iam::${iam.accountId}:role${path}`;
    }),
    ...table(
      'GetContextKeysForPrincipalPolicy SimulatePrincipalPolicy',
      (input) => readOptional(input, 'PolicySourceArn') ?? '*',
    ),
  };
}

/** Rules of IAM do not ask where a call goes. */
const PLACE = { accountId: '', region: '' };

function contextOf(input: AwsInput): NonNullable<Need['context']> {
  const given = {
    'iam:PolicyARN': readOptional(input, 'PolicyArn'),
    'iam:PermissionsBoundary': readOptional(input, 'PermissionsBoundary'),
    'iam:AWSServiceName': readOptional(input, 'AWSServiceName'),
  };
  return {
    ...Object.fromEntries(
      Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    ...describeTags(input),
  };
}
