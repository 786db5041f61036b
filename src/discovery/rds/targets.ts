/**
 * The targets that Prometheus makes of a cluster of RDS (`rds_sd_configs`, `aws_sd_configs` with
 * the role rds): one for each instance, at one port. Pure.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/rds.go
 */
import type { DBCluster, DBInstance, Tag } from '@aws-sdk/client-rds';
import type { ClusterTargets } from '../clusters.ts';
import {
  dropEmptyLabels,
  joinHostPort,
  type Labels,
  makeTagLabels,
  prefixLabelNames,
} from '../labels.ts';
import { makeMemberLabels } from '../member-labels.ts';
import type { Explained } from '../mechanism.ts';
import {
  CLUSTER_LABELS,
  ENDPOINT_LABELS,
  INSTANCE_LABELS,
  LISTENER_LABELS,
} from './member-labels.ts';

/** A cluster with its ARN, by which it is told from others. */
export type DatabaseCluster = DBCluster & { readonly DBClusterArn: string };
export type DatabaseInstance = DBInstance;

/** @throws Error for an answer without a cluster, or without its ARN */
export function pickDatabaseCluster(
  cluster: DBCluster | undefined,
  action: string,
): DatabaseCluster {
  const arn = cluster?.DBClusterArn;
  if (typeof arn !== 'string' || arn === '')
    throw new Error(`${action}: the answer holds a cluster without an ARN, or none`);
  return { ...cluster, DBClusterArn: arn };
}

export function makeDatabaseTargets(
  cluster: DatabaseCluster,
  instances: readonly DatabaseInstance[],
  port: number,
): ClusterTargets {
  const labels = makeDatabaseClusterLabels(cluster);
  const targets: Labels[] = [];
  const explained = instances.map((instance): Explained => {
    const host = hostOf(instance);
    const own = makeDatabaseLabels(cluster, instance);
    const target =
      host === undefined ? undefined : { ...own, __address__: joinHostPort(host, port) };
    if (target !== undefined) targets.push(target);
    return {
      task: instance.DBInstanceArn ?? instance.DBInstanceIdentifier ?? '',
      group: cluster.DBClusterIdentifier ?? '',
      verdicts: [
        target === undefined
          ? {
              container: '',
              rule: '',
              reason: 'no_address',
              words: 'the instance has no endpoint, or one without a port',
            }
          : {
              container: '',
              rule: '',
              target: { ...labels, ...target },
              words: `an instance of the cluster, port ${port}`,
            },
      ],
    };
  });
  return { group: { source: cluster.DBClusterArn, labels, targets }, explained };
}

/** Prometheus asks for the endpoint's port, and does not use it. */
function hostOf({ Endpoint: endpoint }: DatabaseInstance): string | undefined {
  return endpoint?.Port === undefined ? undefined : endpoint.Address;
}

function makeDatabaseClusterLabels(cluster: DatabaseCluster): Labels {
  return {
    ...makeMemberLabels(CLUSTER_LABELS, cluster),
    ...prefixLabelNames('__meta_rds_cluster_tag_', readTags(cluster.TagList)),
  };
}

function makeDatabaseLabels(cluster: DatabaseCluster, instance: DatabaseInstance): Labels {
  const { DBInstanceIdentifier: name } = instance;
  const member = cluster.DBClusterMembers?.findLast(
    (one) => one.DBInstanceIdentifier === name && one.IsClusterWriter !== undefined,
  );
  return dropEmptyLabels({
    ...makeMemberLabels(INSTANCE_LABELS, instance),
    ...makeMemberLabels(ENDPOINT_LABELS, instance.Endpoint),
    ...makeMemberLabels(LISTENER_LABELS, instance.ListenerEndpoint),
    __meta_rds_instance_is_cluster_writer: String(member?.IsClusterWriter ?? ''),
    __meta_rds_instance_subnet_group: instance.DBSubnetGroup?.DBSubnetGroupName ?? '',
    ...prefixLabelNames('__meta_rds_instance_tag_', readTags(instance.TagList)),
  });
}

function readTags(tags: readonly Tag[] | undefined): Labels {
  return makeTagLabels(tags?.map(({ Key, Value }) => ({ key: Key, value: Value })));
}
