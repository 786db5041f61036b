/**
 * Tree → PromQL on one line, as Prometheus' printer writes it. The text parses to the same tree.
 * Prometheus' /api/v1/format_query breaks long expressions into lines; this does not.
 * Source: https://github.com/prometheus/prometheus/blob/main/promql/parser/printer.go
 */
import { formatDurationMs } from '../../model/duration.ts';
import {
  compareUtf8,
  isLegacyLabelName,
  isLegacyMetricName,
  METRIC_NAME,
} from '../../model/labels.ts';
import type { At, Aggregation, Binary, Expression, NumberLiteral, VectorSelector } from './ast.ts';
import { formatPlain, quote } from './literals.ts';

export function printExpression(node: Expression): string {
  switch (node.type) {
    case 'number':
      return printNumber(node);
    case 'string':
      return quote(node.value);
    case 'vector':
      return printSelector(node) + printTime(node.at, node.offsetMs);
    case 'matrix': {
      const range = `[${formatDurationMs(node.rangeMs)}]`;
      return printSelector(node.vector) + range + printTime(node.vector.at, node.vector.offsetMs);
    }
    case 'subquery': {
      const step = node.stepMs === undefined ? '' : formatDurationMs(node.stepMs);
      const range = `[${formatDurationMs(node.rangeMs)}:${step}]`;
      return printExpression(node.body) + range + printTime(node.at, node.offsetMs);
    }
    case 'paren':
      return `(${printExpression(node.body)})`;
    case 'unary':
      return `${node.op}${printExpression(node.body)}`;
    case 'binary':
      return printBinary(node);
    case 'aggregation':
      return printAggregation(node);
    case 'call':
      return `${node.name}(${node.arguments.map(printExpression).join(', ')})`;
  }
}

function printNumber({ value, isDuration }: NumberLiteral): string {
  if (!isDuration) return formatPlain(value);
  return `${value < 0 ? '-' : ''}${formatDurationMs(Math.abs(value) * 1_000)}`;
}

function printSelector({ metric, matchers }: VectorSelector): string {
  const shown = matchers
    .filter(
      ({ name, op, value }) =>
        !(name === METRIC_NAME && op === '=' && metric === value && value !== ''),
    )
    .map(
      ({ name, op, value }) =>
        `${isLegacyLabelName(name) ? name : quote(name)}${op}${quote(value)}`,
    )
    .toSorted(compareUtf8);
  return shown.length === 0 && metric !== '' ? metric : `${metric}{${shown.join(',')}}`;
}

function printTime(at: At | undefined, offsetMs: number): string {
  const when =
    at === undefined
      ? ''
      : ` @ ${at.kind === 'time' ? (at.ms / 1_000).toFixed(3) : `${at.kind}()`}`;
  if (offsetMs === 0) return when;
  return `${when} offset ${offsetMs < 0 ? '-' : ''}${formatDurationMs(Math.abs(offsetMs))}`;
}

function printLabels(names: readonly string[]): string {
  return `(${names.map((name) => (isLegacyMetricName(name) ? name : quote(name))).join(', ')})`;
}

function printBinary({ op, left, right, isBool, matching }: Binary): string {
  const { isOn, labels, card, include } = matching;
  let modifiers = isBool ? ' bool' : '';
  const isGrouped = card === 'many-to-one' || card === 'one-to-many';
  if (isOn || labels.length > 0 || isGrouped) {
    modifiers += ` ${isOn ? 'on' : 'ignoring'} ${printLabels(labels)}`;
    if (isGrouped)
      modifiers += ` group_${card === 'many-to-one' ? 'left' : 'right'} ${printLabels(include)}`;
  }
  return `${printExpression(left)} ${op}${modifiers} ${printExpression(right)}`;
}

function printAggregation({ op, body, parameter, isWithout, grouping }: Aggregation): string {
  const by = isWithout
    ? ` without ${printLabels(grouping)} `
    : grouping.length > 0
      ? ` by ${printLabels(grouping)} `
      : '';
  const first = parameter === undefined ? '' : `${printExpression(parameter)}, `;
  return `${op}${by}(${first}${printExpression(body)})`;
}
