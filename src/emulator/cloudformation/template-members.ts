/**
 * The members of a template's sections, but for its resources: what each may have in it, judged in
 * CloudFormation's words. Pure.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
 */
import { refuseTemplate } from './template-text.ts';
import { isRecord, type Values } from './values.ts';

export interface ParameterDeclaration {
  readonly type: string;
  readonly members: Values;
}

export interface TemplateOutput {
  readonly value: unknown;
  readonly description?: string;
  readonly exportName?: unknown;
  readonly condition?: string;
}

export interface TemplateRule {
  /** Undefined for a rule that always holds. */
  readonly condition: unknown;
  readonly assertions: readonly { readonly assert: unknown; readonly description: unknown }[];
}

const NUMERIC = ['MaxLength', 'MinLength', 'MaxValue', 'MinValue'];
const TEXTS = ['AllowedPattern', 'ConstraintDescription', 'Description'];
const PARAMETER_MEMBERS = ['Type', 'Default', 'AllowedValues', 'NoEcho', ...NUMERIC, ...TEXTS];
const OUTPUT_MEMBERS = ['Value', 'Description', 'Export', 'Condition'];
const CONDITION_FUNCTIONS = ['Condition', 'Fn::And', 'Fn::Equals', 'Fn::Not', 'Fn::Or'];
const CREATION_MEMBERS = {
  AutoScalingCreationPolicy: ['MinSuccessfulInstancesPercent'],
  ResourceSignal: ['Count', 'Timeout'],
  StartFleet: undefined,
};
const UPDATE_MEMBERS = {
  AutoScalingReplacingUpdate: ['WillReplace'],
  AutoScalingRollingUpdate: [
    'MaxBatchSize',
    'MinActiveInstancesPercent',
    'MinInstancesInService',
    'MinSuccessfulInstancesPercent',
    'PauseTime',
    'SuspendProcesses',
    'WaitOnResourceSignals',
  ],
  AutoScalingScheduledAction: ['IgnoreUnmodifiedGroupSizeProperties'],
  CodeDeployLambdaAliasUpdate: undefined,
  EnableVersionUpgrade: undefined,
  UseOnlineResharding: undefined,
};

export function readDeclaration(found: unknown, name: string): ParameterDeclaration {
  if (!isRecord(found) || typeof found['Type'] !== 'string')
    throw refuseTemplate(`Every Parameters object must contain a Type member: ${name}`);
  refuseUnknown('parameter', found, PARAMETER_MEMBERS);
  const refuse = (member: string, form: string): never => {
    throw refuseTemplate(`Every ${member} member must be a ${form}: Parameters/${name}.`);
  };
  for (const [member, value] of Object.entries(found)) {
    const isPlain = ['string', 'number', 'boolean'].includes(typeof value);
    if (TEXTS.includes(member) && typeof value !== 'string') refuse(member, 'string');
    if (NUMERIC.includes(member) && (!isPlain || !/^-?\d+(?:\.\d+)?$/.test(String(value))))
      refuse(member, 'number');
    if (member === 'NoEcho' && !['true', 'false'].includes(String(value)))
      refuse(member, 'boolean');
    if (member === 'Default' && !isPlain) refuse(member, 'string');
    if (member === 'AllowedValues' && !isListOfTexts(value)) refuse(member, 'list of strings');
  }
  return { type: found['Type'], members: found };
}

export function readMapping(found: unknown, name: string): Values {
  if (!isRecord(found)) throw refuseTemplate(`Every Mappings member ${name} must be a map`);
  for (const [key, attributes] of Object.entries(found)) {
    if (!isRecord(attributes))
      throw refuseTemplate(`Every Mappings member ${name} must be a map of maps: ${key} is none`);
    for (const [attribute, value] of Object.entries(attributes)) {
      if (!/^[A-Za-z0-9]+$/.test(attribute))
        throw refuseTemplate(
          `Mappings attribute name '${attribute}' must contain only alphanumeric characters.`,
        );
      if (!['string', 'number', 'boolean'].includes(typeof value) && !isListOfTexts(value))
        throw refuseTemplate(
          `Every Mappings attribute must be a String or a List: ${name}/${key}/${attribute}`,
        );
    }
  }
  return found;
}

export function readCondition(found: unknown, name: string): Values {
  const [called, ...more] = isRecord(found) ? Object.keys(found) : [];
  if (isRecord(found) && more.length === 0 && CONDITION_FUNCTIONS.includes(called ?? ''))
    return found;
  throw refuseTemplate(
    `Conditions member ${name} must be one of ${CONDITION_FUNCTIONS.join(', ')}.`,
  );
}

export function readRule(found: unknown, name: string): TemplateRule {
  if (!isRecord(found)) throw refuseTemplate(`Rules member ${name} must be an object.`);
  refuseUnknown('rule', found, ['RuleCondition', 'Assertions']);
  const { RuleCondition: condition, Assertions: assertions } = found;
  if (condition !== undefined && !isRecord(condition))
    throw refuseTemplate(`RuleCondition of Rules/${name} must be an object.`);
  if (!Array.isArray(assertions) || assertions.length === 0)
    throw refuseTemplate(`Assertions of Rules/${name} must be a list with a member.`);
  return {
    condition,
    assertions: (assertions as unknown[]).map((one) => {
      if (!isRecord(one) || !isRecord(one['Assert']))
        throw refuseTemplate(`Every Assertions member of Rules/${name} must contain an Assert.`);
      refuseUnknown('rule', one, ['Assert', 'AssertDescription']);
      const { Assert: assert, AssertDescription: description } = one;
      if (description !== undefined && typeof description !== 'string')
        throw refuseTemplate(`AssertDescription of Rules/${name} must be a string.`);
      return { assert, description };
    }),
  };
}

export function readOutput(found: unknown, name: string): TemplateOutput {
  if (!isRecord(found) || found['Value'] === undefined || found['Value'] === null)
    throw refuseTemplate(`Every Outputs member must contain a Value object: ${name}`);
  refuseUnknown('output', found, OUTPUT_MEMBERS);
  const { Description: description, Export: exported, Condition: condition } = found;
  if (description !== undefined && typeof description !== 'string')
    throw refuseTemplate(`Every Description member must be a string: Outputs/${name}.`);
  if (condition !== undefined && typeof condition !== 'string')
    throw refuseTemplate(`Every Condition member must be a string: Outputs/${name}.`);
  const exportName = isRecord(exported) ? exported['Name'] : undefined;
  if (exported !== undefined && (exportName === undefined || exportName === null))
    throw refuseTemplate(`Output ${name} is malformed: its Export has no Name.`);
  if (isRecord(exported)) refuseUnknown('output', exported, ['Name']);
  return {
    value: found['Value'],
    ...(description === undefined ? {} : { description }),
    ...(exportName === undefined ? {} : { exportName }),
    ...(condition === undefined ? {} : { condition }),
  };
}

/** @throws AwsError for a CreationPolicy or UpdatePolicy that has what neither has */
export function judgePolicy(policy: Values, of: 'CreationPolicy' | 'UpdatePolicy'): void {
  const known: Readonly<Record<string, readonly string[] | undefined>> =
    of === 'CreationPolicy' ? CREATION_MEMBERS : UPDATE_MEMBERS;
  refuseUnknown(of, policy, Object.keys(known));
  for (const [name, value] of Object.entries(policy)) {
    const members = known[name];
    if (members === undefined) continue;
    if (!isRecord(value)) throw refuseTemplate(`${name} of ${of} must be an object.`);
    refuseUnknown(of, value, members);
  }
}

function refuseUnknown(noun: string, found: Values, known: readonly string[]): void {
  const unknown = Object.keys(found).find((member) => !known.includes(member));
  if (unknown === undefined) return;
  throw refuseTemplate(
    `Invalid template ${noun} property '${unknown.slice(0, 100)}'; it has ${known.join(', ')}`,
  );
}

function isListOfTexts(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => ['string', 'number', 'boolean'].includes(typeof one))
  );
}
