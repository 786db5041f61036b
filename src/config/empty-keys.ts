/**
 * Unknown keys without a value. A key without a value is absent for the schema, as for Prometheus,
 * so that it sees no misspelt one; Prometheus' parser knows the name all the same.
 * Limit: KEYS_MAX keys of one document are looked up.
 */
import type * as z from 'zod';
import { runGivingWay } from '../kernel/giving-way.ts';
import type { ConfigPath, Reporter } from '../settings/finding.ts';
import type { ConfigDocument } from './document.ts';
import { reportIssues } from './issues.ts';
import { listKnownKeys } from './schema-nodes.ts';
import { visitValues } from './visit-values.ts';

const KEYS_MAX = 1_000;

/** Reports the keys of a document that have no value and that no schema knows. */
export function reportEmptyKeys(
  schema: z.ZodType,
  document: ConfigDocument,
  report: Reporter,
): Promise<void> {
  return runGivingWay(walk());

  function* walk(): Generator<undefined, void, undefined> {
    const whole = yield* document.convertWithNulls();
    let looked = 0;
    yield* visitValues(whole, (value, path) => {
      const key = path.at(-1);
      if (value === null && typeof key === 'string' && looked++ < KEYS_MAX)
        check(key, path.slice(0, -1), whole);
    });
  }

  function check(key: string, path: ConfigPath, whole: unknown): void {
    const known = listKnownKeys(schema, path);
    // Where none are known, any key is a name that the user chooses, such as that of a label.
    if (known.length === 0 || known.includes(key)) return;
    const issue = { keys: [key], path: [...path], message: '' };
    reportIssues([{ code: 'unrecognized_keys', ...issue }], schema, whole, report);
  }
}
