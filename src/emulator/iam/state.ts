/**
 * What IAM holds of an account: roles, users, managed policies, instance profiles. All regions
 * share it. Entities are found by exact names, and a name is taken in any spelling of its letters.
 * Limits: AWS's own quotas (QUOTAS), with AWS's LimitExceeded.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
import { randomBytes } from 'node:crypto';
import {
  type ParsedPolicy,
  parsePolicy,
  PolicyError,
  type PolicyKind,
} from '../../aws/policies/document.ts';
import type { NamedPolicy, PolicyLayers } from '../../aws/policies/evaluation.ts';
import { AwsError } from '../service.ts';
import { AWS_POLICIES } from './aws-policies.ts';

export const QUOTAS = {
  Roles: 1_000,
  Users: 5_000,
  Policies: 1_500,
  InstanceProfiles: 1_000,
  AttachedPoliciesPerRole: 10,
  AttachedPoliciesPerUser: 10,
  VersionsPerPolicy: 5,
  AccessKeysPerUser: 2,
  AssumeRolePolicySize: 2_048,
  PolicySize: 6_144,
  RolePolicySize: 10_240,
  UserPolicySize: 2_048,
} as const;

export interface WrittenPolicy {
  /** As it was given. */
  readonly text: string;
  readonly policy: ParsedPolicy;
}

interface Named {
  readonly name: string;
  /** `/`, or `/a/b/`. */
  readonly path: string;
  readonly id: string;
  readonly arn: string;
  readonly createdMs: number;
  readonly tags: Map<string, string>;
}

export interface Identity extends Named {
  readonly kind: 'Role' | 'User';
  readonly inline: Map<string, WrittenPolicy>;
  /** ARNs of managed policies. */
  readonly attached: Set<string>;
  /** ARN of the managed policy that bounds it. */
  boundary?: string;
}

export interface Role extends Identity {
  readonly kind: 'Role';
  trust: WrittenPolicy;
  description: string;
  sessionMaxSeconds: number;
  lastUsed?: { readonly atMs: number; readonly region: string };
}

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  readonly createdMs: number;
  isActive: boolean;
}

export interface User extends Identity {
  readonly kind: 'User';
  readonly keys: Map<string, AccessKey>;
}

export interface PolicyVersion extends WrittenPolicy {
  readonly versionId: string;
  readonly createdMs: number;
}

export interface ManagedPolicy extends Named {
  readonly description: string;
  readonly versions: Map<string, PolicyVersion>;
  defaultVersion: PolicyVersion;
  updatedMs: number;
}

export interface InstanceProfile extends Named {
  role?: Role;
}

/** Why the last deletion of a service's role may be asked for by this id. */
export type DeletionTasks = Set<string>;

/** By kind of entity: how its ids begin. */
const ID_PREFIXES = { role: 'AROA', user: 'AIDA', policy: 'ANPA', 'instance-profile': 'AIPA' };

const DELETIONS_MAX = 100;

export class IamState {
  readonly accountId: string;
  readonly roles = new Map<string, Role>();
  readonly users = new Map<string, User>();
  /** Those of AWS too, by ARN. */
  readonly policies = new Map<string, ManagedPolicy>();
  readonly profiles = new Map<string, InstanceProfile>();
  readonly deletions: DeletionTasks = new Set();
  readonly nowMs: () => number;

  constructor(accountId: string, nowMs: () => number) {
    this.accountId = accountId;
    this.nowMs = nowMs;
    for (const { path, name, version, createdAt, updatedAt, statements } of AWS_POLICIES) {
      const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      const createdMs = Date.parse(createdAt);
      const latest = { versionId: version, createdMs, ...writePolicy(text, 'identity') };
      this.policies.set(`arn:aws:iam::aws:policy${path}${name}`, {
        ...this.#name('policy', { name, path, createdMs, owner: 'aws' }),
        description: '',
        versions: new Map([[version, latest]]),
        defaultVersion: latest,
        updatedMs: Date.parse(updatedAt),
      });
    }
  }

  /** Makes what all entities have. */
  name(kind: keyof typeof ID_PREFIXES, name: string, path: string): Named {
    return this.#name(kind, { name, path, createdMs: this.nowMs(), owner: this.accountId });
  }

  #name(
    kind: keyof typeof ID_PREFIXES,
    given: { name: string; path: string; createdMs: number; owner: string },
  ): Named {
    const { name, path, createdMs, owner } = given;
    const arn = `arn:aws:iam::${owner}:${kind}${path}${name}`;
    return { name, path, id: makeId(ID_PREFIXES[kind]), arn, createdMs, tags: new Map() };
  }

  /** @throws AwsError NoSuchEntity */
  role(name: string): Role {
    return found(this.roles.get(name), `The role with name ${name} cannot be found.`);
  }

  user(name: string): User {
    return found(this.users.get(name), `The user with name ${name} cannot be found.`);
  }

  profile(name: string): InstanceProfile {
    return found(this.profiles.get(name), `Instance Profile ${name} cannot be found.`);
  }

  policy(arn: string): ManagedPolicy {
    return found(this.policies.get(arn), `Policy ${arn} was not found.`);
  }

  /** The role of an ARN, if this account has it. */
  roleOf(arn: string): Role | undefined {
    const role = this.roles.get(arn.split('/').at(-1) ?? '');
    return role?.arn === arn ? role : undefined;
  }

  /** The policies that hold for a role or user. */
  layersOf({ inline, attached, boundary }: Identity): PolicyLayers {
    const managed = (arn: string): NamedPolicy[] => {
      const policy = this.policies.get(arn);
      return policy === undefined ? [] : [{ name: arn, policy: policy.defaultVersion.policy }];
    };
    return {
      identity: [
        ...[...inline].map(([name, { policy }]) => ({ name, policy })),
        ...[...attached].flatMap(managed),
      ],
      ...(boundary !== undefined && { boundary: managed(boundary) }),
    };
  }

  /** Whose a managed policy is: attached to, or the boundary of. */
  usersOf(arn: string, use: 'attached' | 'boundary'): readonly Identity[] {
    const all: Identity[] = [...this.roles.values(), ...this.users.values()];
    return all.filter((one) => (use === 'attached' ? one.attached.has(arn) : one.boundary === arn));
  }

  /** Keeps the last of them. */
  addDeletion(task: string): void {
    this.deletions.add(task);
    const [oldest] = this.deletions;
    if (this.deletions.size > DELETIONS_MAX && oldest !== undefined) this.deletions.delete(oldest);
  }
}

/** @throws AwsError EntityAlreadyExists, LimitExceeded */
export function requireRoom(
  taken: ReadonlyMap<string, unknown>,
  name: string,
  { quota, exists }: { readonly quota: keyof typeof QUOTAS; readonly exists: string },
): void {
  const lower = name.toLowerCase();
  if ([...taken.keys()].some((known) => known.toLowerCase() === lower))
    throw new AwsError('EntityAlreadyExists', exists, 409);
  if (taken.size >= QUOTAS[quota]) throw exceeded(`${quota}PerAccount`, QUOTAS[quota]);
}

export function exceeded(quota: string, most: number): AwsError {
  return new AwsError('LimitExceeded', `Cannot exceed quota for ${quota}: ${most}`, 409);
}

/** @throws AwsError MalformedPolicyDocument */
export function writePolicy(text: string, kind: PolicyKind): WrittenPolicy {
  try {
    return { text, policy: parsePolicy(text, kind) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new AwsError('MalformedPolicyDocument', error.message);
  }
}

/** AWS does not count white space. */
export function countCharacters(text: string): number {
  return text.replaceAll(/\s/g, '').length;
}

export function makeId(prefix: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return prefix + [...randomBytes(17)].map((byte) => letters[byte % 32]).join('');
}

function found<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new AwsError('NoSuchEntity', message, 404);
  return value;
}
