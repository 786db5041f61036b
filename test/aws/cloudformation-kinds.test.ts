/**
 * The types of resources of the emulated CloudFormation, judged by the schemas that AWS publishes:
 * each property exists with its type, its duty and what a change of it does, and each attribute.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';
import {
  fitProperties,
  type PropertyShape,
} from '../../src/emulator/cloudformation/property-shape.ts';
import { RESOURCE_KINDS } from '../../src/emulator/cloudformation/resources/kinds.ts';
import { renderCloudFormation } from '../../src/deploy/cloudformation/render.ts';
import { isRecord } from '../../src/emulator/cloudformation/values.ts';
import { describeModel, MODELS } from '../deploy/models.ts';

const database = await loadAwsServiceSpec();
type Resource = ReturnType<typeof findResource>;
type Published = Resource['properties'][string];

function findResource(type: string) {
  return database.lookup('resource', 'cloudFormationType', 'equals', type).only();
}

const PLAIN: Readonly<Record<string, readonly string[]>> = {
  string: ['text', 'number'],
  'date-time': ['text'],
  boolean: ['flag'],
  integer: ['number'],
  number: ['number'],
  json: ['any'],
};

/** A sentence for each way in which a shape is not what is published. */
function judge(shape: PropertyShape, published: Published['type'], at: string): string[] {
  if (published.type === 'union') {
    const faults = published.types.map((one) => judge(shape, one, at));
    return faults.some((one) => one.length === 0) ? [] : (faults[0] ?? []);
  }
  const wrong = [`${at} is ${shape.kind}, published as ${published.type}`];
  if (shape.kind === 'list')
    return published.type === 'array' ? judge(shape.of, published.element, `${at}[]`) : wrong;
  if (shape.kind === 'map')
    return published.type === 'map' || published.type === 'json' ? [] : wrong;
  if (shape.kind === 'object') {
    if (published.type === 'tag') return [];
    if (published.type !== 'ref') return wrong;
    const { properties } = database.get('typeDefinition', published.reference.$ref);
    return judgeMembers(shape, properties, at);
  }
  return PLAIN[published.type]?.includes(shape.kind) === true ? [] : wrong;
}

function judgeMembers(
  { members }: Extract<PropertyShape, { kind: 'object' }>,
  properties: Readonly<Record<string, Published>>,
  at: string,
): string[] {
  return Object.entries(members).flatMap(([name, { shape, isRequired }]) => {
    const published = properties[name];
    if (published === undefined) return [`${at}.${name} does not exist`];
    const duty =
      (published.required === true) === isRequired ? [] : [`${at}.${name}: required differs`];
    return [...duty, ...judge(shape, published.type, `${at}.${name}`)];
  });
}

for (const kind of RESOURCE_KINDS.values())
  test(`${kind.type}: as its schema says`, () => {
    const published = findResource(kind.type);
    const faults = judgeMembers(kind.shape, published.properties, kind.type);
    for (const [name, { isReplacing }] of Object.entries(kind.shape.members)) {
      const says = published.properties[name]?.causesReplacement;
      if ((says === 'yes' || says === 'maybe') !== isReplacing)
        faults.push(`${kind.type}.${name}: a change replaces: ${String(says)}`);
      if (!isReplacing && kind.update === undefined)
        faults.push(`${kind.type}.${name} can be changed, and the kind changes nothing`);
    }
    for (const name of kind.attributes)
      if (!(name in published.attributes)) faults.push(`${kind.type} has no attribute ${name}`);
    if (kind.name !== undefined && !(kind.name in published.properties))
      faults.push(`${kind.type} is not named by ${kind.name}`);
    assert.deepEqual(faults, []);
  });

/** Values of functions are texts, or lists, until they are known. */
function withoutFunctions(value: unknown, shape: PropertyShape | undefined): unknown {
  if (Array.isArray(value))
    return value.map((one) => withoutFunctions(one, shape?.kind === 'list' ? shape.of : undefined));
  if (!isRecord(value)) return value;
  const [name = ''] = Object.keys(value);
  if (name === 'Ref' || name.startsWith('Fn::')) return shape?.kind === 'number' ? 1 : 'text';
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      withoutFunctions(one, shape?.kind === 'object' ? shape.members[key]?.shape : undefined),
    ]),
  );
}

test('each property of each generated template is one that the kinds take', () => {
  let fitted = 0;
  for (const [model, more] of Object.entries(MODELS)) {
    const template = renderCloudFormation(describeModel(more));
    const resources = template['Resources'] as Record<string, Record<string, unknown>>;
    for (const [id, { Type: type, Properties: properties }] of Object.entries(resources)) {
      const kind = RESOURCE_KINDS.get(String(type));
      assert.ok(kind !== undefined, `${model}: ${id}: there is no ${String(type)}`);
      const values = withoutFunctions(properties ?? {}, kind.shape) as Record<string, unknown>;
      assert.deepEqual(fitProperties(values, kind.shape), values, `${model}: ${id}`);
      fitted += 1;
    }
  }
  assert.ok(fitted > 300, String(fitted));
});
