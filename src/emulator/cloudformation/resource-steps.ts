/**
 * The steps of one resource: it is made, changed or removed by its kind, and the events of its
 * stack tell so in CloudFormation's order and words.
 * Limit: REMOVALS_MAX times a resource that is still in use is tried to be removed.
 */
import { AwsError } from '../service.ts';
import {
  isMissing,
  type Made,
  type ResourceKind,
  type Site,
  type ResourceTag,
} from './resource-kind.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';
import { CANCELLED } from './operation-words.ts';
import { Cancelled, describeFailure, SITE_POLL_MS } from './site.ts';
import type { EmulatedStack, StackResource } from './stack.ts';
import type { Values } from './values.ts';

const REMOVALS_MAX = 50;
/** Errors of what something else still uses; what uses it may be about to go. */
const IN_USE = /InUse|DependencyViolation|DeleteConflict|HasAssociations|Contains|ScalingActivity/;

export interface StepParts {
  readonly stack: EmulatedStack;
  readonly siteFor: (resource: StackResource, how?: SiteUse) => Site;
}

export interface SiteUse {
  /** Of the stack, where they are not its own any more. */
  readonly tags?: readonly ResourceTag[];
  /** Whether waits end where the work is called off. */
  readonly canBeCalledOff?: boolean;
}

/** @returns whether it is there now */
export async function createResource(
  { stack, siteFor }: StepParts,
  resource: StackResource,
  policy: Values,
): Promise<boolean> {
  const kind = kindOf(resource);
  const site = siteFor(resource, { canBeCalledOff: true });
  try {
    stack.tell(resource, 'CREATE_IN_PROGRESS');
    // Called off before its id is known, it would be left behind: what is asked for is waited for.
    resource.made = await kind.create(resource.properties, siteFor(resource));
    stack.tell(resource, 'CREATE_IN_PROGRESS', 'Resource creation Initiated');
    resource.made =
      (await kind.settle?.(resource.made, resource.properties, site)) ?? resource.made;
    await awaitSignals({ stack, kind, resource, site }, policy);
    stack.tell(resource, 'CREATE_COMPLETE');
    return true;
  } catch (error) {
    stack.tell(resource, 'CREATE_FAILED', reasonOf(error, CANCELLED));
    return false;
  }
}

export interface UpdateStep {
  readonly resource: StackResource;
  readonly before: StackResource;
  readonly tagsBefore: readonly ResourceTag[];
  /** Of the stack, where they are not its own any more. */
  readonly tags?: readonly ResourceTag[];
}

/** @returns whether it was changed */
export async function updateResource(
  { stack, siteFor }: StepParts,
  { resource, before, tagsBefore, tags }: UpdateStep,
): Promise<boolean> {
  const kind = kindOf(resource);
  const change = { before: before.properties, after: resource.properties, tagsBefore };
  try {
    stack.tell(resource, 'UPDATE_IN_PROGRESS');
    const made = resource.made as Made;
    const site = siteFor(resource, {
      canBeCalledOff: true,
      ...(tags === undefined ? {} : { tags }),
    });
    resource.made = (await kind.update?.(made, change, site)) ?? made;
    stack.tell(resource, 'UPDATE_COMPLETE');
    return true;
  } catch (error) {
    stack.tell(resource, 'UPDATE_FAILED', reasonOf(error, 'Resource update cancelled'));
    return false;
  }
}

/** @returns whether it is gone, or kept as its policy says */
export async function removeResource(
  { stack, siteFor }: StepParts,
  resource: StackResource,
  policy: string,
): Promise<boolean> {
  const { made } = resource;
  if (made === undefined || isResourceGone(resource)) return true;
  if (policy !== 'Delete') {
    stack.tell(resource, 'DELETE_SKIPPED');
    return true;
  }
  try {
    stack.tell(resource, 'DELETE_IN_PROGRESS');
    await removePatiently(kindOf(resource), { ...resource, made }, siteFor(resource));
    stack.tell(resource, 'DELETE_COMPLETE');
    return true;
  } catch (error) {
    stack.tell(resource, 'DELETE_FAILED', describeFailure(error));
    return false;
  }
}

/** Whether nothing is left of a resource that the stack has to care for. */
export function isResourceGone({ status, made }: StackResource): boolean {
  return made === undefined || status === 'DELETE_COMPLETE' || status === 'DELETE_SKIPPED';
}

export function kindOf({ type }: { readonly type: string }): ResourceKind {
  const kind = RESOURCE_KINDS.get(type);
  if (kind === undefined) throw new Error(`BUG: ${type} was taken and is no kind`);
  return kind;
}

async function removePatiently(
  kind: ResourceKind,
  { made, properties }: StackResource & { readonly made: Made },
  site: Site,
): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      await kind.remove(made, properties, site);
      return;
    } catch (error) {
      if (isMissing(error)) return;
      const isInUse = error instanceof AwsError && IN_USE.test(error.code);
      if (!isInUse || tries >= REMOVALS_MAX) throw error;
      await site.pause(SITE_POLL_MS);
    }
}

interface SignalledResource {
  readonly stack: EmulatedStack;
  readonly kind: ResourceKind;
  readonly resource: StackResource;
  readonly site: Site;
}

/** Waits for the signals that a CreationPolicy asks for; instances of a group give their own. */
async function awaitSignals(
  { stack, kind, resource, site }: SignalledResource,
  policy: Values,
): Promise<void> {
  const asked = policy['ResourceSignal'] as Values | undefined;
  if (asked === undefined) return;
  const count = Number(asked['Count'] ?? 1);
  const tries = Math.ceil(parseDuration(asked['Timeout'] ?? 'PT5M') / SITE_POLL_MS);
  const signals = new Map<string, boolean>();
  stack.signals.set(resource.id, signals);
  const isSignalled = await site
    .until(
      'signals',
      async () => {
        for (const id of (await kind.listSignals?.(resource.made as Made, site)) ?? [])
          if (!signals.has(id)) signals.set(id, true);
        const given = [...signals.values()];
        if (given.includes(false))
          throw new AwsError(
            'ValidationError',
            `Received ${given.filter((one) => !one).length} FAILURE signal(s) out of ${count}. ` +
              'Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
          );
        return given.length >= count ? true : undefined;
      },
      tries,
    )
    .catch((error: unknown) => {
      if (error instanceof AwsError && error.code === 'NotStabilized') return false;
      throw error;
    });
  if (!isSignalled)
    throw new AwsError(
      'ValidationError',
      `Failed to receive ${count - signals.size} resource signal(s) within the specified duration`,
    );
  for (const id of [...signals.keys()].slice(0, count))
    stack.tell(resource, 'CREATE_IN_PROGRESS', `Received SUCCESS signal with UniqueId ${id}`);
}

/** A duration of ISO 8601 with hours, minutes and seconds, ms; at most 12 hours. */
export function parseDuration(text: unknown): number {
  const [, hours, minutes, seconds] =
    /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(String(text)) ?? [];
  const ms =
    (Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1_000;
  if (ms > 0 && ms <= 12 * 3_600_000) return ms;
  throw new AwsError('ValidationError', `Timeout ${String(text)} is no duration up to PT12H`);
}

function reasonOf(error: unknown, cancelled: string): string {
  return error instanceof Cancelled ? cancelled : describeFailure(error);
}
