/**
 * The values of a template's parameters: given, kept from before or by default, judged by what the
 * template says of them. Pure; values that SSM keeps are read by who calls.
 * Limit: VALUE_MAX_BYTES of a value.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
 */
import { AwsError } from '../service.ts';
import { AllowedPatterns } from './allowed-patterns.ts';
import type { StackTemplate } from './template.ts';
import type { ParameterDeclaration } from './template-members.ts';
import { refuseTemplate } from './template-text.ts';

/** As a call gives it. */
export interface GivenParameter {
  readonly ParameterKey?: unknown;
  readonly ParameterValue?: unknown;
  readonly UsePreviousValue?: unknown;
}

export interface ParameterValue {
  /** As it was given: the name of a parameter of SSM. */
  readonly text: string;
  /** As the template uses it; of one of SSM, once it was read. */
  readonly value: string | readonly string[];
  readonly isHidden: boolean;
  /** The name in SSM whose value it is. */
  readonly isStored: boolean;
}

export type ParameterValues = Readonly<Record<string, ParameterValue>>;

const VALUE_MAX_BYTES = 4_096;
const PLAIN = ['String', 'Number', 'List<Number>', 'CommaDelimitedList'];
const STORED = /^AWS::SSM::Parameter::Value<(.+)>$/;
/** Types of AWS's own ids, which are text. */
const IDS = /^(?:List<)?AWS::(?:EC2|Route53|SSM)::[A-Za-z0-9:]+>?$/;

/** @throws AwsError ValidationError */
export function judgeParameters(
  { parameters }: StackTemplate,
  given: readonly GivenParameter[],
  before: ParameterValues = {},
): ParameterValues {
  const byKey = new Map(given.map((one) => [String(one.ParameterKey), one]));
  const unknown = [...byKey.keys()].filter((key) => !Object.hasOwn(parameters, key));
  if (unknown.length > 0)
    throw new AwsError(
      'ValidationError',
      `Parameters: [${unknown.join(', ')}] do not exist in the template`,
    );
  const patterns = new AllowedPatterns();
  const missing: string[] = [];
  const values: Record<string, ParameterValue> = {};
  for (const [key, declaration] of Object.entries(parameters)) {
    const one = byKey.get(key);
    const isKept = String(one?.UsePreviousValue) === 'true';
    const text = isKept
      ? before[key]?.text
      : (one?.ParameterValue ?? declaration.members['Default']);
    if (text === undefined || text === null) missing.push(key);
    else values[key] = judgeValue({ key, text: String(text), patterns }, declaration);
  }
  if (missing.length > 0)
    throw new AwsError('ValidationError', `Parameters: [${missing.join(', ')}] must have values`);
  return values;
}

interface Judged {
  readonly key: string;
  readonly text: string;
  readonly patterns: AllowedPatterns;
}

function judgeValue(judged: Judged, declaration: ParameterDeclaration): ParameterValue {
  const { text } = judged;
  const { type, members } = declaration;
  const [, stored] = STORED.exec(type) ?? [];
  if (!PLAIN.includes(stored ?? type) && !IDS.test(stored ?? type))
    throw refuseTemplate(`Unrecognized parameter type: ${type}`);
  const isHidden = String(members['NoEcho']) === 'true';
  judgeConstraints(judged, declaration);
  const value = stored === undefined ? asValue(type, text) : text;
  return { text, value, isHidden, isStored: stored !== undefined };
}

/** A value as the template uses it: a list where its type is one. */
export function asValue(type: string, text: string): string | readonly string[] {
  const [, stored = type] = STORED.exec(type) ?? [];
  const isList = stored === 'CommaDelimitedList' || stored.startsWith('List<');
  return isList ? text.split(',').map((one) => one.trim()) : text;
}

function judgeConstraints(
  { key, text, patterns }: Judged,
  declaration: ParameterDeclaration,
): void {
  const { type, members } = declaration;
  const refuse = (otherwise: string): never => {
    const said = members['ConstraintDescription'];
    throw new AwsError(
      'ValidationError',
      said === undefined
        ? otherwise
        : `Parameter ${key} failed to satisfy constraint: ${String(said)}`,
    );
  };
  if (Buffer.byteLength(text) > VALUE_MAX_BYTES)
    throw new AwsError(
      'ValidationError',
      `Parameter ${key} is larger than ${VALUE_MAX_BYTES} bytes`,
    );
  const { AllowedValues: allowed, AllowedPattern: pattern } = members;
  const parts = type === 'CommaDelimitedList' ? text.split(',').map((one) => one.trim()) : [text];
  if (Array.isArray(allowed) && !parts.every((one) => allowed.map(String).includes(one)))
    refuse(`Parameter '${key}' must be one of AllowedValues`);
  if (typeof pattern === 'string' && !patterns.matches(pattern, text))
    refuse(`Parameter '${key}' must match pattern ${pattern}`);
  const limit = (name: string, otherwise: number): number => Number(members[name] ?? otherwise);
  if (text.length < limit('MinLength', 0))
    refuse(`Parameter '${key}' must contain at least ${String(members['MinLength'])} characters`);
  if (text.length > limit('MaxLength', Infinity))
    refuse(`Parameter '${key}' must contain at most ${String(members['MaxLength'])} characters`);
  if (type !== 'Number' && type !== 'List<Number>') return;
  for (const one of type === 'Number' ? [text] : text.split(',')) {
    const number = Number(one);
    if (one.trim() === '' || Number.isNaN(number)) refuse(`Parameter '${key}' must be a number`);
    if (number < limit('MinValue', -Infinity))
      refuse(`Parameter '${key}' must be a number not less than ${String(members['MinValue'])}`);
    if (number > limit('MaxValue', Infinity))
      refuse(`Parameter '${key}' must be a number not greater than ${String(members['MaxValue'])}`);
  }
}
