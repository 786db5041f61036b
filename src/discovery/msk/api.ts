/**
 * The calls of AWS that MSK discovery makes with the official SDK. Each is limited, counted and
 * repeated when throttled. An answer without its list is an error, because an empty list would end
 * targets.
 * Source: https://docs.aws.amazon.com/msk/1.0/apireference/
 */
import type * as kafkaSdk from '@aws-sdk/client-kafka';
import { AwsCalls, requireObjects } from '../aws-calls.ts';
import { type AwsAccess, openAwsSession } from '../aws-client.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { type KafkaCluster, type KafkaNode, pickCluster } from './targets.ts';

type Kafka = typeof kafkaSdk;

/** What AWS takes in one page. */
const PAGE_SIZE = 100;
/** Far above AWS's quotas of brokers: a list that is longer is not one of nodes. */
const NODES_MAX = 10_000;

export class MskApi {
  readonly region: string;
  readonly #sdk: Kafka;
  readonly #client: InstanceType<Kafka['KafkaClient']>;
  readonly #calls: AwsCalls;
  readonly #endSession: () => void;

  static async open(access: AwsAccess, world: DiscoveryWorld): Promise<MskApi> {
    // The SDK is loaded at the first use, so that a collector without this discovery does not load
    // it.
    const sdk = await import('@aws-sdk/client-kafka');
    const session = openAwsSession(access, world);
    const client = new sdk.KafkaClient(session.clientOptions());
    const region = await client.config.region();
    const calls = new AwsCalls(world, session, region);
    return new MskApi({ sdk, client, calls, region, endSession: () => session.close() });
  }

  private constructor(parts: {
    readonly sdk: Kafka;
    readonly client: InstanceType<Kafka['KafkaClient']>;
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
   * The provisioned clusters of the region. Calls `onPage` for each page: what came before a
   * failure is known.
   */
  listClusters(onPage: (clusters: readonly KafkaCluster[]) => void): Promise<void> {
    const action = 'kafka:ListClustersV2';
    return this.#calls.readPages(async (NextToken) => {
      const command = new this.#sdk.ListClustersV2Command({
        ClusterTypeFilter: 'PROVISIONED',
        MaxResults: PAGE_SIZE,
        NextToken,
      });
      const page = await this.#calls.call(action, 'kafka_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      onPage(requireObjects(page.ClusterInfoList, action).map((one) => pickCluster(one, action)));
      return page.NextToken;
    });
  }

  async describeCluster(arn: string): Promise<KafkaCluster> {
    const action = 'kafka:DescribeClusterV2';
    const command = new this.#sdk.DescribeClusterV2Command({ ClusterArn: arn });
    const { ClusterInfo } = await this.#calls.call(action, 'kafka_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    return pickCluster(ClusterInfo, action);
  }

  async listNodes(arn: string): Promise<KafkaNode[]> {
    const action = 'kafka:ListNodes';
    const nodes: KafkaNode[] = [];
    await this.#calls.readPages(async (NextToken) => {
      const command = new this.#sdk.ListNodesCommand({
        ClusterArn: arn,
        MaxResults: PAGE_SIZE,
        NextToken,
      });
      const page = await this.#calls.call(action, 'kafka_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      nodes.push(...requireObjects(page.NodeInfoList, action));
      if (nodes.length > NODES_MAX)
        throw new Error(`${action}: a cluster of more than ${NODES_MAX} nodes is not read`);
      return page.NextToken;
    });
    return nodes;
  }
}
