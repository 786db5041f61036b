/** What an operation on a stack says, in CloudFormation's words. */
import { AwsError } from '../service.ts';
import type { StackResource } from './stack.ts';

/** Why a resource is not made: another failed, or the stack goes. */
export const CANCELLED = 'Resource creation cancelled';
export const REPLACING =
  'Requested update requires the creation of a new physical resource; hence creating one.';

/** @throws AwsError where a resource with a name of its own is to be replaced */
export function refuseSameName(
  property: string | undefined,
  before: StackResource,
  { id, properties }: StackResource,
): void {
  const name = property === undefined ? undefined : properties[property];
  if (name !== undefined && name === before.properties[property ?? ''])
    throw new AwsError(
      'ValidationError',
      'CloudFormation cannot update a stack when a custom-named resource requires replacing. ' +
        `Rename ${String(name)} (${id}) and update the stack again.`,
    );
}

export function sayFailed(verb: string, ids: readonly string[]): string {
  return ids.length === 0
    ? ''
    : `The following resource(s) failed to ${verb}: [${ids.join(', ')}]. `;
}
