/**
 * Checks `include` and `exclude` of the processor `filter`.
 * Source: contrib's internal/filter/{filtermetric,filterset,filtermatcher}
 */
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import type { FilterMatch } from '../../../transforms/filter.ts';
import { compileSearch } from '../../../relabel/search.ts';

export interface MatchInput {
  readonly match_type?: 'strict' | 'regexp' | 'expr' | undefined;
  readonly metric_names?: readonly string[] | undefined;
  readonly expressions?: readonly string[] | undefined;
  readonly resource_attributes?:
    | readonly { readonly key: string; readonly value?: unknown }[]
    | undefined;
}

interface MatchContext {
  readonly at: ConfigPath;
  readonly report: Reporter;
}

/** What is matched; undefined where that is nothing, and where it has a fault. */
export function resolveMatch(
  written: MatchInput,
  { at, report }: MatchContext,
): FilterMatch | undefined {
  const { match_type: type, metric_names: names = [], expressions = [] } = written;
  const attributes = written.resource_attributes ?? [];
  if (type === 'expr' && expressions.length > 0) {
    const side = at.at(-1) === 'include' ? 'not (…)' : '…';
    for (const [index, expression] of expressions.entries())
      report.lacks(
        [...at, 'expressions', index],
        `${JSON.stringify(expression)}: expressions are not supported; write it as a ` +
          'condition of ' +
          `metric_conditions that drops where it is true, ${side} = ${translate(expression)}`,
      );
    return undefined;
  }
  if (expressions.length > 0)
    report.warn([...at, 'expressions'], 'has no effect without "match_type: expr"', 'key');
  if (type === 'expr' && names.length > 0)
    report.warn([...at, 'metric_names'], 'has no effect with "match_type: expr"', 'key');
  const usedNames = type === 'expr' ? [] : names;
  if (usedNames.length === 0 && attributes.length === 0) return undefined;
  const hasValues = attributes.some(({ value }) => value !== undefined && value !== null);
  if ((type === undefined || type === 'expr') && (usedNames.length > 0 || hasValues)) {
    report.error(at, 'CONFIG_VALUE', '"match_type" is needed; write strict or regexp');
    return undefined;
  }
  const matchType = type === 'regexp' ? 'regexp' : 'strict';
  const checked = attributes.map(({ key, value }, index) => {
    if (value === undefined || value === null) return { key, value: undefined };
    if (typeof value === 'string') return { key, value };
    report.error(
      [...at, 'resource_attributes', index, 'value'],
      'CONFIG_VALUE',
      'attributes of a scraped resource are texts, which no other value matches; write it in ' +
        'quotes',
    );
    return undefined;
  });
  const isValid = [
    ...usedNames.map((name, index) => checkPattern(name, ['metric_names', index])),
    ...checked.map((one, index) =>
      checkPattern(one?.value ?? '', ['resource_attributes', index, 'value']),
    ),
  ].every((valid) => valid);
  const whole = checked.filter((one) => one !== undefined);
  if (!isValid || whole.length < checked.length) return undefined;
  return { matchType, names: usedNames, attributes: whole };

  function checkPattern(pattern: string, path: ConfigPath): boolean {
    if (matchType === 'strict') return true;
    try {
      compileSearch(pattern);
      return true;
    } catch (error) {
      report.error([...at, ...path], 'CONFIG_VALUE', (error as Error).message);
      return false;
    }
  }
}

/** The OTTL for the common parts of an expression, for the message. */
function translate(expression: string): string {
  return expression
    .replaceAll(/\bHasLabel\(("[^"]*"|'[^']*')\)/g, 'datapoint.attributes[$1] != nil')
    .replaceAll(/\bLabel\(("[^"]*"|'[^']*')\)/g, 'datapoint.attributes[$1]')
    .replaceAll(/\bMetricName\s+matches\s+("[^"]*"|'[^']*')/g, 'IsMatch(metric.name, $1)')
    .replaceAll(/\bMetricName\b/g, 'metric.name')
    .replaceAll('&&', 'and')
    .replaceAll('||', 'or')
    .replaceAll(/!(?!=)/g, 'not ')
    .replaceAll("'", '"');
}
