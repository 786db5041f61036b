/**
 * Actions on roles, and on the roles that services make for themselves (service-linked roles).
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type AwsInput } from '../service.ts';
import {
  addTags,
  cutMarkerPage,
  describeRole,
  readName,
  readNumber,
  readOptional,
  readPath,
  readRequired,
  sortByName,
} from './members.ts';
import {
  countCharacters,
  exceeded,
  type IamState,
  QUOTAS,
  requireRoom,
  type Role,
  writePolicy,
} from './state.ts';

export type IamActions = Readonly<Record<string, (input: AwsInput) => object | undefined>>;

const HOUR_SECONDS = 3_600;
const SESSION = { least: HOUR_SECONDS, most: 12 * HOUR_SECONDS, otherwise: HOUR_SECONDS };

/** By service: the role that it makes for itself. */
export const LINKED_ROLES: Readonly<Record<string, string>> = {
  'autoscaling.amazonaws.com': 'AWSServiceRoleForAutoScaling',
  'ecs.amazonaws.com': 'AWSServiceRoleForECS',
  'ecs.application-autoscaling.amazonaws.com': 'AWSServiceRoleForApplicationAutoScaling_ECSService',
  'elasticfilesystem.amazonaws.com': 'AWSServiceRoleForAmazonElasticFileSystem',
  'scraper.aps.amazonaws.com': 'AWSServiceRoleForAmazonPrometheusScraper',
  'spot.amazonaws.com': 'AWSServiceRoleForEC2Spot',
};

/** Services that take a suffix of the role's name. */
const SUFFIXED = new Set(['autoscaling.amazonaws.com', 'scraper.aps.amazonaws.com']);

export function createRoleActions(iam: IamState): IamActions {
  return {
    CreateRole: (input) => {
      const name = readName(input, 'RoleName', 64);
      requireRoom(iam.roles, name, {
        quota: 'Roles',
        exists: `Role with name ${name} already exists.`,
      });
      const boundary = readOptional(input, 'PermissionsBoundary');
      if (boundary !== undefined) iam.policy(boundary);
      const role: Role = {
        ...iam.name('role', name, readPath(input)),
        kind: 'Role',
        trust: readTrust(input, 'AssumeRolePolicyDocument'),
        description: readOptional(input, 'Description') ?? '',
        sessionMaxSeconds: readNumber(input, 'MaxSessionDuration', SESSION),
        inline: new Map(),
        attached: new Set(),
        ...(boundary !== undefined && { boundary }),
      };
      addTags(role.tags, input);
      iam.roles.set(name, role);
      return { Role: describeRole(role) };
    },
    GetRole: (input) => ({ Role: describeRole(iam.role(readName(input, 'RoleName', 64))) }),
    ListRoles: (input) => {
      const prefix = readOptional(input, 'PathPrefix') ?? '/';
      const all = sortByName(iam.roles.values()).filter(({ path }) => path.startsWith(prefix));
      const { page, rest } = cutMarkerPage(all, input);
      return { Roles: page.map((role) => describeRole(role, true)), ...rest };
    },
    UpdateRole: (input) => {
      const role = modifiable(iam, input);
      const seconds = readNumber(input, 'MaxSessionDuration', SESSION);
      role.description = readOptional(input, 'Description') ?? role.description;
      if (input['MaxSessionDuration'] !== undefined) role.sessionMaxSeconds = seconds;
      return {};
    },
    UpdateAssumeRolePolicy: (input) => {
      modifiable(iam, input).trust = readTrust(input, 'PolicyDocument');
      return undefined;
    },
    DeleteRole: (input) => {
      const role = modifiable(iam, input);
      const conflict = [
        [role.attached.size > 0, 'must detach all policies first'],
        [role.inline.size > 0, 'must delete policies first'],
        [profilesOf(iam, role).length > 0, 'must remove roles from instance profile first'],
      ].find(([isThere]) => isThere === true);
      if (conflict !== undefined)
        throw new AwsError('DeleteConflict', `Cannot delete entity, ${conflict[1]}.`, 409);
      iam.roles.delete(role.name);
      return undefined;
    },
    CreateServiceLinkedRole: (input) => ({ Role: describeRole(createLinkedRole(iam, input)) }),
    DeleteServiceLinkedRole: (input) => {
      const role = iam.role(readName(input, 'RoleName', 64));
      if (!isLinked(role))
        throw new AwsError('InvalidInput', `${role.name} is not a service-linked role`);
      iam.roles.delete(role.name);
      const DeletionTaskId = `task${role.path}${role.name}/${randomUUID()}`;
      iam.addDeletion(DeletionTaskId);
      return { DeletionTaskId };
    },
    GetServiceLinkedRoleDeletionStatus: (input) => {
      const task = readRequired(input, 'DeletionTaskId');
      if (!iam.deletions.has(task))
        throw new AwsError('NoSuchEntity', `Deletion task ${task} cannot be found.`, 404);
      return { Status: 'SUCCEEDED' };
    },
  };
}

export function profilesOf(iam: IamState, role: Role): readonly string[] {
  return [...iam.profiles.values()].filter((one) => one.role === role).map(({ name }) => name);
}

/** A role that its owner may change. @throws AwsError NoSuchEntity, UnmodifiableEntity */
export function modifiable(iam: IamState, input: AwsInput): Role {
  const role = iam.role(readName(input, 'RoleName', 64));
  if (!isLinked(role)) return role;
  throw new AwsError(
    'UnmodifiableEntity',
    `Cannot perform the operation on the protected role '${role.name}' - this role is only ` +
      'modifiable by AWS',
  );
}

function isLinked({ path }: Role): boolean {
  return path.startsWith('/aws-service-role/');
}

function createLinkedRole(iam: IamState, input: AwsInput): Role {
  const service = readRequired(input, 'AWSServiceName');
  const base = LINKED_ROLES[service];
  if (base === undefined)
    throw new AwsError(
      'InvalidInput',
      `${service} makes no role of its own here; these do: ${Object.keys(LINKED_ROLES).join(', ')}`,
    );
  const suffix = readOptional(input, 'CustomSuffix');
  if (suffix !== undefined && !SUFFIXED.has(service))
    throw new AwsError('InvalidInput', `Custom suffix is not allowed for ${service}`);
  const name = suffix === undefined ? base : `${base}_${suffix}`;
  if (iam.roles.has(name))
    throw new AwsError(
      'InvalidInput',
      `Service role name ${name} has been taken in this account, please try a different suffix.`,
    );
  const Statement = [
    { Effect: 'Allow', Principal: { Service: [service] }, Action: ['sts:AssumeRole'] },
  ];
  const trust = JSON.stringify({ Version: '2012-10-17', Statement });
  const role: Role = {
    ...iam.name('role', name, `/aws-service-role/${service}/`),
    kind: 'Role',
    trust: writePolicy(trust, 'trust'),
    description: readOptional(input, 'Description') ?? '',
    sessionMaxSeconds: HOUR_SECONDS,
    inline: new Map(),
    attached: new Set(),
  };
  iam.roles.set(name, role);
  return role;
}

function readTrust(input: AwsInput, key: string): Role['trust'] {
  const text = readRequired(input, key);
  if (countCharacters(text) > QUOTAS.AssumeRolePolicySize)
    throw exceeded('ACLSizePerRole', QUOTAS.AssumeRolePolicySize);
  return writePolicy(text, 'trust');
}
