/**
 * A running discovery of MSK: the clusters once per interval, then the nodes of each. A cluster is
 * a part of the list: one that fails keeps its targets and holds up no other.
 * Limit: CLUSTERS_MAX clusters.
 * Source: docs/decisions/0012-known-means-whole.md
 */
import type { TargetGroup } from '../../model/target.ts';
import type { AwsAccess } from '../aws-client.ts';
import { makeFailedLack, type Lack } from '../lacking.ts';
import { countFailure, type DiscoveryWorld, type Explained, pollLists } from '../mechanism.ts';
import { NotTargets } from '../not-targets.ts';
import { PartialList } from '../partial-list.ts';
import { MskApi } from './api.ts';
import { isProvisioned, type KafkaCluster, makeClusterTargets } from './targets.ts';

/** Which clusters are read, and how often. */
export interface MskScope extends AwsAccess {
  /** ARNs; all clusters of the region when absent. */
  readonly clusters?: readonly string[] | undefined;
  readonly port: number;
  readonly refresh_interval: number;
}

type MskSource = Pick<MskApi, 'region' | 'listClusters' | 'describeCluster' | 'listNodes'>;

/** Far above AWS's quota for an account. */
const CLUSTERS_MAX = 1_000;

export class MskDiscovery {
  readonly #config: MskScope;
  readonly #world: DiscoveryWorld;
  readonly #api: MskSource;
  readonly #parts: PartialList;
  readonly #notTargets: NotTargets;
  readonly #explained = new Map<string, readonly Explained[]>();
  /** Clusters that are configured and not provisioned, which is said once. */
  readonly #skipped = new Set<string>();

  constructor(config: MskScope, world: DiscoveryWorld, api: MskSource) {
    this.#config = config;
    this.#world = world;
    this.#api = api;
    this.#parts = new PartialList('cluster', world);
    this.#notTargets = new NotTargets(world);
  }

  run(): AsyncIterable<readonly TargetGroup[]> {
    const { refresh_interval: intervalMs, clusters } = this.#config;
    return pollLists(intervalMs, this.#world, () =>
      clusters === undefined ? this.#readAll() : this.#readNamed([...new Set(clusters)]),
    );
  }

  async #readNamed(arns: readonly string[]): Promise<readonly TargetGroup[] | undefined> {
    await Promise.all(arns.map((arn) => this.#readPart(arn, () => this.#api.describeCluster(arn))));
    return this.#conclude(arns, []);
  }

  async #readAll(): Promise<readonly TargetGroup[] | undefined> {
    const found = new Map<string, KafkaCluster>();
    const lacks: Lack[] = [];
    try {
      await this.#api.listClusters((page) => {
        for (const cluster of page) found.set(cluster.ClusterArn, cluster);
        if (found.size > CLUSTERS_MAX)
          throw new Error(`more than ${CLUSTERS_MAX} clusters; choose some by "clusters"`);
      });
      this.#retain(new Set(found.keys()));
    } catch (error) {
      if (this.#world.signal.aborted) return undefined;
      countFailure(this.#world);
      lacks.push(makeFailedLack('kafka:ListClustersV2', this.#api.region, error));
    }
    const clusters = [...found].slice(0, CLUSTERS_MAX);
    await Promise.all(clusters.map(([arn, cluster]) => this.#readPart(arn, async () => cluster)));
    // Where the list failed, the clusters that were known go on.
    return this.#conclude([...new Set([...this.#parts.names(), ...found.keys()])], lacks);
  }

  #readPart(arn: string, read: () => Promise<KafkaCluster>): Promise<boolean> {
    return this.#parts.read(arn, async () => {
      const cluster = await read();
      if (!isProvisioned(cluster)) {
        this.#sayNotProvisioned(cluster);
        this.#explained.delete(arn);
        return [];
      }
      const nodes = await this.#api.listNodes(arn);
      const { group, explained } = makeClusterTargets(cluster, nodes, this.#config.port);
      this.#explained.set(arn, explained);
      return [group];
    });
  }

  #sayNotProvisioned({ ClusterArn: cluster, ClusterType: type }: KafkaCluster): void {
    if (this.#skipped.has(cluster)) return;
    this.#skipped.add(cluster);
    this.#world.log.warn('a cluster of MSK has no targets: only provisioned ones have nodes', {
      cluster,
      type: type ?? '',
    });
  }

  #retain(arns: ReadonlySet<string>): void {
    this.#parts.retain(arns);
    for (const arn of this.#explained.keys()) if (!arns.has(arn)) this.#explained.delete(arn);
  }

  #conclude(arns: readonly string[], lacks: readonly Lack[]): readonly TargetGroup[] | undefined {
    const explained = [...this.#explained.values()].flat();
    const without = explained.filter(({ verdicts }) => verdicts.some(({ target }) => !target));
    this.#notTargets.tell(new Map([['no_address', without.length]]));
    this.#world.onExplained?.(explained);
    return this.#parts.conclude(arns, lacks);
  }
}

/** Opens the API and runs a discovery over it until the signal aborts. */
export async function* discoverClusters(
  config: MskScope,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  const api = await MskApi.open(config, world);
  try {
    yield* new MskDiscovery(config, world, api).run();
  } finally {
    api.close();
  }
}
