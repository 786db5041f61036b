/**
 * A running discovery of clusters, which MSK and RDS share: the clusters once per interval, then
 * the nodes of each. A cluster is a part of the list: one that fails keeps its targets and holds up
 * no other.
 * Limit: CLUSTERS_MAX clusters.
 * Source: docs/decisions/0012-known-means-whole.md
 */
import type { AwsAction } from '../aws/calls.ts';
import type { TargetGroup } from '../model/target.ts';
import type { AwsAccess } from './aws-client.ts';
import { makeFailedLack, type Lack } from './lacking.ts';
import { countFailure, type DiscoveryWorld, type Explained, pollLists } from './mechanism.ts';
import { NotTargets } from './not-targets.ts';
import { PartialList } from './partial-list.ts';

/** Which clusters are read, and how often. */
export interface ClusterScope extends AwsAccess {
  /** As the service takes them: ARNs, or names; all clusters of the region when absent. */
  readonly clusters?: readonly string[] | undefined;
  readonly port: number;
  readonly refresh_interval: number;
}

export interface ClusterTargets {
  readonly group: TargetGroup;
  /** Why each node is a target or is none. */
  readonly explained: readonly Explained[];
}

/** One list of clusters; a service has one or more. */
export interface ClusterList<Cluster> {
  readonly action: AwsAction;
  /** Calls `onPage` for each page, with clusters by ARN: what came before a failure is known. */
  readonly read: (
    onPage: (clusters: readonly (readonly [arn: string, cluster: Cluster])[]) => void,
  ) => Promise<void>;
}

/** What discovery asks of a service. */
export interface ClusterService<Cluster> {
  readonly region: string;
  readonly lists: readonly ClusterList<Cluster>[];
  /** @param name  as the configuration has it */
  readonly describe: (name: string) => Promise<Cluster>;
  /** @returns undefined for a cluster that has no nodes by its kind */
  readonly readTargets: (cluster: Cluster) => Promise<ClusterTargets | undefined>;
}

/** Far above AWS's quotas for an account. */
const CLUSTERS_MAX = 1_000;

export class ClusterDiscovery<Cluster> {
  readonly #config: ClusterScope;
  readonly #world: DiscoveryWorld;
  readonly #source: ClusterService<Cluster>;
  readonly #parts: PartialList;
  readonly #notTargets: NotTargets;
  readonly #explained = new Map<string, readonly Explained[]>();

  constructor(config: ClusterScope, world: DiscoveryWorld, source: ClusterService<Cluster>) {
    this.#config = config;
    this.#world = world;
    this.#source = source;
    this.#parts = new PartialList('cluster', world);
    this.#notTargets = new NotTargets(world);
  }

  run(): AsyncIterable<readonly TargetGroup[]> {
    const { refresh_interval: intervalMs, clusters } = this.#config;
    return pollLists(intervalMs, this.#world, () =>
      clusters === undefined ? this.#readAll() : this.#readNamed([...new Set(clusters)]),
    );
  }

  async #readNamed(names: readonly string[]): Promise<readonly TargetGroup[] | undefined> {
    await Promise.all(names.map((name) => this.#readPart(name, () => this.#source.describe(name))));
    return this.#conclude(names, []);
  }

  async #readAll(): Promise<readonly TargetGroup[] | undefined> {
    const found = new Map<string, Cluster>();
    const lacks = await Promise.all(this.#source.lists.map((list) => this.#readList(list, found)));
    if (this.#world.signal.aborted) return undefined;
    const failed = lacks.filter((lack) => lack !== undefined);
    if (failed.length === 0) this.#retain(new Set(found.keys()));
    const clusters = [...found].slice(0, CLUSTERS_MAX);
    await Promise.all(clusters.map(([arn, cluster]) => this.#readPart(arn, async () => cluster)));
    // Where a list failed, the clusters that were known go on.
    return this.#conclude([...new Set([...this.#parts.names(), ...found.keys()])], failed);
  }

  /** Reads one list; what it lacks when it fails. */
  async #readList(
    { action, read }: ClusterList<Cluster>,
    found: Map<string, Cluster>,
  ): Promise<Lack | undefined> {
    try {
      await read((page) => {
        for (const [arn, cluster] of page) found.set(arn, cluster);
        if (found.size > CLUSTERS_MAX)
          throw new Error(`more than ${CLUSTERS_MAX} clusters; choose some by "clusters"`);
      });
      return undefined;
    } catch (error) {
      if (this.#world.signal.aborted) return undefined;
      countFailure(this.#world);
      return makeFailedLack(action, this.#source.region, error);
    }
  }

  #readPart(name: string, read: () => Promise<Cluster>): Promise<boolean> {
    return this.#parts.read(name, async () => {
      const targets = await this.#source.readTargets(await read());
      if (targets === undefined) {
        this.#explained.delete(name);
        return [];
      }
      this.#explained.set(name, targets.explained);
      return [targets.group];
    });
  }

  #retain(arns: ReadonlySet<string>): void {
    this.#parts.retain(arns);
    for (const arn of this.#explained.keys()) if (!arns.has(arn)) this.#explained.delete(arn);
  }

  #conclude(names: readonly string[], lacks: readonly Lack[]): readonly TargetGroup[] | undefined {
    const explained = [...this.#explained.values()].flat();
    const without = explained.filter(({ verdicts }) => verdicts.some(({ target }) => !target));
    this.#notTargets.tell(new Map([['no_address', without.length]]));
    this.#world.onExplained?.(explained);
    return this.#parts.conclude(names, lacks);
  }
}

/** Opens the API of a service and runs a discovery over it until the signal aborts. */
export async function* runClusters<Api extends { close(): void }, Cluster>(
  config: ClusterScope,
  world: DiscoveryWorld,
  open: (config: ClusterScope, world: DiscoveryWorld) => Promise<Api>,
  makeSource: (api: Api) => ClusterService<Cluster>,
): AsyncIterable<readonly TargetGroup[]> {
  const api = await open(config, world);
  try {
    yield* new ClusterDiscovery(config, world, makeSource(api)).run();
  } finally {
    api.close();
  }
}
