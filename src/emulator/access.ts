/**
 * What a policy must allow before an action runs: actions, each on a resource, with the values of
 * condition keys. Each service has a table of its own.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
 */

export interface Need {
  /** As policies name it: `ecs:RunTask`. */
  readonly action: string;
  /** An ARN; `*` for an action without resources. */
  readonly resource: string;
  /** Values of condition keys that the request itself gives, by key. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
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
