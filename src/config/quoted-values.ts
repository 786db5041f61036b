/**
 * Switches and numbers that stand in quotes: for Prometheus' parser these are texts, and it refuses
 * them where it wants a boolean or a number.
 * Source: https://yaml.org/type/bool.html, https://pkg.go.dev/gopkg.in/yaml.v2#Unmarshal
 */
import type * as z from 'zod';
import { runGivingWay } from '../kernel/giving-way.ts';
import type { ConfigPath, Reporter } from '../settings/finding.ts';
import type { ConfigDocument } from './document.ts';
import { listKinds } from './schema-nodes.ts';

/** What a switch or a number may be written as. */
const WORD = /^(?:true|false|yes|no|on|off|[yn]|[+-]?\.?\d[\d._a-fox+-]*)$/i;

/** Values between two yields. */
const SLICE_VALUES = 1_000;

/** Reports the switches and numbers of a document that stand in quotes. */
export function reportQuoted(
  schema: z.ZodType,
  document: ConfigDocument,
  report: Reporter,
): Promise<void> {
  return runGivingWay(walk());

  function* walk(): Generator<undefined, void, undefined> {
    let left = SLICE_VALUES;
    const open: { readonly value: unknown; readonly path: ConfigPath }[] = [
      { value: document.value, path: [] },
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      left -= 1;
      if (left === 0) {
        left = SLICE_VALUES;
        yield;
      }
      const { value, path } = next;
      if (typeof value === 'string') check(value, path);
      else if (Array.isArray(value))
        for (const [index, item] of value.entries())
          open.push({ value: item, path: [...path, index] });
      else if (typeof value === 'object' && value !== null)
        for (const [key, inner] of Object.entries(value))
          open.push({ value: inner, path: [...path, key] });
    }
  }

  function check(text: string, path: ConfigPath): void {
    if (!WORD.test(text) || !document.isQuoted(path)) return;
    const kinds = listKinds(schema, path);
    const isNumber = kinds.includes('number');
    // The schema itself refuses a whole number in quotes that is written plainly.
    const isWhole = kinds.includes('whole number') && String(Number(text)) !== text;
    if (!kinds.includes('switch') && !isNumber && !isWhole) return;
    const wanted = kinds.includes('switch') ? 'true or false' : 'a number';
    report.error(
      path,
      'CONFIG_TYPE',
      `"${String(path.at(-1))}" is ${wanted}, and ${JSON.stringify(text)} in quotes is text; ` +
        'write it without quotes',
    );
  }
}
