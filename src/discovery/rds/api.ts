/**
 * The calls of AWS that RDS discovery makes with the official SDK. Each is limited, counted and
 * repeated when throttled. An answer without its list is an error, because an empty list would end
 * targets.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
 */
import type * as rdsSdk from '@aws-sdk/client-rds';
import { AwsCalls, requireObjects } from '../aws-calls.ts';
import { type AwsAccess, openAwsSession } from '../aws-client.ts';
import type { AwsFilter } from '../aws-filters.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { type DatabaseCluster, type DatabaseInstance, pickDatabaseCluster } from './targets.ts';

type Rds = typeof rdsSdk;

/** What AWS takes in one page. */
const PAGE_SIZE = 100;
/** Far above AWS's quotas: a list that is longer is not one of a cluster's instances. */
const INSTANCES_MAX = 10_000;

export class RdsApi {
  readonly region: string;
  readonly #sdk: Rds;
  readonly #client: InstanceType<Rds['RDSClient']>;
  readonly #calls: AwsCalls;
  readonly #endSession: () => void;

  static async open(access: AwsAccess, world: DiscoveryWorld): Promise<RdsApi> {
    // The SDK is loaded at the first use, so that a collector without this discovery does not load
    // it.
    const sdk = await import('@aws-sdk/client-rds');
    const session = openAwsSession(access, world);
    const client = new sdk.RDSClient(session.clientOptions());
    const region = await client.config.region();
    const calls = new AwsCalls(world, session, region);
    return new RdsApi({ sdk, client, calls, region, endSession: () => session.close() });
  }

  private constructor(parts: {
    readonly sdk: Rds;
    readonly client: InstanceType<Rds['RDSClient']>;
    readonly calls: AwsCalls;
    readonly region: string;
    readonly endSession: () => void;
  }) {
    this.#sdk = parts.sdk;
    this.#client = parts.client;
    this.#calls = parts.calls;
    this.region = parts.region;
    this.#endSession = parts.endSession;
  }

  close(): void {
    this.#endSession();
    this.#client.destroy();
  }

  /**
   * The clusters of the region. Calls `onPage` for each page: what came before a failure is known.
   *
   * @param name  of one cluster, or its ARN
   */
  listClusters(
    onPage: (clusters: readonly DatabaseCluster[]) => void,
    name?: string,
  ): Promise<void> {
    const action = 'rds:DescribeDBClusters';
    return this.#calls.readPages(async (Marker) => {
      const command = new this.#sdk.DescribeDBClustersCommand({
        DBClusterIdentifier: name,
        MaxRecords: PAGE_SIZE,
        Marker,
      });
      const page = await this.#calls.call(action, 'rds_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      onPage(
        requireObjects(page.DBClusters, action).map((one) => pickDatabaseCluster(one, action)),
      );
      return page.Marker;
    });
  }

  /** @param name  of a cluster, or its ARN */
  async describeCluster(name: string): Promise<DatabaseCluster> {
    let found: DatabaseCluster | undefined;
    await this.listClusters(([cluster]) => (found ??= cluster), name);
    return pickDatabaseCluster(found, 'rds:DescribeDBClusters');
  }

  /** The instances of a cluster that fit all filters. */
  async listInstances(arn: string, filters: readonly AwsFilter[]): Promise<DatabaseInstance[]> {
    const action = 'rds:DescribeDBInstances';
    const ofCluster = { name: 'db-cluster-id', values: [arn] };
    const Filters = [ofCluster, ...filters].map(({ name, values }) => ({
      Name: name,
      Values: [...values],
    }));
    const instances: DatabaseInstance[] = [];
    await this.#calls.readPages(async (Marker) => {
      const command = new this.#sdk.DescribeDBInstancesCommand({
        Filters,
        MaxRecords: PAGE_SIZE,
        Marker,
      });
      const page = await this.#calls.call(action, 'rds_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      instances.push(...requireObjects(page.DBInstances, action));
      if (instances.length > INSTANCES_MAX)
        throw new Error(`${action}: a cluster of more than ${INSTANCES_MAX} instances is not read`);
      return page.Marker;
    });
    return instances;
  }
}
