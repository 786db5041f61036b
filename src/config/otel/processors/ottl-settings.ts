/**
 * What the processors `filter` and `transform` have in common: error modes, lists of OTTL texts in
 * either of two forms, and what becomes of a text that has a fault.
 * Source: contrib's pkg/ottl/config.go, processor/filterprocessor/internal/condition/config.go
 */
import * as z from 'zod';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import {
  describeOffset,
  OttlSyntaxError,
  OttlUnsupportedError,
} from '../../../transforms/ottl/fault.ts';
import { parseCondition, parseStatement } from '../../../transforms/ottl/parser.ts';
import { ERROR_MODES, type ErrorMode } from '../../../transforms/ottl/program.ts';
import { type Context, CONTEXTS } from '../../../transforms/ottl/subject.ts';

/** Modes and contexts are read whatever their case, as in the Collector. */
const lowered = textSchema.transform((text) => text.toLowerCase());

export const DEFAULT_ERROR_MODE: ErrorMode = 'ignore';

// Refined last: of a list's item that may be either of two kinds, only such faults are told singly.
export const errorModeSchema = lowered
  .refine((text) => isErrorMode(text), 'expected ignore, silent or propagate')
  .meta({
    description:
      'What an error of evaluation does: ignore and silent go on with the next text, propagate ' +
      'drops the series.',
  });

function isErrorMode(text: string): text is ErrorMode {
  return (ERROR_MODES as readonly string[]).includes(text);
}

/** The mode written, else the default; the schema has checked it. */
export function resolveErrorMode(
  written: string | undefined,
  fallback: ErrorMode = DEFAULT_ERROR_MODE,
): ErrorMode {
  return written !== undefined && isErrorMode(written) ? written : fallback;
}

export const contextSchema = lowered.meta({
  description:
    'What the paths of the texts are of: resource, metric or datapoint; by default they say so ' +
    'themselves.',
});

export const textsSchema = listOf(textSchema);

/** A list of texts, or of groups of them; one of both kinds is refused. */
export function textsOrGroups<Group extends z.ZodType>(group: Group) {
  const isText = (item: unknown): boolean => typeof item === 'string';
  return listOf(
    z.union([textSchema.refine((text) => text !== '', 'a text is empty'), group], {
      error: 'expected a text or a group of texts',
    }),
  ).refine(
    (items) => items.every(isText) || !items.some(isText),
    'either a list of texts or a list of groups, not both',
  );
}

/** The context of a group of metrics; undefined where it has none or one that can't be done. */
export function resolveContext(
  written: string | undefined,
  at: ConfigPath,
  report: Reporter,
): { readonly context: Context | undefined } | undefined {
  if (written === undefined) return { context: undefined };
  const context = CONTEXTS.find((one) => one === written);
  if (context !== undefined) return { context };
  if (written === 'scope' || written === 'exemplar')
    report.lacks(
      [...at, 'context'],
      `context "${written}": scraped series have none; write resource, metric or datapoint`,
    );
  else
    report.error(
      [...at, 'context'],
      'CONFIG_VALUE',
      `context "${written}" is none of metrics; write resource, metric or datapoint`,
    );
  return undefined;
}

/** Reports the fault of a text at its position in the document. */
export function reportFault(
  error: unknown,
  text: string,
  { at, report }: { readonly at: ConfigPath; readonly report: Reporter },
): void {
  if (!(error instanceof OttlSyntaxError)) throw error;
  const message = `${JSON.stringify(text)} ${describeOffset(text, error.offset)}: ${error.message}`;
  if (error instanceof OttlUnsupportedError) report.lacks(at, message);
  else report.error(at, 'CONFIG_VALUE', message);
}

/**
 * Checks the grammar of texts that are about another signal than metrics, and so have no effect.
 */
export function checkGrammar(
  kind: 'conditions' | 'statements',
  texts: readonly string[] | undefined,
  { at, report }: { readonly at: ConfigPath; readonly report: Reporter },
): void {
  for (const [index, text] of (texts ?? []).entries()) {
    try {
      if (kind === 'conditions') parseCondition(text);
      else parseStatement(text);
    } catch (error) {
      // What can't be done with a series may be done with another signal; it is no fault there.
      if (!(error instanceof OttlUnsupportedError))
        reportFault(error, text, { at: [...at, index], report });
    }
  }
}
