/**
 * Relabelling: the eleven actions of Prometheus on a map of labels. Pure; the same code serves
 * target relabelling, metric_relabel_configs and write_relabel_configs. Rules are also checked
 * here, so that every configuration key that takes rules refuses the same ones with the same
 * message. vmagent's additions (`if`, replace_all, …) are not supported.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config,
 * prometheus/model/relabel/relabel.go
 */
import { createHash } from 'node:crypto';
import { isLegacyLabelName } from '../model/labels.ts';
import { type AnchoredRegex, compileRegex } from './regex.ts';
import { compileTemplate, expandTemplate, hasReference, type Template } from './template.ts';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** A rule as the configuration writes it. */
export interface RelabelInput {
  readonly source_labels?: readonly string[] | undefined;
  readonly separator?: string | undefined;
  readonly regex?: string | undefined;
  readonly modulus?: number | undefined;
  readonly target_label?: string | undefined;
  readonly replacement?: string | undefined;
  /** Upper and lower case are the same. */
  readonly action?: string | undefined;
}

/** A rule ready to run. Immutable. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: AnchoredRegex;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly modulus: number;
  readonly targetTemplate: Template;
  readonly replacementTemplate: Template;
  readonly isNameValid: (name: string) => boolean;
}

/** Which label names a rule may make: any text, or the names before UTF-8 was allowed. */
export type NameScheme = 'utf8' | 'legacy';

const DEFAULTS = { separator: ';', regex: '(.*)', replacement: '$1' } as const;
const LEGACY_TARGET = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/;

/** What is wrong with a rule, and the key where it is. */
export class RelabelFault extends Error {
  readonly field: keyof RelabelInput;
  constructor(field: keyof RelabelInput, message: string) {
    super(message);
    this.field = field;
  }
}

/**
 * Checks a rule and makes it ready to run.
 *
 * @throws RelabelFault
 */
export function compileRelabelRule(input: RelabelInput, scheme: NameScheme = 'utf8'): RelabelRule {
  const action = parseAction(input.action);
  const isNameValid = scheme === 'legacy' ? isLegacyLabelName : isAnyName;
  checkFields(action, input, scheme);
  const regex = compileRuleRegex(input.regex ?? DEFAULTS.regex);
  const targetLabel = input.target_label ?? '';
  const replacement = input.replacement ?? DEFAULTS.replacement;
  return {
    action,
    sourceLabels: [...(input.source_labels ?? [])],
    separator: input.separator ?? DEFAULTS.separator,
    regex,
    targetLabel,
    replacement,
    modulus: input.modulus ?? 0,
    targetTemplate: compileTemplate(targetLabel, regex),
    replacementTemplate: compileTemplate(replacement, regex),
    isNameValid,
  };
}

/**
 * Runs rules on a label set, in order, and changes the map. A label with an empty value is treated
 * as absent.
 *
 * @returns false when a rule dropped the set; the map is then in an undefined state
 */
export function relabel(labels: Map<string, string>, rules: readonly RelabelRule[]): boolean {
  for (const rule of rules) if (!apply(labels, rule)) return false;
  return true;
}

function apply(labels: Map<string, string>, rule: RelabelRule): boolean {
  switch (rule.action) {
    case 'drop':
      return !rule.regex.test(joinSources(labels, rule));
    case 'keep':
      return rule.regex.test(joinSources(labels, rule));
    case 'dropequal':
      return joinSources(labels, rule) !== (labels.get(rule.targetLabel) ?? '');
    case 'keepequal':
      return joinSources(labels, rule) === (labels.get(rule.targetLabel) ?? '');
    case 'replace':
      replace(labels, rule);
      return true;
    case 'lowercase':
      set(labels, rule.targetLabel, mapCase(joinSources(labels, rule), 'lower'));
      return true;
    case 'uppercase':
      set(labels, rule.targetLabel, mapCase(joinSources(labels, rule), 'upper'));
      return true;
    case 'hashmod':
      set(labels, rule.targetLabel, hashMod(joinSources(labels, rule), rule.modulus));
      return true;
    case 'labelmap':
      mapNames(labels, rule);
      return true;
    case 'labeldrop':
      for (const name of labels.keys()) if (rule.regex.test(name)) labels.delete(name);
      return true;
    case 'labelkeep':
      for (const name of labels.keys()) if (!rule.regex.test(name)) labels.delete(name);
      return true;
  }
}

function joinSources(labels: ReadonlyMap<string, string>, rule: RelabelRule): string {
  const { sourceLabels, separator } = rule;
  let text = labels.get(sourceLabels[0] ?? '') ?? '';
  for (let i = 1; i < sourceLabels.length; i++) {
    text += separator + (labels.get(sourceLabels[i] ?? '') ?? '');
  }
  return text;
}

function set(labels: Map<string, string>, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

function replace(labels: Map<string, string>, rule: RelabelRule): void {
  const match = rule.regex.match(joinSources(labels, rule));
  if (match === undefined) return;
  const target = expandTemplate(rule.targetTemplate, match);
  if (!rule.isNameValid(target)) return;
  set(labels, target, expandTemplate(rule.replacementTemplate, match));
}

/**
 * labelmap: copies values to new names. It goes in the order of the names, so that the result does
 * not depend on the order in which the labels were set.
 */
function mapNames(labels: Map<string, string>, rule: RelabelRule): void {
  for (const [name, value] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const match = rule.regex.match(name);
    if (match === undefined) continue;
    const target = expandTemplate(rule.replacementTemplate, match);
    if (target !== '') set(labels, target, value);
  }
}

/**
 * The last eight bytes of the MD5, big-endian, modulo: the same number as Prometheus. vmagent uses
 * another hash.
 */
function hashMod(text: string, modulus: number): string {
  const digest = createHash('md5').update(text, 'utf8').digest();
  return String(digest.readBigUInt64BE(8) % BigInt(modulus));
}

/**
 * Maps letter by letter, as Go does. JavaScript maps whole words (final sigma) and lets one letter
 * become two (ß → SS); here a letter without a single counterpart stays as it is.
 */
function mapCase(text: string, to: 'lower' | 'upper'): string {
  // oxlint-disable-next-line no-control-regex -- ASCII is a range that begins with them
  if (/^[\u0000-\u007F]*$/.test(text))
    return to === 'lower' ? text.toLowerCase() : text.toUpperCase();
  let out = '';
  for (const char of text) {
    if (to === 'lower' && char === '\u0130') {
      out += 'i';
      continue;
    }
    const mapped = to === 'lower' ? char.toLowerCase() : char.toUpperCase();
    out += mapped.length > char.length ? char : mapped;
  }
  return out;
}

function compileRuleRegex(source: string): AnchoredRegex {
  try {
    return compileRegex(source);
  } catch (error) {
    throw new RelabelFault('regex', error instanceof Error ? error.message : String(error));
  }
}

function parseAction(text: string | undefined): RelabelAction {
  const wanted = (text ?? 'replace').toLowerCase();
  const action = RELABEL_ACTIONS.find((known) => known === wanted);
  if (action === undefined)
    throw new RelabelFault(
      'action',
      `unknown relabel action ${JSON.stringify(text)}; use one of ${RELABEL_ACTIONS.join(', ')}`,
    );
  return action;
}

/** Checks what Prometheus' Config.Validate checks, in its order. */
function checkFields(action: RelabelAction, input: RelabelInput, scheme: NameScheme): void {
  const target = input.target_label ?? '';
  const isNameValid = scheme === 'legacy' ? isLegacyLabelName : isAnyName;
  const isTemplateValid =
    scheme === 'legacy' ? (text: string) => LEGACY_TARGET.test(text) : isAnyName;
  const modulus = input.modulus ?? 0;
  if (!Number.isSafeInteger(modulus) || modulus < 0)
    throw new RelabelFault('modulus', `modulus ${modulus} is not a whole number above 0`);
  if (action === 'hashmod' && modulus === 0)
    throw new RelabelFault('modulus', 'action hashmod requires a "modulus" above 0');
  if (needsTarget(action) && target === '')
    throw new RelabelFault('target_label', `action ${action} requires a "target_label"`);
  const isTemplate = action === 'replace' && hasReference(target);
  if (needsTarget(action) && !(isTemplate ? isTemplateValid(target) : isNameValid(target)))
    throw new RelabelFault(
      'target_label',
      `${JSON.stringify(target)} is not a valid "target_label" for action ${action}`,
    );
  if ((input.source_labels ?? []).includes(''))
    throw new RelabelFault('source_labels', 'a label of "source_labels" has an empty name');
  const { replacement } = input;
  if (action === 'labelmap' && !isTemplateValid(replacement ?? DEFAULTS.replacement))
    throw new RelabelFault(
      'replacement',
      `${JSON.stringify(replacement)} is not a valid "replacement" for labelmap`,
    );
  const changesCase = action === 'lowercase' || action === 'uppercase';
  if (changesCase && (replacement ?? DEFAULTS.replacement) !== DEFAULTS.replacement)
    throw new RelabelFault(
      'replacement',
      `"replacement" can't be set for action ${action}; remove it`,
    );
  const allowed = ALLOWED_FIELDS[action];
  if (allowed === undefined) return;
  const extra = findExtraField(input, allowed);
  if (extra !== undefined)
    throw new RelabelFault(
      extra,
      `"${extra}" can't be set for action ${action}, which takes only ` +
        allowed.map((name) => `"${name}"`).join(' and '),
    );
}

function needsTarget(action: RelabelAction): boolean {
  return !['keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep'].includes(action);
}

type Field = Exclude<keyof RelabelInput, 'action'>;

/** The only fields that these actions accept, since others would have no effect. */
const ALLOWED_FIELDS: Partial<Record<RelabelAction, readonly Field[]>> = {
  keepequal: ['source_labels', 'target_label'],
  dropequal: ['source_labels', 'target_label'],
  labeldrop: ['regex'],
  labelkeep: ['regex'],
};

/** The first field that has a value other than its default and is not allowed. */
function findExtraField(input: RelabelInput, allowed: readonly Field[]): Field | undefined {
  const isSet: Record<Field, boolean> = {
    source_labels: (input.source_labels ?? []).length > 0,
    separator: input.separator !== undefined && input.separator !== DEFAULTS.separator,
    regex: input.regex !== undefined && input.regex !== DEFAULTS.regex,
    modulus: (input.modulus ?? 0) !== 0,
    target_label: (input.target_label ?? '') !== '',
    replacement: input.replacement !== undefined && input.replacement !== DEFAULTS.replacement,
  };
  return (Object.keys(isSet) as Field[]).find((field) => isSet[field] && !allowed.includes(field));
}

function isAnyName(name: string): boolean {
  return name !== '' && !/\p{Surrogate}/u.test(name);
}
