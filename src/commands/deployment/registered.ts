/** How many instances are registered with the services of Cloud Map: the targets to be found. */
import type { StackResourceSummary } from '@aws-sdk/client-cloudformation';
import type { OperatorSession } from './session.ts';

/** A service has 1,000 instances at most. */
const PAGES_MAX = 10;

/** @param services  resources of the stack that are services of Cloud Map */
export async function countInstances(
  session: OperatorSession,
  services: readonly StackResourceSummary[],
): Promise<Record<string, number>> {
  if (services.length === 0) return {};
  const sdk = await import('@aws-sdk/client-servicediscovery');
  const client = session.adopt(new sdk.ServiceDiscoveryClient(session.clientOptions()));
  const counts: Record<string, number> = {};
  for (const { LogicalResourceId: name = '', PhysicalResourceId = '' } of services) {
    // An ARN, or the id alone.
    const ServiceId = PhysicalResourceId.slice(PhysicalResourceId.lastIndexOf('/') + 1);
    let count = 0;
    let NextToken: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const command = new sdk.ListInstancesCommand({ ServiceId, NextToken, MaxResults: 100 });
      const answer = await session.call('servicediscovery:ListInstances', (options) =>
        client.send(command, options),
      );
      count += answer.Instances?.length ?? 0;
      ({ NextToken } = answer);
      if (NextToken === undefined) break;
    }
    counts[name] = count;
  }
  return counts;
}
