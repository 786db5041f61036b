/** The version of this package, as every command reports it, and what it was made of. */
import { findCommit } from './commit.ts';

export const VERSION = '0.1.0';

/** For `--version`. */
export function describeVersion(): string {
  return `${VERSION} (commit ${findCommit() ?? 'unknown'}, Node ${process.versions.node})`;
}
