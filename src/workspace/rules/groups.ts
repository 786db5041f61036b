/**
 * A file of rule groups of Prometheus, read and judged: what is no such file, and a rule that
 * cannot be evaluated.
 * Limits: RULES_MAX rules of a file.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
 */
import * as z from 'zod';
import { parseForeignYaml } from '../../kernel/foreign-yaml.ts';
import { describeError } from '../../kernel/errors.ts';
import { isLegacyLabelName } from '../../model/labels.ts';
import { durationSchema } from '../../settings/duration.ts';
import { labelsSchema, textSchema } from '../../settings/text.ts';
import { parseQuery } from '../promql/parser.ts';
import { checkTypes } from '../promql/types.ts';

export interface WorkspaceRule {
  /** The name of an alert, or of what is recorded. */
  readonly name: string;
  readonly isAlert: boolean;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** How long it must hold before it fires. */
  readonly holdMs: number;
  readonly keepFiringMs: number;
}

export interface RuleGroup {
  readonly name: string;
  readonly intervalMs: number;
  /** The most alerts or series of a rule; 0 for any number. */
  readonly limit: number;
  /** How far in the past it is evaluated. */
  readonly offsetMs: number;
  readonly rules: readonly WorkspaceRule[];
}

export type RulesReading =
  | { readonly groups: readonly RuleGroup[] }
  | { readonly unreadable: string }
  | { readonly faulty: string };

/** AMP's quota of a workspace. */
const RULES_MAX = 2_000;
const INTERVAL_MS = 60_000;

const textsSchema = labelsSchema.default({});
const ruleSchema = z.strictObject({
  record: z.string().min(1).optional(),
  alert: z.string().min(1).optional(),
  expr: textSchema.pipe(z.string().min(1)),
  for: durationSchema.default(0),
  keep_firing_for: durationSchema.default(0),
  labels: textsSchema,
  annotations: textsSchema,
});
const fileSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().min(1),
      interval: durationSchema.default(INTERVAL_MS),
      limit: z.number().int().min(0).default(0),
      query_offset: durationSchema.default(0),
      labels: textsSchema,
      rules: z.array(ruleSchema).default([]),
    }),
  ),
});
type RuleInput = z.output<typeof ruleSchema>;

export function readRuleGroups(text: string): RulesReading {
  let file: unknown;
  try {
    file = parseForeignYaml(text);
  } catch (error) {
    return { unreadable: describeError(error) };
  }
  const parsed = fileSchema.safeParse(file);
  if (!parsed.success) return { unreadable: z.prettifyError(parsed.error).slice(0, 2_000) };
  const { groups } = parsed.data;
  const names = groups.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return { unreadable: `the group "${twice}" is given twice` };
  const rules = groups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
  if (rules.length > RULES_MAX) return { unreadable: `more than ${RULES_MAX} rules` };
  for (const { group, rule } of rules) {
    const fault = findRuleFault(rule);
    const name = rule.alert ?? rule.record ?? '';
    if (fault !== undefined)
      return { faulty: `group "${group.name}", rule "${name}": ${fault}`.slice(0, 1_000) };
  }
  return {
    groups: groups.map(({ name, interval, limit, query_offset: offsetMs, labels, rules: own }) => ({
      name,
      intervalMs: interval,
      limit,
      offsetMs,
      rules: own.map((rule) => makeRule(rule, labels)),
    })),
  };
}

function makeRule(rule: RuleInput, labels: Readonly<Record<string, string>>): WorkspaceRule {
  return {
    name: rule.alert ?? rule.record ?? '',
    isAlert: rule.alert !== undefined,
    query: rule.expr.trim(),
    labels: { ...labels, ...rule.labels },
    annotations: rule.annotations,
    holdMs: rule.for,
    keepFiringMs: rule.keep_firing_for,
  };
}

function findRuleFault(rule: RuleInput): string | undefined {
  if ((rule.record === undefined) === (rule.alert === undefined))
    return 'one of "record" and "alert" must be set';
  const isRecord = rule.record !== undefined;
  if (isRecord && (rule.for !== 0 || Object.keys(rule.annotations).length > 0))
    return '"for" and "annotations" are for alerts alone';
  const label = Object.keys(rule.labels).find(
    (name) => !isLegacyLabelName(name) || name === '__name__',
  );
  if (label !== undefined) return `invalid label name: ${label}`;
  try {
    const query = rule.expr.trim();
    const type = checkTypes(query, parseQuery(query));
    if (type !== 'vector' && type !== 'scalar') return `the expression is a ${type}`;
  } catch (error) {
    return `could not parse expression: ${describeError(error)}`;
  }
  return undefined;
}
