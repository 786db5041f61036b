/** Actions on users and their access keys, with which they call from then on. */
import { randomBytes } from 'node:crypto';
import { type AwsCredentials } from '../../aws/signing.ts';
import { AwsError, type AwsInput, type Caller } from '../service.ts';
import {
  addTags,
  cutMarkerPage,
  describeUser,
  readName,
  readOptional,
  readPath,
  readRequired,
  sortByName,
  writeTime,
} from './members.ts';
import type { IamActions } from './roles.ts';
import {
  type AccessKey,
  exceeded,
  type IamState,
  makeId,
  QUOTAS,
  requireRoom,
  type User,
} from './state.ts';

/** Where the keys of users become good for calls. */
export interface KeyRegister {
  addLasting(keys: AwsCredentials, caller: Caller): void;
  removeLasting(accessKeyId: string): void;
}

export function createUserActions(iam: IamState, register: KeyRegister): IamActions {
  const read = (input: AwsInput): User => iam.user(readName(input, 'UserName', 64));
  const findKey = (user: User, input: AwsInput): AccessKey => {
    const id = readRequired(input, 'AccessKeyId');
    const key = user.keys.get(id);
    if (key !== undefined) return key;
    throw new AwsError('NoSuchEntity', `The Access Key with id ${id} cannot be found.`, 404);
  };
  return {
    CreateUser: (input) => {
      const name = readName(input, 'UserName', 64);
      requireRoom(iam.users, name, {
        quota: 'Users',
        exists: `User with name ${name} already exists.`,
      });
      const boundary = readOptional(input, 'PermissionsBoundary');
      if (boundary !== undefined) iam.policy(boundary);
      const user: User = {
        ...iam.name('user', name, readPath(input)),
        kind: 'User',
        keys: new Map(),
        inline: new Map(),
        attached: new Set(),
        ...(boundary !== undefined && { boundary }),
      };
      addTags(user.tags, input);
      iam.users.set(name, user);
      return { User: describeUser(user) };
    },
    GetUser: (input) => ({ User: describeUser(read(input)) }),
    ListUsers: (input) => {
      const prefix = readOptional(input, 'PathPrefix') ?? '/';
      const all = sortByName(iam.users.values()).filter(({ path }) => path.startsWith(prefix));
      const { page, rest } = cutMarkerPage(all, input);
      return { Users: page.map((user) => describeUser(user, true)), ...rest };
    },
    DeleteUser: (input) => {
      const user = read(input);
      const conflict = [
        [user.attached.size > 0, 'must detach all policies first'],
        [user.inline.size > 0, 'must delete policies first'],
        [user.keys.size > 0, 'must delete access keys first'],
      ].find(([isThere]) => isThere === true);
      if (conflict !== undefined)
        throw new AwsError('DeleteConflict', `Cannot delete entity, ${conflict[1]}.`, 409);
      iam.users.delete(user.name);
      return undefined;
    },
    CreateAccessKey: (input) => {
      const user = read(input);
      const most = QUOTAS.AccessKeysPerUser;
      if (user.keys.size >= most) throw exceeded('AccessKeysPerUser', most);
      const key: AccessKey = {
        id: makeId('AKIA').slice(0, 20),
        secret: randomBytes(30).toString('base64'),
        createdMs: iam.nowMs(),
        isActive: true,
      };
      user.keys.set(key.id, key);
      activate(register, iam, user, key);
      return { AccessKey: { ...describeKey(user, key), SecretAccessKey: key.secret } };
    },
    ListAccessKeys: (input) => {
      const user = read(input);
      const { page, rest } = cutMarkerPage([...user.keys.values()], input);
      return { AccessKeyMetadata: page.map((key) => describeKey(user, key)), ...rest };
    },
    UpdateAccessKey: (input) => {
      const user = read(input);
      const key = findKey(user, input);
      const status = readRequired(input, 'Status');
      if (status !== 'Active' && status !== 'Inactive')
        throw new AwsError('ValidationError', `Status ${status} is none of Active, Inactive`);
      key.isActive = status === 'Active';
      if (key.isActive) activate(register, iam, user, key);
      else register.removeLasting(key.id);
      return undefined;
    },
    DeleteAccessKey: (input) => {
      const user = read(input);
      const { id } = findKey(user, input);
      user.keys.delete(id);
      register.removeLasting(id);
      return undefined;
    },
  };
}

function activate(
  register: KeyRegister,
  { accountId }: IamState,
  user: User,
  key: AccessKey,
): void {
  const keys = { accessKeyId: key.id, secretAccessKey: key.secret };
  register.addLasting(keys, { accountId, arn: user.arn, userId: user.id });
}

function describeKey(user: User, key: AccessKey): object {
  return {
    UserName: user.name,
    AccessKeyId: key.id,
    Status: key.isActive ? 'Active' : 'Inactive',
    CreateDate: writeTime(key.createdMs),
  };
}
