/** Removes resources of a stack in the order of their graph: what uses others goes first. */
import { reverseGraph, walkGraph } from './graph.ts';
import { isResourceGone, removeResource, type StepParts } from './resource-steps.ts';
import type { StackResource } from './stack.ts';

/** A resource that another came in the place of, or that the template lacks now. */
export interface Leftover {
  readonly resource: StackResource;
  readonly policy: string;
}

export interface Removal {
  readonly steps: StepParts;
  /** Whether nothing more is to be begun. */
  readonly isOver: () => boolean;
}

/**
 * Removes all that is there; after a failure all else that can be.
 *
 * @returns  the ids of what is left
 */
export async function removeAll(
  { steps, isOver }: Removal,
  policyOf: (resource: StackResource) => string,
): Promise<string[]> {
  const { resources } = steps.stack;
  const users = reverseGraph(listWaits(resources));
  const failed = new Set<string>();
  await walkGraph(users, async (id) => {
    if (isOver()) return false;
    const resource = resources.get(id) as StackResource;
    // What uses it is still there: it would be refused, and is said with the others.
    const isUsed = (users.get(id) ?? []).some((one) => failed.has(one));
    if (isUsed && !isResourceGone(resource)) return true;
    if (!(await removeResource(steps, resource, policyOf(resource)))) failed.add(id);
    return true;
  });
  return [...failed];
}

/** Removes what a change has left; a stack is none the worse for what cannot be. */
export async function removeLeftovers(
  { steps, isOver }: Removal,
  leftovers: readonly Leftover[],
): Promise<void> {
  const left = new Map(leftovers.map((one) => [one.resource, one]));
  const byId = new Map([...left.keys()].map((resource) => [resource.id, resource]));
  await walkGraph(reverseGraph(listWaits(byId)), async (id) => {
    if (isOver()) return false;
    const one = left.get(byId.get(id) as StackResource);
    if (one !== undefined) await removeResource(steps, one.resource, one.policy);
    return true;
  });
}

function listWaits(
  resources: ReadonlyMap<string, StackResource>,
): ReadonlyMap<string, readonly string[]> {
  return new Map([...resources].map(([id, { dependsOn }]) => [id, dependsOn]));
}
