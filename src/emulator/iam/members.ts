/**
 * Reads members of IAM's calls, all of which came as texts, and writes what its answers share.
 * Faults are told in IAM's words.
 */
import { EpochTime } from '../../wire/cbor.ts';
import { AwsError, type AwsInput, parseToken } from '../service.ts';
import type { InstanceProfile, ManagedPolicy, Role, User } from './state.ts';

const TAGS_MAX = 50;
const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 100;

/** @throws AwsError ValidationError */
export function readRequired(input: AwsInput, key: string): string {
  const value = input[key];
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(key, 'Value null', 'Member must not be null');
}

export function readOptional(input: AwsInput, key: string): string | undefined {
  const value = input[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The name of an entity, of at most `most` characters. @throws AwsError ValidationError */
export function readName(input: AwsInput, key: string, most = 128): string {
  const name = readRequired(input, key);
  if (!/^[\w+=,.@-]+$/.test(name))
    throw invalid(
      key,
      `Value '${name}'`,
      'Member must satisfy regular expression pattern: [\\w+=,.@-]+',
    );
  if (name.length > most)
    throw invalid(key, `Value '${name}'`, `Member must have length less than or equal to ${most}`);
  return name;
}

export function readPath(input: AwsInput, key = 'Path'): string {
  const path = readOptional(input, key) ?? '/';
  if (!/^\/(?:[!-~]{1,510}\/)?$/.test(path))
    throw new AwsError(
      'ValidationError',
      'The specified value for path is invalid. It must begin and end with / and contain only ' +
        'alphanumeric characters and/or / characters.',
    );
  return path;
}

export function readNumber(
  input: AwsInput,
  key: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = readOptional(input, key);
  const value = text === undefined ? otherwise : Number(text);
  if (value < least)
    throw invalid(
      key,
      `Value '${text}'`,
      `Member must have value greater than or equal to ${least}`,
    );
  if (!(value <= most) || !Number.isInteger(value))
    throw invalid(key, `Value '${text}'`, `Member must have value less than or equal to ${most}`);
  return value;
}

/** The texts of a list; none for one that is absent or empty. */
export function readListMember(input: AwsInput, key: string): readonly string[] {
  const value = input[key] ?? [];
  return Array.isArray(value) ? value.map(String) : [];
}

export function readObjects(input: AwsInput, key: string): readonly AwsInput[] {
  const value = input[key] ?? [];
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is AwsInput => typeof one === 'object' && one !== null);
}

/** Puts the tags of a call to those that are there. @throws AwsError LimitExceeded */
export function addTags(tags: Map<string, string>, input: AwsInput): void {
  for (const tag of readObjects(input, 'Tags')) {
    const key = readRequired(tag, 'Key');
    if (key.length > 128 || /^aws:/i.test(key))
      throw new AwsError('InvalidInput', `The tag key ${key} is not valid.`);
    const known = [...tags.keys()].find((one) => one.toLowerCase() === key.toLowerCase());
    if (known !== undefined) tags.delete(known);
    tags.set(key, String(tag['Value'] ?? ''));
  }
  if (tags.size > TAGS_MAX)
    throw new AwsError(
      'LimitExceeded',
      `Cannot exceed quota for TagsPerResource: ${TAGS_MAX}`,
      409,
    );
}

export function removeTags(tags: Map<string, string>, input: AwsInput): void {
  for (const key of readListMember(input, 'TagKeys')) tags.delete(key);
}

export function writeTags(tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

/** Cuts one list page, by MaxItems and Marker. @throws AwsError ValidationError */
export function cutMarkerPage<T>(
  items: readonly T[],
  input: AwsInput,
): { readonly page: readonly T[]; readonly rest: { IsTruncated: boolean; Marker?: string } } {
  const most = readNumber(input, 'MaxItems', { least: 1, most: PAGE_MAX, otherwise: PAGE_DEFAULT });
  const start = parseToken(input['Marker']);
  if (start === undefined) throw new AwsError('ValidationError', 'Invalid Marker.');
  const end = start + most;
  const isLast = end >= items.length;
  const Marker = Buffer.from(String(end)).toString('base64');
  return {
    page: items.slice(start, end),
    rest: isLast ? { IsTruncated: false } : { IsTruncated: true, Marker },
  };
}

/** By name, as IAM lists. */
export function sortByName<T extends { readonly name: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A document as answers have it. */
export function escapeDocument(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function writeTime(ms: number): EpochTime {
  return new EpochTime(Math.floor(ms / 1_000));
}

/** @param isListed  lists leave off tags, boundary and last use */
export function describeRole(role: Role, isListed = false): object {
  const { lastUsed, boundary, tags } = role;
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: writeTime(role.createdMs),
    AssumeRolePolicyDocument: escapeDocument(role.trust.text),
    Description: role.description === '' ? undefined : role.description,
    MaxSessionDuration: role.sessionMaxSeconds,
    ...(!isListed && {
      PermissionsBoundary: describeBoundary(boundary),
      Tags: tags.size === 0 ? undefined : writeTags(tags),
      RoleLastUsed:
        lastUsed === undefined
          ? {}
          : { LastUsedDate: writeTime(lastUsed.atMs), Region: lastUsed.region },
    }),
  };
}

export function describeUser(user: User, isListed = false): object {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: user.arn,
    CreateDate: writeTime(user.createdMs),
    ...(!isListed && {
      PermissionsBoundary: describeBoundary(user.boundary),
      Tags: user.tags.size === 0 ? undefined : writeTags(user.tags),
    }),
  };
}

export function describeBoundary(arn: string | undefined): object | undefined {
  return arn === undefined
    ? undefined
    : { PermissionsBoundaryType: 'PermissionsBoundaryPolicy', PermissionsBoundaryArn: arn };
}

export function describeProfile(profile: InstanceProfile): object {
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: writeTime(profile.createdMs),
    Roles: profile.role === undefined ? [] : [describeRole(profile.role, true)],
    Tags: profile.tags.size === 0 ? undefined : writeTags(profile.tags),
  };
}

export function describePolicy(
  policy: ManagedPolicy,
  counts: { readonly attached: number; readonly boundaries: number },
): object {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion.versionId,
    AttachmentCount: counts.attached,
    PermissionsBoundaryUsageCount: counts.boundaries,
    IsAttachable: true,
    Description: policy.description === '' ? undefined : policy.description,
    CreateDate: writeTime(policy.createdMs),
    UpdateDate: writeTime(policy.updatedMs),
    Tags: policy.tags.size === 0 ? undefined : writeTags(policy.tags),
  };
}

function invalid(key: string, value: string, constraint: string): AwsError {
  const at = key.charAt(0).toLowerCase() + key.slice(1);
  return new AwsError(
    'ValidationError',
    `1 validation error detected: ${value} at '${at}' failed to satisfy constraint: ${constraint}`,
  );
}
