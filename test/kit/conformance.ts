/**
 * Where the published test data lies: beside the project, never in it. Tests skip where it is
 * absent, except in CI.
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
 * For `test(name, { skip })`: a reason outside CI; in CI absence is a failure, so nothing is
 * skipped.
 */
export const skipWithoutConformance: string | false =
  conformance === undefined && process.env['CI'] === undefined
    ? 'the published test data is not beside the project (../shared/conformance)'
    : false;

/** The path of a file or folder of the data. */
export function conformancePath(...parts: string[]): string {
  if (conformance === undefined) throw new Error('../shared/conformance is absent');
  return join(conformance, ...parts);
}
