/**
 * The collector as a target like others: its dashboard and alerts are made of its own metrics. It
 * is found as the applications are, so each of several that share the targets is.
 */
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Reference } from '../template.ts';
import { PAGES_PORT } from './collector-container.ts';

/** A configuration that is given says itself how it is scraped. */
export function isOwnTarget({ collector }: Deployment): boolean {
  return collector.configuration === undefined;
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
  return draft.add({
    id: 'CollectorRegistry',
    type: 'AWS::ServiceDiscovery::Service',
    properties: {
      Name: `${name}-collector`,
      NamespaceId: space,
      DnsConfig: { DnsRecords: [{ Type: 'A', TTL: 10 }], RoutingPolicy: 'WEIGHTED' },
      ...(isTarget
        ? {
            Tags: [
              { Key: 'METRICS_PATH', Value: '/metrics' },
              { Key: 'METRICS_PORT', Value: `${PAGES_PORT}` },
            ],
          }
        : {}),
    },
    why: uses.join(' '),
  });
}

/** Lets collectors scrape themselves and each other. */
export function addPagesRule(draft: Draft, collectors: Reference): void {
  draft.add({
    id: 'CollectorPages',
    type: 'AWS::EC2::SecurityGroupIngress',
    properties: {
      Description: 'Metrics of the collectors',
      GroupId: collectors.get('GroupId'),
      SourceSecurityGroupId: collectors.get('GroupId'),
      IpProtocol: 'tcp',
      FromPort: PAGES_PORT,
      ToPort: PAGES_PORT,
    },
    why: 'A collector scrapes its own metrics by its address, and those of others.',
  });
}
