/** Actions on instance profiles, each of which hands one role to instances of EC2. */
import { AwsError, type AwsInput } from '../service.ts';
import {
  addTags,
  cutMarkerPage,
  describeProfile,
  readName,
  readOptional,
  readPath,
  removeTags,
  sortByName,
  writeTags,
} from './members.ts';
import { type IamActions, modifiable, profilesOf } from './roles.ts';
import { exceeded, type IamState, type InstanceProfile, requireRoom } from './state.ts';

export function createProfileActions(iam: IamState): IamActions {
  const read = (input: AwsInput): InstanceProfile =>
    iam.profile(readName(input, 'InstanceProfileName'));
  return {
    CreateInstanceProfile: (input) => {
      const name = readName(input, 'InstanceProfileName');
      requireRoom(iam.profiles, name, {
        quota: 'InstanceProfiles',
        exists: `Instance Profile ${name} already exists.`,
      });
      const profile = iam.name('instance-profile', name, readPath(input));
      addTags(profile.tags, input);
      iam.profiles.set(name, profile);
      return { InstanceProfile: describeProfile(profile) };
    },
    GetInstanceProfile: (input) => ({ InstanceProfile: describeProfile(read(input)) }),
    ListInstanceProfiles: (input) => {
      const prefix = readOptional(input, 'PathPrefix') ?? '/';
      const all = sortByName(iam.profiles.values()).filter(({ path }) => path.startsWith(prefix));
      const { page, rest } = cutMarkerPage(all, input);
      return { InstanceProfiles: page.map(describeProfile), ...rest };
    },
    ListInstanceProfilesForRole: (input) => {
      const role = iam.role(readName(input, 'RoleName', 64));
      const all = profilesOf(iam, role)
        .toSorted()
        .map((name) => iam.profile(name));
      const { page, rest } = cutMarkerPage(all, input);
      return { InstanceProfiles: page.map(describeProfile), ...rest };
    },
    AddRoleToInstanceProfile: (input) => {
      const profile = read(input);
      const role = modifiable(iam, input);
      if (profile.role !== undefined) throw exceeded('InstanceSessionsPerInstanceProfile', 1);
      profile.role = role;
      return undefined;
    },
    RemoveRoleFromInstanceProfile: (input) => {
      const profile = read(input);
      const name = readName(input, 'RoleName', 64);
      if (profile.role?.name !== name)
        throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
      delete profile.role;
      return undefined;
    },
    DeleteInstanceProfile: (input) => {
      const { name, role } = read(input);
      if (role !== undefined)
        throw new AwsError(
          'DeleteConflict',
          'Cannot delete entity, must remove roles from instance profile first.',
          409,
        );
      iam.profiles.delete(name);
      return undefined;
    },
    TagInstanceProfile: (input) => {
      addTags(read(input).tags, input);
      return undefined;
    },
    UntagInstanceProfile: (input) => {
      removeTags(read(input).tags, input);
      return undefined;
    },
    ListInstanceProfileTags: (input) => {
      const { page, rest } = cutMarkerPage(writeTags(read(input).tags), input);
      return { Tags: page, ...rest };
    },
  };
}
