/**
 * The collector as a target like others: its dashboard and alerts are made of its own metrics. It
 * is found as the applications are, so each of several that share the targets is.
 */
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Reference } from '../template.ts';
import { PAGES_PORT } from './collector-container.ts';
import { addRegistry } from './registry.ts';

/**
 * Whether collectors find themselves as they find applications: a configuration that is given says
 * itself how, and one on a machine outside of AWS is on its loopback alone.
 */
export function isOwnTarget({ collector }: Deployment): boolean {
  return collector.configuration === undefined && collector.launch !== 'external';
}

export function isRegisteredTarget(deployment: Deployment): boolean {
  return deployment.discovery === 'cloud-map' && isOwnTarget(deployment);
}

/** The Cloud Map service of the collectors. */
export function addCollectorRegistry(
  draft: Draft,
  deployment: Deployment,
  space: AwsValue,
): Reference {
  const { name, traces } = deployment;
  const isTarget = isRegisteredTarget(deployment);
  const uses = [
    ...(isTarget ? ['Its tags tell the collectors where their own metrics are.'] : []),
    ...(traces ? ['Its name is where applications send segments.'] : []),
  ];
  return addRegistry(draft, {
    id: 'CollectorRegistry',
    name: `${name}-collector`,
    space,
    metrics: isTarget ? { path: '/metrics', port: PAGES_PORT } : undefined,
    why: uses.join(' '),
  });
}
