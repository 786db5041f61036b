/**
 * Actions on what roles and users have alike: policies within them, managed policies that are
 * attached, a permissions boundary, tags. `PutRolePolicy` and `PutUserPolicy` are one.
 */
import { AwsError, type AwsInput } from '../service.ts';
import {
  addTags,
  cutMarkerPage,
  escapeDocument,
  readName,
  readOptional,
  readRequired,
  removeTags,
  sortByName,
  writeTags,
} from './members.ts';
import { type IamActions, modifiable } from './roles.ts';
import {
  countCharacters,
  exceeded,
  type IamState,
  type Identity,
  QUOTAS,
  writePolicy,
} from './state.ts';

export function createIdentityActions(iam: IamState, kind: Identity['kind']): IamActions {
  const nameKey = `${kind}Name`;
  const read = (input: AwsInput): Identity =>
    kind === 'Role'
      ? iam.role(readName(input, nameKey, 64))
      : iam.user(readName(input, nameKey, 64));
  const change = (input: AwsInput): Identity =>
    kind === 'Role' ? modifiable(iam, input) : read(input);
  return {
    [`Put${kind}Policy`]: (input) => {
      putInline(change(input), input);
      return undefined;
    },
    [`Get${kind}Policy`]: (input) => {
      const one = read(input);
      const name = readName(input, 'PolicyName');
      const { text } = findInline(one, name);
      return { [nameKey]: one.name, PolicyName: name, PolicyDocument: escapeDocument(text) };
    },
    [`List${kind}Policies`]: (input) => {
      const { page, rest } = cutMarkerPage([...read(input).inline.keys()].toSorted(), input);
      return { PolicyNames: page, ...rest };
    },
    [`Delete${kind}Policy`]: (input) => {
      const one = change(input);
      const name = readName(input, 'PolicyName');
      findInline(one, name);
      one.inline.delete(name);
      return undefined;
    },
    [`Attach${kind}Policy`]: (input) => {
      const { attached } = change(input);
      const arn = readRequired(input, 'PolicyArn');
      if (!iam.policies.has(arn))
        throw new AwsError(
          'NoSuchEntity',
          `Policy ${arn} does not exist or is not attachable.`,
          404,
        );
      const most = QUOTAS[`AttachedPoliciesPer${kind}`];
      if (!attached.has(arn) && attached.size >= most) throw exceeded(`PoliciesPer${kind}`, most);
      attached.add(arn);
      return undefined;
    },
    [`Detach${kind}Policy`]: (input) => {
      const arn = readRequired(input, 'PolicyArn');
      if (!change(input).attached.delete(arn))
        throw new AwsError('NoSuchEntity', `Policy ${arn} was not found.`, 404);
      return undefined;
    },
    [`ListAttached${kind}Policies`]: (input) => {
      const prefix = readOptional(input, 'PathPrefix') ?? '/';
      const all = [...read(input).attached].map((arn) => iam.policy(arn));
      const some = sortByName(all).filter(({ path }) => path.startsWith(prefix));
      const { page, rest } = cutMarkerPage(some, input);
      return {
        AttachedPolicies: page.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })),
        ...rest,
      };
    },
    [`Put${kind}PermissionsBoundary`]: (input) => {
      change(input).boundary = iam.policy(readRequired(input, 'PermissionsBoundary')).arn;
      return undefined;
    },
    [`Delete${kind}PermissionsBoundary`]: (input) => {
      const one = change(input);
      if (one.boundary === undefined)
        throw new AwsError('NoSuchEntity', `${one.name} has no permissions boundary.`, 404);
      delete one.boundary;
      return undefined;
    },
    [`Tag${kind}`]: (input) => {
      addTags(change(input).tags, input);
      return undefined;
    },
    [`Untag${kind}`]: (input) => {
      removeTags(change(input).tags, input);
      return undefined;
    },
    [`List${kind}Tags`]: (input) => {
      const { page, rest } = cutMarkerPage(writeTags(read(input).tags), input);
      return { Tags: page, ...rest };
    },
  };
}

/** The quota is of all policies within the role or user together. */
function putInline({ kind, name: owner, inline }: Identity, input: AwsInput): void {
  const name = readName(input, 'PolicyName');
  const written = writePolicy(readRequired(input, 'PolicyDocument'), 'identity');
  const others = [...inline].filter(([known]) => known !== name).map(([, { text }]) => text);
  const size = [...others, written.text].reduce((sum, text) => sum + countCharacters(text), 0);
  const most = QUOTAS[`${kind}PolicySize`];
  if (size > most)
    throw new AwsError(
      'LimitExceeded',
      `Maximum policy size of ${most} bytes exceeded for ${kind.toLowerCase()} ${owner}`,
      409,
    );
  inline.set(name, written);
}

function findInline({ kind, inline }: Identity, name: string): { readonly text: string } {
  const found = inline.get(name);
  if (found !== undefined) return found;
  const what = kind.toLowerCase();
  throw new AwsError('NoSuchEntity', `The ${what} policy with name ${name} cannot be found.`, 404);
}
