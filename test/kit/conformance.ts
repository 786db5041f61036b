/**
 * Where the published test data lies: beside the project, never in it. Tests that need it skip
 * where it is absent, except in CI.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const places = ['../shared/conformance', '../../shared/conformance'].map((path) =>
  join(root, path),
);

/** The folder of the data, undefined where it is absent. */
export const conformance: string | undefined = places.find((path) => existsSync(path));

/**
 * For `test(name, { skip })`: the reason to skip outside CI. In CI nothing is skipped, so absent
 * data makes the test fail.
 */
export const skipWithoutConformance: string | false =
  conformance === undefined && process.env['CI'] === undefined
    ? 'the published test data is not beside the project (../shared/conformance)'
    : false;

/** The path of a file or folder of the test data. */
export function conformancePath(...parts: string[]): string {
  if (conformance === undefined) throw new Error('../shared/conformance is absent');
  return join(conformance, ...parts);
}
