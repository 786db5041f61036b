/** What a fixture needs of its user: a way to be told when it is over. */

/** A test's own context, or `{ after }` of node:test for what a whole file shares. */
export interface Ending {
  after(end: () => void | Promise<void>): void;
}
