/**
 * The parts of a template: what each may have in it, judged in CloudFormation's words. Whether its
 * resources and values exist is judged in references.ts. Pure.
 * Limits: those of AWS on a template: RESOURCES_MAX, PARAMETERS_MAX, OUTPUTS_MAX, MAPPINGS_MAX.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
 */
import {
  judgePolicy,
  type ParameterDeclaration,
  readCondition,
  readMapping,
  readOutput,
  readDeclaration,
  readRule,
  type TemplateOutput,
  type TemplateRule,
} from './template-members.ts';
import { readTemplateText, refuseTemplate } from './template-text.ts';
import { isRecord, mapValues, type Values } from './values.ts';

export interface TemplateResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Values;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
  readonly creationPolicy: Values;
  readonly updatePolicy: Values;
  readonly metadata: unknown;
}

export interface StackTemplate {
  readonly text: string;
  readonly description?: string;
  readonly metadata?: unknown;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly mappings: Values;
  readonly conditions: Values;
  readonly rules: Readonly<Record<string, TemplateRule>>;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: Readonly<Record<string, TemplateOutput>>;
}

const SECTIONS = [
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Mappings',
  'Conditions',
  'Rules',
  'Resources',
  'Outputs',
];
const RESOURCE_MEMBERS = [
  'Type',
  'Properties',
  'DependsOn',
  'Condition',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'CreationPolicy',
  'UpdatePolicy',
  'Metadata',
];
const POLICIES = ['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'] as const;
type DeletionPolicy = (typeof POLICIES)[number];
const RESOURCES_MAX = 500;
const PARAMETERS_MAX = 200;
const OUTPUTS_MAX = 200;
const MAPPINGS_MAX = 200;

/** @throws AwsError ValidationError */
export function parseTemplate(text: string): StackTemplate {
  const root = readTemplateText(text);
  if (!isRecord(root)) throw refuseTemplate('unsupported structure.');
  const unknown = Object.keys(root).filter((name) => !SECTIONS.includes(name));
  if (unknown.includes('Transform'))
    throw refuseTemplate('this emulator has no Transform: expand macros before');
  if (unknown.length > 0)
    throw refuseTemplate(`Invalid template property or properties [${unknown.join(', ')}]`);
  const version = root['AWSTemplateFormatVersion'] ?? '2010-09-09';
  if (version !== '2010-09-09')
    throw refuseTemplate(`Template version ${String(version)} is not supported`);
  const resources = readSection(root, 'Resources', RESOURCES_MAX);
  if (Object.keys(resources).length === 0)
    throw refuseTemplate('At least one Resources member must be defined.');
  const { Description: description } = root;
  if (description !== undefined && typeof description !== 'string')
    throw refuseTemplate('Every Description member must be a string.');
  return {
    text,
    ...(description === undefined ? {} : { description }),
    ...(root['Metadata'] === undefined ? {} : { metadata: root['Metadata'] }),
    parameters: mapValues(readSection(root, 'Parameters', PARAMETERS_MAX), readDeclaration),
    mappings: mapValues(readSection(root, 'Mappings', MAPPINGS_MAX), readMapping),
    conditions: mapValues(readSection(root, 'Conditions', RESOURCES_MAX), readCondition),
    rules: mapValues(readSection(root, 'Rules', RESOURCES_MAX), readRule),
    resources: mapValues(resources, readResource),
    outputs: mapValues(readSection(root, 'Outputs', OUTPUTS_MAX), readOutput),
  };
}

function readSection(root: Values, section: string, most: number): Values {
  const found = root[section];
  if (found === undefined) return {};
  if (!isRecord(found)) throw refuseTemplate(`Template ${section} must be an object.`);
  const names = Object.keys(found);
  if (names.length > most)
    throw refuseTemplate(
      `Number of ${section.toLowerCase()}, ${names.length}, is greater than maximum allowed, ` +
        String(most),
    );
  const noun = section.replace(/s$/, '');
  for (const name of names)
    if (!/^[A-Za-z0-9]{1,255}$/.test(name))
      throw refuseTemplate(`${noun} name ${name.slice(0, 100)} is non alphanumeric.`);
  return found;
}

function readResource(found: unknown, id: string): TemplateResource {
  const refuse = (what: string): never => {
    throw refuseTemplate(`[/Resources/${id}] ${what}`);
  };
  if (!isRecord(found) || typeof found['Type'] !== 'string')
    return refuse('Every Resources object must contain a Type member.');
  const unknown = Object.keys(found).find((member) => !RESOURCE_MEMBERS.includes(member));
  if (unknown !== undefined)
    throw refuseTemplate(`Invalid template resource property '${unknown}'`);
  const record = (member: string): Values => {
    const value = found[member] ?? {};
    if (!isRecord(value)) return refuse(`${member} must be an object.`);
    return value;
  };
  const policy = (member: string): DeletionPolicy => {
    const value = found[member] ?? 'Delete';
    const known = POLICIES.find((one) => one === value);
    return known ?? refuse(`Unrecognized ${member} ${String(value)} for resource ${id}`);
  };
  const { DependsOn: after = [], Condition: condition } = found;
  const dependsOn: unknown[] = Array.isArray(after) ? after : [after];
  if (!dependsOn.every((one) => typeof one === 'string'))
    return refuse('Every DependsOn value must be a string.');
  if (condition !== undefined && typeof condition !== 'string')
    return refuse('Every Condition member must be a string.');
  refuseNulls(found['Properties'], `/Resources/${id}/Properties`);
  const creationPolicy = record('CreationPolicy');
  const updatePolicy = record('UpdatePolicy');
  judgePolicy(creationPolicy, 'CreationPolicy');
  judgePolicy(updatePolicy, 'UpdatePolicy');
  return {
    id,
    type: found['Type'],
    properties: record('Properties'),
    dependsOn,
    ...(condition === undefined ? {} : { condition }),
    deletionPolicy: policy('DeletionPolicy'),
    updateReplacePolicy: policy('UpdateReplacePolicy'),
    creationPolicy,
    updatePolicy,
    metadata: found['Metadata'],
  };
}

function refuseNulls(value: unknown, at: string): void {
  if (value === null) throw refuseTemplate(`[${at}] 'null' values are not allowed in templates`);
  if (typeof value !== 'object') return;
  for (const [key, one] of Object.entries(value)) refuseNulls(one, `${at}/${key}`);
}
