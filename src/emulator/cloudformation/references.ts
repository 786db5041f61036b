/**
 * What the values of a template refer to: which resources stand before which, and references to
 * what is not there, in CloudFormation's words. Pure.
 */
import { AwsError } from '../service.ts';
import {
  asFunction,
  readSub,
  refuseTemplateFunction,
  splitAttribute,
  splitSub,
} from './functions.ts';
import type { StackTemplate, TemplateResource } from './template.ts';
import { isRecord } from './values.ts';
import { refuseTemplate } from './template-text.ts';

/** A name that a value uses; with an attribute it is one of a resource. */
interface Use {
  readonly name: string;
  readonly attribute?: unknown;
}

const PSEUDO = [
  'AWS::AccountId',
  'AWS::NotificationARNs',
  'AWS::NoValue',
  'AWS::Partition',
  'AWS::Region',
  'AWS::StackId',
  'AWS::StackName',
  'AWS::URLSuffix',
];

/** @returns what a value uses, within functions too. @throws AwsError for a function unknown */
export function listUses(value: unknown): Use[] {
  if (Array.isArray(value)) return value.flatMap(listUses);
  if (!isRecord(value)) return [];
  const call = asFunction(value);
  if (call === undefined) return Object.values(value).flatMap(listUses);
  const { name, argument } = call;
  if (name === 'Ref') return [{ name: String(argument) }];
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = splitAttribute(argument);
    return [{ name: id, attribute }, ...listUses(attribute)];
  }
  if (name === 'Fn::Sub') {
    const { text, given } = readSub(argument);
    const used = splitSub(text).flatMap((part): Use[] => {
      if (typeof part === 'string' || Object.hasOwn(given, part.name)) return [];
      const [, id, attribute] = /^([^.]*)\.(.*)$/.exec(part.name) ?? [];
      return [id === undefined ? { name: part.name } : { name: id, attribute }];
    });
    return [...used, ...listUses(given)];
  }
  return listUses(argument);
}

/** The resources that stand before one: those that it uses or names in DependsOn. */
export function listDependencies(
  { properties, dependsOn }: TemplateResource,
  ids: ReadonlySet<string>,
): string[] {
  const used = listUses(properties).map(({ name }) => name);
  return [...new Set([...dependsOn, ...used])].filter((id) => ids.has(id));
}

/**
 * Judges the references of a template.
 *
 * @throws AwsError ValidationError
 */
export function judgeReferences(template: StackTemplate): void {
  const { resources, parameters, outputs, conditions, rules } = template;
  const missing = (values: readonly unknown[]): string[] =>
    values
      .flatMap(listUses)
      .filter(({ name, attribute }) => {
        if (Object.hasOwn(resources, name)) return false;
        if (attribute !== undefined)
          throw refuseTemplateFunction(
            `instance of Fn::GetAtt references undefined resource ${name}`,
          );
        return !Object.hasOwn(parameters, name) && !PSEUDO.includes(name);
      })
      .map(({ name }) => name);
  const refuseMissing = (section: string, names: readonly string[]): void => {
    if (names.length > 0)
      throw refuseTemplate(
        `Unresolved resource dependencies [${[...new Set(names)].join(', ')}] in the ${section} ` +
          'block of the template',
      );
  };
  const all = Object.values(resources);
  refuseMissing('Resources', [
    ...missing(all.map(({ properties }) => properties)),
    ...all.flatMap(({ dependsOn }) => dependsOn.filter((id) => !Object.hasOwn(resources, id))),
  ]);
  refuseMissing(
    'Outputs',
    missing(Object.values(outputs).map(({ value, exportName }) => [value, exportName])),
  );
  for (const [section, values] of Object.entries({ Conditions: conditions, Rules: rules })) {
    const used = listUses(values).map(({ name }) => name);
    const wrong = used.filter((name) => !Object.hasOwn(parameters, name) && !PSEUDO.includes(name));
    if (wrong.length > 0)
      throw refuseTemplate(
        `Unresolved dependencies [${[...new Set(wrong)].join(', ')}]. Cannot reference resources ` +
          `in the ${section} block of the template`,
      );
  }
  judgeConditions(template);
  judgeMappings(template);
  refuseCircles(template);
}

function judgeConditions({ resources, outputs, conditions, rules }: StackTemplate): void {
  const all = Object.values(resources);
  const told = Object.values(outputs);
  const used = {
    Resources: [
      ...all.flatMap(({ condition = [] }) => condition),
      ...listConditions(all.map(({ properties, creationPolicy }) => [properties, creationPolicy])),
    ],
    Outputs: [
      ...told.flatMap(({ condition = [] }) => condition),
      ...listConditions(told.map(({ value, exportName }) => [value, exportName])),
    ],
    Conditions: [...listConditions(conditions), ...listNamedConditions(conditions)],
    Rules: [...listConditions(rules), ...listNamedConditions(rules)],
  };
  for (const [section, names] of Object.entries(used))
    for (const name of names)
      if (!Object.hasOwn(conditions, name))
        throw refuseTemplate(
          `Unresolved condition dependency ${name} in the ${section} block of the template`,
        );
}

/** The conditions that Fn::If asks for, within functions too. */
function listConditions(value: unknown): string[] {
  return listArguments(value, 'Fn::If').map((argument) => {
    const [name] = Array.isArray(argument) ? (argument as unknown[]) : [];
    if (typeof name === 'string' && (argument as unknown[]).length === 3) return name;
    throw refuseTemplateFunction('every Fn::If object requires a list of 3 parameters.');
  });
}

/** The conditions that others name; in a policy of IAM the same key is something else. */
function listNamedConditions(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(listNamedConditions);
  if (!isRecord(value)) return [];
  const { Condition: name } = value;
  if (typeof name === 'string' && Object.keys(value).length === 1) return [name];
  return Object.values(value).flatMap(listNamedConditions);
}

function listArguments(value: unknown, called: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => listArguments(one, called));
  if (!isRecord(value)) return [];
  const inner = Object.values(value).flatMap((one) => listArguments(one, called));
  const call = asFunction(value);
  return call?.name === called ? [call.argument, ...inner] : inner;
}

function judgeMappings({ resources, outputs, conditions, mappings }: StackTemplate): void {
  const properties = Object.values(resources).map((one) => one.properties);
  for (const argument of listArguments([properties, outputs, conditions], 'Fn::FindInMap')) {
    const [name] = Array.isArray(argument) ? (argument as unknown[]) : [];
    if (typeof name === 'string' && !Object.hasOwn(mappings, name))
      throw refuseTemplateFunction(
        `Mapping named '${name}' is not present in the 'Mappings' section of template.`,
      );
  }
}

function refuseCircles({ resources }: StackTemplate): void {
  const ids = new Set(Object.keys(resources));
  const left = new Map(
    Object.values(resources).map((one) => [one.id, new Set(listDependencies(one, ids))]),
  );
  for (let before = Infinity; left.size < before;) {
    before = left.size;
    for (const [id, waits] of left) if ([...waits].every((one) => !left.has(one))) left.delete(id);
  }
  if (left.size > 0)
    throw new AwsError(
      'ValidationError',
      `Circular dependency between resources: [${[...left.keys()].join(', ')}]`,
    );
}
