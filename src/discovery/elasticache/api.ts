/**
 * The calls of AWS that ElastiCache discovery makes with the official SDK. Each is limited, counted
 * and repeated when throttled. An answer without its list is an error, because an empty list would
 * end targets.
 * Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/
 */
import type * as elastiCacheSdk from '@aws-sdk/client-elasticache';
import { AwsCalls, requireObjects } from '../aws-calls.ts';
import { type AwsAccess, openAwsSession } from '../aws-client.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { type Cache, requireCacheArn } from './targets.ts';

type ElastiCache = typeof elastiCacheSdk;

/** What AWS takes in one page. */
const CLUSTERS_PAGE = 100;
const SERVERLESS_PAGE = 50;

export class ElastiCacheApi {
  readonly region: string;
  readonly #sdk: ElastiCache;
  readonly #client: InstanceType<ElastiCache['ElastiCacheClient']>;
  readonly #calls: AwsCalls;
  readonly #endSession: () => void;

  static async open(access: AwsAccess, world: DiscoveryWorld): Promise<ElastiCacheApi> {
    // The SDK is loaded at the first use, so that a collector without this discovery does not load
    // it.
    const sdk = await import('@aws-sdk/client-elasticache');
    const session = openAwsSession(access, world);
    const client = new sdk.ElastiCacheClient(session.clientOptions());
    const region = await client.config.region();
    const calls = new AwsCalls(world, session, region);
    return new ElastiCacheApi({ sdk, client, calls, region, endSession: () => session.close() });
  }

  private constructor(parts: {
    readonly sdk: ElastiCache;
    readonly client: InstanceType<ElastiCache['ElastiCacheClient']>;
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
   * The clusters of the region with their nodes, in replication groups or not. Calls `onPage` for
   * each page: what came before a failure is known.
   */
  listClusters(onPage: (caches: readonly Cache[]) => void): Promise<void> {
    const action = 'elasticache:DescribeCacheClusters';
    return this.#calls.readPages(async (Marker) => {
      const command = new this.#sdk.DescribeCacheClustersCommand({
        MaxRecords: CLUSTERS_PAGE,
        Marker,
        ShowCacheNodeInfo: true,
      });
      const page = await this.#calls.call(action, 'elasticache_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const clusters = requireObjects(page.CacheClusters, action);
      onPage(clusters.map((cluster) => ({ arn: requireCacheArn(cluster, action), cluster })));
      return page.Marker;
    });
  }

  /** The serverless caches of the region, by pages as clusters. */
  listServerless(onPage: (caches: readonly Cache[]) => void): Promise<void> {
    const action = 'elasticache:DescribeServerlessCaches';
    return this.#calls.readPages(async (NextToken) => {
      const command = new this.#sdk.DescribeServerlessCachesCommand({
        MaxResults: SERVERLESS_PAGE,
        NextToken,
      });
      const page = await this.#calls.call(action, 'elasticache_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const caches = requireObjects(page.ServerlessCaches, action);
      onPage(
        caches.map((serverless) => ({ arn: requireCacheArn(serverless, action), serverless })),
      );
      return page.NextToken;
    });
  }

  async listTags(arn: string): Promise<readonly elastiCacheSdk.Tag[]> {
    const action = 'elasticache:ListTagsForResource';
    const command = new this.#sdk.ListTagsForResourceCommand({ ResourceName: arn });
    const { TagList } = await this.#calls.call(action, 'elasticache_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    return requireObjects(TagList, action);
  }
}
