/** What of a request an emulated action knows: the seam of the tables of members. */

export interface ActionMembers {
  /** Names of members that have an effect, separated by blanks. */
  readonly acts: string;
  /** Names of members that are accepted and have no effect, separated by blanks. */
  readonly idle?: string;
}
