/** Which calls stand for which type of resource. */
import type { Resource } from '../template.ts';
import { accountKinds } from './account.ts';
import type { Kind, ResourceCommands } from './calls.ts';
import { metricKinds } from './metrics.ts';
import { networkKinds } from './network.ts';
import { taskKinds } from './tasks.ts';

export const commandKinds: Readonly<Record<string, Kind>> = {
  ...networkKinds,
  ...taskKinds,
  ...metricKinds,
  ...accountKinds,
};

/** @throws Error for a type or a property without a call: a fault of a part that describes it */
export function findCommands(resource: Resource, deployment: string): ResourceCommands {
  const kind = commandKinds[resource.type];
  if (kind === undefined) throw new Error(`no calls of the AWS CLI for ${resource.type}`);
  return kind({ ...resource, deployment });
}
