/** Services of Cloud Map, whose tags tell collectors where the metrics of their instances are. */
import type { AwsValue, Draft, Reference } from '../template.ts';

/** Port and path of metrics. */
export interface MetricsPlace {
  readonly path: string;
  readonly port: number;
}

export interface RegistryParts {
  readonly id: string;
  readonly name: string;
  /** The namespace. */
  readonly space: AwsValue;
  /** By SRV alone where tasks have no address of their own; by an address otherwise. */
  readonly record?: 'A' | 'SRV';
  readonly metrics?: MetricsPlace | undefined;
  /** Of the exporter beside it, in the same task. */
  readonly exporter?: MetricsPlace | undefined;
  readonly why: string;
}

export function addRegistry(
  draft: Draft,
  { id, name, space, record = 'A', metrics, exporter, why }: RegistryParts,
): Reference {
  const tags = [...tagMetrics('', metrics), ...tagMetrics('ECS_', exporter)];
  return draft.add({
    id,
    type: 'AWS::ServiceDiscovery::Service',
    properties: {
      Name: name,
      NamespaceId: space,
      DnsConfig: {
        DnsRecords: [{ Type: record, TTL: 10 }],
        RoutingPolicy: record === 'A' ? 'WEIGHTED' : 'MULTIVALUE',
      },
      ...(tags.length === 0 ? {} : { Tags: tags }),
    },
    why,
  });
}

function tagMetrics(prefix: string, place: MetricsPlace | undefined) {
  if (place === undefined) return [];
  return [
    { Key: `${prefix}METRICS_PATH`, Value: place.path },
    { Key: `${prefix}METRICS_PORT`, Value: `${place.port}` },
  ];
}
