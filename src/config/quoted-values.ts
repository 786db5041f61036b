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
import { visitValues } from './visit-values.ts';

/** What a switch or a number may be written as. */
const WORD = /^(?:true|false|yes|no|on|off|[yn]|[+-]?\.?\d[\d._a-fox+-]*)$/i;

/** Reports the switches and numbers of a document that stand in quotes. */
export function reportQuoted(
  schema: z.ZodType,
  document: ConfigDocument,
  report: Reporter,
): Promise<void> {
  const steps = visitValues(document.value, (value, path) => {
    if (typeof value === 'string') check(value, path);
  });
  return runGivingWay(steps);

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
