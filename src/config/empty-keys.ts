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

const KEYS_MAX = 1_000;
/** Values between two yields. */
const SLICE_VALUES = 1_000;

/** Reports the keys of a document that have no value and that no schema knows. */
export function reportEmptyKeys(
  schema: z.ZodType,
  document: ConfigDocument,
  report: Reporter,
): Promise<void> {
  return runGivingWay(walk());

  function* walk(): Generator<undefined, void, undefined> {
    const whole = yield* document.convertWithNulls();
    let left = SLICE_VALUES;
    let looked = 0;
    const open: { readonly value: unknown; readonly path: ConfigPath }[] = [
      { value: whole, path: [] },
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      left -= 1;
      if (left === 0) {
        left = SLICE_VALUES;
        yield;
      }
      const { value, path } = next;
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, inner] of Object.entries(value)) {
        const step = Array.isArray(value) ? Number(key) : key;
        if (inner !== null) open.push({ value: inner, path: [...path, step] });
        else if (typeof step === 'string' && looked++ < KEYS_MAX) check(step, path, whole);
      }
    }
  }

  function check(key: string, path: ConfigPath, whole: unknown): void {
    const known = listKnownKeys(schema, path);
    // Where none are known, any key is a name that the user chooses, such as that of a label.
    if (known.length === 0 || known.includes(key)) return;
    const issue = { keys: [key], path: [...path], message: '' };
    reportIssues([{ code: 'unrecognized_keys', ...issue }], schema, whole, report);
  }
}
