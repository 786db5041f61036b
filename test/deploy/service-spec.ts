/**
 * Judges the resources of a template by the schemas that AWS publishes of CloudFormation: types,
 * properties, which of them are required, values, allowed words, attributes that are read.
 */
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';
import {
  type AwsValue,
  type DeploymentTemplate,
  Joined,
  PseudoParameter,
  PublicParameter,
  Reference,
  Zone,
} from '../../src/deploy/template.ts';

const database = await loadAwsServiceSpec();
type Resource = ReturnType<typeof findResource>;
type Property = Resource['properties'][string];
type Shape = Property['type'];

function findResource(type: string) {
  return database.lookup('resource', 'cloudFormationType', 'equals', type).only();
}

/** A sentence for each fault. */
export function judgeByServiceSpec(template: DeploymentTemplate): string[] {
  const types = new Map(template.resources.map(({ id, type }) => [id, type]));
  return template.resources.flatMap(({ id, type, properties }) => {
    let resource: Resource;
    try {
      resource = findResource(type);
    } catch {
      return [`${id}: there is no ${type}`];
    }
    const spell = (name: string): string => name;
    return judgeMembers(properties, resource.properties, { at: `${id} (${type})`, types, spell });
  });
}

/**
 * Judges what a call of the service takes for this type of resource, or for a part of it that the
 * schema names: names begin with a small letter there.
 */
export function judgeApiInput(
  type: string,
  part: string | undefined,
  value: Readonly<Record<string, AwsValue>>,
): string[] {
  const resource = findResource(type);
  const definitions = database.follow('usesType', resource).map(({ entity }) => entity);
  const definition = definitions.find(({ name }) => name === part);
  if (part !== undefined && definition === undefined) return [`${type} has no ${part}`];
  const spell = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const judging = { at: part ?? type, types: new Map<string, string>(), spell };
  return judgeMembers(value, (definition ?? resource).properties, judging);
}

interface Judging {
  readonly at: string;
  /** Makes the schema's name of a property of the one that is given. */
  readonly spell: (name: string) => string;
  /** Of all resources, by id. */
  readonly types: ReadonlyMap<string, string>;
}

function judgeMembers(
  given: Readonly<Record<string, AwsValue>>,
  known: Readonly<Record<string, Property>>,
  judging: Judging,
): string[] {
  const spelled = new Set(Object.keys(given).map(judging.spell));
  const missing = Object.entries(known)
    .filter(([name, { required }]) => required === true && !spelled.has(name))
    .map(([name]) => `${judging.at}: ${name} is missing`);
  const rest = Object.entries(given).flatMap(([name, value]) => {
    const property = known[judging.spell(name)];
    const at = `${judging.at}.${name}`;
    if (property === undefined) return [`${at} is unknown`];
    return judgeValue(value, property.type, { ...judging, at });
  });
  return [...missing, ...rest];
}

function judgeValue(value: AwsValue, shape: Shape, judging: Judging): string[] {
  const { at } = judging;
  if (value instanceof Reference) return judgeReference(value, judging);
  if (value instanceof Joined) {
    const references = value.parts.filter((part) => part instanceof Reference);
    return references.flatMap((part) => judgeReference(part, judging));
  }
  if ([PseudoParameter, PublicParameter, Zone].some((kind) => value instanceof kind)) return [];
  const wrong = (what: string): string[] => [`${at} is ${JSON.stringify(value)}, not ${what}`];
  switch (shape.type) {
    case 'string': {
      if (typeof value !== 'string') return wrong('a string');
      const { allowedValues } = shape;
      return allowedValues === undefined || allowedValues.includes(value)
        ? []
        : wrong(`one of ${allowedValues.join(', ')}`);
    }
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('a boolean');
    case 'integer':
    case 'number':
      return typeof value === 'number' ? [] : wrong('a number');
    case 'array':
      if (!Array.isArray(value)) return wrong('a list');
      return value.flatMap((one: AwsValue, i) =>
        judgeValue(one, shape.element, { ...judging, at: `${at}[${i}]` }),
      );
    case 'map':
      if (!isMembers(value)) return wrong('a map');
      return Object.entries(value).flatMap(([key, one]) =>
        judgeValue(one, shape.element, { ...judging, at: `${at}.${key}` }),
      );
    case 'ref': {
      if (!isMembers(value)) return wrong('an object');
      const definition = database.get('typeDefinition', shape.reference.$ref);
      return judgeMembers(value, definition.properties, judging);
    }
    case 'tag':
      return isMembers(value) && 'Key' in value && 'Value' in value ? [] : wrong('a tag');
    case 'union': {
      const faults = shape.types.map((one) => judgeValue(value, one, judging));
      return faults.some((one) => one.length === 0) ? [] : (faults[0] ?? []);
    }
    default:
      return [];
  }
}

function judgeReference({ id, attribute }: Reference, { at, types }: Judging): string[] {
  const type = types.get(id);
  if (type === undefined) return [`${at} uses ${id}: there is none`];
  if (attribute === undefined) return [];
  const { attributes } = findResource(type);
  return attribute in attributes ? [] : [`${at} uses ${id}.${attribute}: ${type} has none`];
}

function isMembers(value: AwsValue): value is Readonly<Record<string, AwsValue>> {
  return typeof value === 'object' && !Array.isArray(value);
}
