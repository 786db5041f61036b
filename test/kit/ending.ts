/** What a fixture needs of its user: a way to be told when it is over. */
import type { TestContext } from 'node:test';

/** A test's own context, or `{ after }` of node:test for what a whole file shares. */
export type Ending = Pick<TestContext, 'after'>;
