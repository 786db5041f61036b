/**
 * label_replace and label_join, which change labels and not values, and the labels that absent()
 * gives its result.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#label_replace
 */
import { makeLabelSet, type LabelSet, labelValue, METRIC_NAME } from '../../model/labels.ts';
import { type AnchoredRegex, compileRegex } from '../../relabel/regex.ts';
import { compileTemplate, expandTemplate } from '../../relabel/template.ts';
import type { Expression } from './ast.ts';
import { ExecutionError } from './errors.ts';
import { stripParens } from './evaluation.ts';
import { type Column, copyColumn, mergeEqual } from './value.ts';

export interface LabelReplacement {
  readonly destination: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

/** Sets a label from the groups of a match; series that do not match are not changed. */
export function replaceLabel(columns: readonly Column[], to: LabelReplacement): Column[] {
  const regex = compilePattern(to.pattern);
  if (to.destination === '')
    throw new ExecutionError('invalid destination label name in label_replace(): ');
  const template = compileTemplate(to.replacement, regex);
  const replaced = columns.map((column) => {
    const match = regex.match(labelValue(column.labels, to.source));
    if (match === undefined) return copyColumn(column, column.labels);
    const labels = setLabel(column.labels, to.destination, expandTemplate(template, match));
    return copyColumn(column, labels);
  });
  return mergeEqual(replaced);
}

function compilePattern(pattern: string): AnchoredRegex {
  try {
    return compileRegex(pattern);
  } catch {
    throw new ExecutionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

export interface LabelJoin {
  readonly destination: string;
  readonly separator: string;
  readonly sources: readonly string[];
}

/** Sets a label to the joined values of others. */
export function joinLabels(columns: readonly Column[], to: LabelJoin): Column[] {
  if (to.sources.includes(''))
    throw new ExecutionError('invalid source label name in label_join(): ');
  if (to.destination === '')
    throw new ExecutionError('invalid destination label name in label_join(): ');
  const joined = columns.map((column) => {
    const values = to.sources.map((name) => labelValue(column.labels, name));
    return copyColumn(column, setLabel(column.labels, to.destination, values.join(to.separator)));
  });
  return mergeEqual(joined);
}

/** Copies a label set with one label changed or added, or removed where the value is empty. */
export function setLabel(labels: LabelSet, name: string, value: string): LabelSet {
  const pairs = labels.map((label) => [label.name, label.value] as const);
  return makeLabelSet([...pairs, [name, value]]);
}

/**
 * The labels of the series that a selector finds missing: those it asks for by `=`, except where a
 * later matcher is on the same label, as in Prometheus. None for other expressions.
 */
export function collectAbsentLabels(node: Expression | undefined): LabelSet {
  const inner = node === undefined ? undefined : stripParens(node);
  const selector = inner?.type === 'matrix' ? inner.vector : inner;
  if (selector?.type !== 'vector') return [];
  const labels = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === '=' && !seen.has(name)) {
      labels.set(name, value);
      seen.add(name);
    } else labels.delete(name);
  }
  return makeLabelSet(labels);
}
