/** Compares the resources of a stack with what they should be: what differs, or is gone. */
import type { Site } from './resource-kind.ts';
import { isResourceGone, kindOf } from './resource-steps.ts';
import type { EmulatedStack, StackResource } from './stack.ts';
import { isRecord, type Values } from './values.ts';

export interface Difference {
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly kind: 'ADD' | 'NOT_EQUAL' | 'REMOVE';
}

export interface ResourceDrift {
  readonly resource: StackResource;
  readonly status: 'DELETED' | 'IN_SYNC' | 'MODIFIED' | 'NOT_CHECKED';
  readonly actual?: Values;
  readonly differences: readonly Difference[];
}

export async function detectDrift(
  stack: EmulatedStack,
  siteFor: (resource: StackResource) => Site,
): Promise<ResourceDrift[]> {
  const alive = [...stack.resources.values()].filter((resource) => !isResourceGone(resource));
  return Promise.all(alive.map((resource) => readDrift(resource, siteFor(resource))));
}

async function readDrift(resource: StackResource, site: Site): Promise<ResourceDrift> {
  const { made, properties } = resource;
  const kind = kindOf(resource);
  if (kind.read === undefined || made === undefined)
    return { resource, status: 'NOT_CHECKED', differences: [] };
  const actual = await kind.read(made, properties, site);
  if (actual === undefined) return { resource, status: 'DELETED', differences: [] };
  const known = Object.fromEntries(
    Object.keys(properties)
      .filter((name) => name in actual && !name.endsWith('Tags'))
      .map((name) => [name, actual[name]]),
  );
  const differences = Object.entries(known).flatMap(([name, value]) =>
    compare(properties[name], value, `/${name}`),
  );
  const status = differences.length === 0 ? 'IN_SYNC' : 'MODIFIED';
  return { resource, status, actual: known, differences };
}

/** What the template does not say is the service's own. */
function compare(expected: unknown, actual: unknown, path: string): Difference[] {
  if (actual === undefined || actual === null)
    return [{ path, expected, actual: null, kind: 'REMOVE' }];
  const differs: Difference[] = [{ path, expected, actual, kind: 'NOT_EQUAL' }];
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return differs;
    const isThere = (one: unknown): boolean =>
      actual.some((other) => compare(one, other, path).length === 0);
    return expected.every(isThere) ? [] : differs;
  }
  if (isRecord(expected))
    return isRecord(actual)
      ? Object.entries(expected).flatMap(([name, one]) =>
          compare(one, actual[name], `${path}/${name}`),
        )
      : differs;
  return String(expected) === String(actual) ? [] : differs;
}
