/**
 * What a policy must allow before an action runs: actions, each on a resource, with the values of
 * condition keys. Each service has a table of its own.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
 */
import type { ParsedPolicy } from '../aws/policies/document.ts';

export interface Need {
  /** As policies name it: `ecs:RunTask`. */
  readonly action: string;
  /** An ARN; `*` for an action without resources. */
  readonly resource: string;
  /** Values of condition keys that the request itself gives, by key. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** Whose the resource is, where callers of other accounts may be allowed to use it. */
  readonly owner?: {
    readonly accountId: string;
    /** The policy of the resource itself. */
    readonly policy: ParsedPolicy | undefined;
  };
}

/** @param at  where the call goes */
export type AccessRule = (
  input: Readonly<Record<string, unknown>>,
  at: { readonly accountId: string; readonly region: string },
) => readonly Need[];

/** By action, as the service's API names it. */
export type AccessTable = Readonly<Record<string, AccessRule>>;

/** Why a call is denied, in AWS's words; undefined for one that is allowed. */
export type Denial = string | undefined;

type RuleInput = Parameters<AccessRule>[0];
type RulePlace = Parameters<AccessRule>[1];

/**
 * A table of actions that are judged alike.
 *
 * @param service    as policies name it
 * @param actions    names, parted by blanks
 * @param resources  the ARN of what a call is about, or several
 * @param context    the condition keys that the request gives
 */
export function needOn(
  service: string,
  actions: string,
  resources: (input: RuleInput, at: RulePlace) => string | readonly string[],
  context?: (input: RuleInput, at: RulePlace) => NonNullable<Need['context']>,
): AccessTable {
  const makeRule =
    (action: string): AccessRule =>
    (input, at) =>
      [resources(input, at)].flat().map((resource) => ({
        action: `${service}:${action}`,
        resource,
        ...(context && { context: context(input, at) }),
      }));
  return Object.fromEntries(actions.split(' ').map((action) => [action, makeRule(action)]));
}

/** A member as a text; the empty one where it is absent. */
export function textOf(input: RuleInput, key: string): string {
  const value = input[key];
  return typeof value === 'string' ? value : '';
}

/** The texts of a member that is a list. */
export function textsOf(input: RuleInput, key: string): readonly string[] {
  const value = input[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Condition keys of tags that a request gives (`{ Key, Value }` or `{ key, value }`) or takes. */
export function describeTags(input: RuleInput): NonNullable<Need['context']> {
  const given = [input['Tags'], input['tags']].flat().flatMap((tag): [string, string][] => {
    if (typeof tag !== 'object' || tag === null) return [];
    const { Key, Value, key, value } = tag as Readonly<Record<string, unknown>>;
    return [[String(Key ?? key ?? ''), String(Value ?? value ?? '')]];
  });
  const keys = [
    ...given.map(([key]) => key),
    ...['TagKeys', 'tagKeys'].flatMap((member) => textsOf(input, member)),
  ];
  return {
    ...Object.fromEntries(given.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...(keys.length > 0 && { 'aws:TagKeys': keys }),
  };
}
