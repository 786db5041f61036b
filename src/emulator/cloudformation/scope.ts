/**
 * What the values of a stack's template stand for: parameters, pseudo parameters, resources that
 * are there, conditions, exports of other stacks.
 */
import { AwsError, type AwsPlace } from '../service.ts';
import { isTruth, makeRoom, refuseTemplateFunction, type FunctionScope } from './functions.ts';
import { listDependencies } from './references.ts';
import type { Deployer, Made } from './resource-kind.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';
import type { StackTemplate, TemplateResource } from './template.ts';
import { mapValues, type Values } from './values.ts';
import { refuseTemplate } from './template-text.ts';
import type { ParameterValues } from './template-parameters.ts';

export interface ScopeParts {
  readonly inputs: { readonly template: StackTemplate; readonly parameters: ParameterValues };
  readonly stack: { readonly name: string; readonly id: string };
  readonly place: AwsPlace;
  readonly deploy: Deployer;
  importValue(name: string): string;
  /** Undefined for one that is not there yet. */
  findMade(id: string): Made | undefined;
}

/** Reads first what has to be asked for: the zones, where the template names them. */
export async function openScope(parts: ScopeParts): Promise<FunctionScope> {
  const needsZones = parts.inputs.template.text.includes('GetAZs');
  const answer = needsZones ? await parts.deploy('ec2', 'DescribeAvailabilityZones', {}) : {};
  const zones = (answer['AvailabilityZones'] ?? []) as readonly Values[];
  return makeScope(
    parts,
    zones.map(({ ZoneName }) => String(ZoneName)),
  );
}

/**
 * Conditions and rules are judged before there is a stack: they know parameters alone.
 *
 * @throws AwsError where a rule of the template does not hold, or a condition cannot be told
 */
export function judgeRules(parts: Pick<ScopeParts, 'inputs' | 'place' | 'stack'>): void {
  const importValue = (): never => {
    throw refuseTemplateFunction('Fn::ImportValue cannot be used in Conditions or Rules');
  };
  const scope = makeScope({ ...parts, importValue, findMade: () => undefined }, []);
  // All of them, used or not, as CloudFormation does; those in a circle are found so.
  for (const name of Object.keys(parts.inputs.template.conditions)) scope.isTrue(name);
  for (const [name, rule] of Object.entries(parts.inputs.template.rules)) {
    if (rule.condition !== undefined && !isTruth(rule.condition, scope)) continue;
    for (const { assert, description } of rule.assertions)
      if (!isTruth(assert, scope))
        throw refuseTemplate(`Rule ${name}: ${String(description ?? 'its assertion failed')}`);
  }
}

function makeScope(parts: Omit<ScopeParts, 'deploy'>, zones: readonly string[]): FunctionScope {
  const { inputs, stack, place } = parts;
  const { template, parameters } = inputs;
  const pseudo: Values = {
    'AWS::AccountId': place.accountId,
    'AWS::NotificationARNs': [],
    'AWS::Partition': 'aws',
    'AWS::Region': place.region,
    'AWS::StackId': stack.id,
    'AWS::StackName': stack.name,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const known = new Map<string, boolean | undefined>();
  const need = (id: string): Made => {
    const made = parts.findMade(id);
    if (made !== undefined) return made;
    throw refuseTemplate(
      `Unresolved resource dependencies [${id}] in the Resources block of the template`,
    );
  };
  const scope: FunctionScope = {
    mappings: template.mappings,
    ref: (name) => {
      if (Object.hasOwn(pseudo, name)) return pseudo[name];
      const given = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
      return given === undefined ? need(name).id : given.value;
    },
    attribute: (id, name) => {
      const type = template.resources[id]?.type ?? '';
      if (RESOURCE_KINDS.get(type)?.attributes.includes(name) !== true)
        throw refuseTemplateFunction(
          `resource ${id} does not support attribute type ${name} in Fn::GetAtt`,
        );
      return need(id).attributes[name] ?? '';
    },
    isTrue: (name) => {
      if (!Object.hasOwn(template.conditions, name))
        throw refuseTemplateFunction(`unresolved condition dependency ${name}`);
      if (!known.has(name)) {
        known.set(name, undefined);
        known.set(name, isTruth(template.conditions[name], scope));
      }
      const found = known.get(name);
      if (found !== undefined) return found;
      throw new AwsError('ValidationError', `Circular dependency between conditions: [${name}]`);
    },
    zones: (region) => {
      if (region === '' || region === place.region) return zones;
      throw refuseTemplateFunction(
        `Fn::GetAZs: this emulator tells the zones of ${place.region} alone`,
      );
    },
    importValue: (name) => parts.importValue(name),
    room: makeRoom(),
  };
  return scope;
}

/** The resources whose condition holds. */
export function chooseResources(
  { resources }: StackTemplate,
  scope: FunctionScope,
): ReadonlyMap<string, TemplateResource> {
  return new Map(
    Object.entries(resources).filter(
      ([, { condition }]) => condition === undefined || scope.isTrue(condition),
    ),
  );
}

/** What each resource waits for, by id. */
export function findWaits(
  chosen: ReadonlyMap<string, TemplateResource>,
  scope: FunctionScope,
): ReadonlyMap<string, readonly string[]> {
  const ids = new Set(chosen.keys());
  return new Map(
    [...chosen].map(([id, resource]) => {
      const properties = chooseBranches(resource.properties, scope) as Values;
      return [id, listDependencies({ ...resource, properties }, ids)] as const;
    }),
  );
}

/** Takes the branches of `Fn::If` that hold, so that what is not chosen is not waited for. */
export function chooseBranches(value: unknown, scope: FunctionScope): unknown {
  if (Array.isArray(value)) return value.map((one) => chooseBranches(one, scope));
  if (typeof value !== 'object' || value === null) return value;
  const branches = (value as Values)['Fn::If'];
  if (Array.isArray(branches) && branches.length === 3 && Object.keys(value).length === 1) {
    const [condition, yes, no] = branches as readonly unknown[];
    return chooseBranches(scope.isTrue(String(condition)) ? yes : no, scope);
  }
  return mapValues(value as Values, (one) => chooseBranches(one, scope));
}
