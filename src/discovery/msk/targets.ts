/**
 * The targets that Prometheus makes of a cluster of MSK (`msk_sd_configs`, `aws_sd_configs` with
 * the role msk): one for each endpoint of each broker and controller, at one port. Pure.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/msk.go
 */
import type { Cluster, NodeInfo } from '@aws-sdk/client-kafka';
import type { ClusterTargets } from '../clusters.ts';
import type { Explained } from '../mechanism.ts';
import { dropEmptyLabels, joinHostPort, type Labels, prefixLabelNames } from '../labels.ts';

/** A cluster with its ARN, by which it is told from others. */
export type KafkaCluster = Cluster & { readonly ClusterArn: string };
export type KafkaNode = NodeInfo;

/** @throws Error for an answer without a cluster, or without its ARN */
export function pickCluster(cluster: Cluster | undefined, action: string): KafkaCluster {
  const arn = cluster?.ClusterArn;
  if (typeof arn !== 'string' || arn === '')
    throw new Error(`${action}: the answer holds a cluster without an ARN, or none`);
  return { ...cluster, ClusterArn: arn };
}

/** A serverless cluster has no nodes that could be scraped. */
export function isProvisioned(cluster: KafkaCluster): boolean {
  return cluster.ClusterType === 'PROVISIONED';
}

export function makeClusterTargets(
  cluster: KafkaCluster,
  nodes: readonly KafkaNode[],
  port: number,
): ClusterTargets {
  const labels = makeClusterLabels(cluster);
  const targets: Labels[] = [];
  const explained = nodes.map((node): Explained => {
    const own = makeNodeTargets(cluster, node, port);
    targets.push(...own);
    const [role] = describeRole(node);
    return {
      task: node.NodeARN ?? '',
      group: cluster.ClusterName ?? '',
      verdicts:
        own.length > 0
          ? own.map((target) => ({
              container: '',
              rule: '',
              target: { ...labels, ...target },
              words: `an endpoint of the ${role}, port ${port}`,
            }))
          : [{ container: '', rule: '', reason: 'no_address', words: whyNone(role) }],
    };
  });
  return { group: { source: cluster.ClusterArn, labels, targets }, explained };
}

function makeClusterLabels(cluster: KafkaCluster): Labels {
  const { CurrentBrokerSoftwareInfo: software, OpenMonitoring } = cluster.Provisioned ?? {};
  return dropEmptyLabels({
    __meta_msk_cluster_arn: cluster.ClusterArn,
    __meta_msk_cluster_configuration_arn: software?.ConfigurationArn ?? '',
    __meta_msk_cluster_configuration_revision: textOf(software?.ConfigurationRevision),
    __meta_msk_cluster_jmx_exporter_enabled: describeExporter(
      OpenMonitoring?.Prometheus?.JmxExporter,
    ),
    __meta_msk_cluster_kafka_version: software?.KafkaVersion ?? '',
    __meta_msk_cluster_name: cluster.ClusterName ?? '',
    __meta_msk_cluster_state: cluster.State ?? '',
    __meta_msk_cluster_type: cluster.ClusterType ?? '',
    __meta_msk_cluster_version: cluster.CurrentVersion ?? '',
    ...prefixLabelNames('__meta_msk_cluster_tag_', cluster.Tags),
  });
}

function makeNodeTargets(cluster: KafkaCluster, node: KafkaNode, port: number): Labels[] {
  const [role, endpoints] = describeRole(node);
  const { BrokerNodeInfo: broker } = node;
  const { OpenMonitoring } = cluster.Provisioned ?? {};
  const ofBroker: Labels = {
    __meta_msk_broker_client_subnet: broker?.ClientSubnet ?? '',
    __meta_msk_broker_client_vpc_ip: broker?.ClientVpcIpAddress ?? '',
    __meta_msk_broker_id: (broker?.BrokerId ?? 0).toFixed(0),
    __meta_msk_broker_node_exporter_enabled: describeExporter(
      OpenMonitoring?.Prometheus?.NodeExporter,
    ),
    __meta_msk_node_attached_eni: broker?.AttachedENIId ?? '',
  };
  const labels = dropEmptyLabels({
    __meta_msk_node_added_time: node.AddedToClusterTime ?? '',
    __meta_msk_node_arn: node.NodeARN ?? '',
    __meta_msk_node_instance_type: node.InstanceType ?? '',
    __meta_msk_node_type: role.toUpperCase(),
    ...(broker === undefined ? {} : ofBroker),
  });
  return endpoints.map((endpoint, index) => ({
    ...labels,
    __address__: joinHostPort(endpoint, port),
    [`__meta_msk_${role}_endpoint_index`]: String(index),
  }));
}

/** What a node is, and where it is reached. ZooKeeper's nodes are no targets, as in Prometheus. */
function describeRole({
  BrokerNodeInfo: broker,
  ControllerNodeInfo: controller,
}: KafkaNode): [role: 'broker' | 'controller' | 'other', endpoints: readonly string[]] {
  if (broker !== undefined) return ['broker', broker.Endpoints ?? []];
  if (controller !== undefined) return ['controller', controller.Endpoints ?? []];
  return ['other', []];
}

function whyNone(role: ReturnType<typeof describeRole>[0]): string {
  return role === 'other'
    ? 'the node is neither a broker nor a controller'
    : `the ${role} has no endpoint`;
}

function textOf(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

/** Without open monitoring there is no exporter, and no label. */
function describeExporter(
  exporter: { readonly EnabledInBroker?: boolean | undefined } | undefined,
): string {
  return exporter === undefined ? '' : String(exporter.EnabledInBroker ?? false);
}
