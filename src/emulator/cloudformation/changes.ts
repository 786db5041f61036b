/**
 * What a template would change of a stack: its resources that would be added, changed, replaced or
 * removed, found without making any. What is known only after is a text that equals no other.
 */
import { evaluate, type FunctionScope } from './functions.ts';
import { isSameProperty, listChanged, replaces } from './property-shape.ts';
import type { Made } from './resource-kind.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';
import { isResourceGone } from './resource-steps.ts';
import { chooseResources, findWaits, openScope, type ScopeParts } from './scope.ts';
import type { EmulatedStack, StackInputs } from './stack.ts';
import type { TemplateResource } from './template.ts';
import type { Values } from './values.ts';

export interface ResourceChange {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly id: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly isReplaced: boolean;
  /** The properties that differ; `Tags` where tags of the stack do. */
  readonly names: readonly string[];
}

const UNKNOWN = '{{changeSet:KNOWN_AFTER_APPLY}}';

/** @throws AwsError for a template whose values cannot be found */
export async function listChanges(
  stack: EmulatedStack,
  inputs: StackInputs,
  edges: Pick<ScopeParts, 'deploy' | 'importValue' | 'place'>,
): Promise<ResourceChange[]> {
  const made = new Map<string, Made>();
  const alive = new Map([...stack.resources].filter(([, resource]) => !isResourceGone(resource)));
  const scope = await openScope({ ...edges, inputs, stack, findMade: (id) => made.get(id) });
  const chosen = chooseResources(inputs.template, scope);
  const changes: ResourceChange[] = [];
  for (const resource of sortByUse(chosen, scope)) {
    const { id, type } = resource;
    const kind = RESOURCE_KINDS.get(type);
    const old = alive.get(id);
    const fresh: Made = {
      id: `${UNKNOWN}${id}`,
      attributes: Object.fromEntries(
        (kind?.attributes ?? []).map((name) => [name, `${UNKNOWN}${id}.${name}`]),
      ),
    };
    const declared = evaluate(resource.properties, scope) as Values;
    if (old === undefined || kind === undefined) {
      made.set(id, fresh);
      changes.push({ action: 'Add', id, type, isReplaced: false, names: [] });
      continue;
    }
    const names = listChanged(old.declared, declared);
    const isReplaced =
      replaces(names, kind.shape) ||
      kind.replacesByPolicy?.(resource.updatePolicy, names) === true ||
      (names.length > 0 && kind.update === undefined);
    made.set(id, isReplaced ? fresh : (old.made ?? fresh));
    const hasTags = 'Tags' in kind.shape.members && !isSameProperty(stack.inputs.tags, inputs.tags);
    if (names.length > 0 || hasTags || !isSameProperty(old.metadata, resource.metadata))
      changes.push({
        action: 'Modify',
        id,
        type,
        isReplaced,
        physicalId: old.made?.id ?? '',
        names: hasTags && !names.includes('Tags') ? [...names, 'Tags'] : names,
      });
  }
  for (const { id, type, made: gone } of alive.values())
    if (!chosen.has(id))
      changes.push({
        action: 'Remove',
        id,
        type,
        physicalId: gone?.id ?? '',
        isReplaced: false,
        names: [],
      });
  return changes;
}

/** Whether nothing would be done: no resource changes, and nothing else of the template does. */
export function isNothing(
  changes: readonly ResourceChange[],
  before: StackInputs,
  after: StackInputs,
): boolean {
  return (
    changes.length === 0 &&
    isSameProperty(before.tags, after.tags) &&
    isSameProperty(before.template.outputs, after.template.outputs) &&
    isSameProperty(listPolicies(before), listPolicies(after))
  );
}

function listPolicies({ template }: StackInputs): unknown {
  return Object.values(template.resources).map(({ id, deletionPolicy, updateReplacePolicy }) => [
    id,
    deletionPolicy,
    updateReplacePolicy,
  ]);
}

function sortByUse(
  chosen: ReadonlyMap<string, TemplateResource>,
  scope: FunctionScope,
): TemplateResource[] {
  const waits = findWaits(chosen, scope);
  const sorted = new Set<TemplateResource>();
  const visit = (id: string): void => {
    const resource = chosen.get(id) as TemplateResource;
    if (sorted.has(resource)) return;
    for (const used of waits.get(id) ?? []) visit(used);
    sorted.add(resource);
  };
  for (const id of chosen.keys()) visit(id);
  return [...sorted];
}
