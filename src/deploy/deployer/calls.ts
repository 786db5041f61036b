/** What the types of a template ask of whoever deploys it: the seam of the tables beside this. */

export interface TypeCalls {
  /** Prefix of its actions, and of the ARNs. */
  readonly service: string;
  /** Actions on what is made, or on what it is made in, separated by spaces. */
  readonly calls: string;
  /** Actions that know no resources. */
  readonly reads?: string;
  /** What the ARNs of `calls` end with. */
  readonly on: (names: Names) => readonly string[];
  /** Calls of other services that it makes with the deployer's own permissions. */
  readonly also?: readonly TypeCalls[];
  /** The service whose linked role AWS makes with the first one in an account. */
  readonly linkedRole?: string;
}

/** Names of the resource, as far as they are known before it is made. */
export interface Names {
  /** That of a property; what a stack makes of its own where there is none. */
  readonly of: (property: string) => string;
}
