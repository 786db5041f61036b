/**
 * A running discovery of clusters, which MSK, RDS and ElastiCache share: the clusters once per
 * interval, then the nodes of each. A cluster is a part of the list: one that fails keeps its
 * targets and holds up no other.
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
  readonly refresh_interval: number;
}

/** With the one port of all targets. */
export interface OnePortScope extends ClusterScope {
  readonly port: number;
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

interface ListReading<Cluster> {
  readonly list: ClusterList<Cluster>;
  /** All of the list, or those that came before it failed. */
  readonly arns: ReadonlySet<string>;
  readonly lack?: Lack;
}

/** What discovery asks of a service. */
export interface ClusterService<Cluster> {
  readonly region: string;
  readonly lists: readonly ClusterList<Cluster>[];
  /**
   * Absent where the lists hold the configured clusters alone.
   *
   * @param name  as the configuration has it
   */
  readonly describe?: (name: string) => Promise<Cluster>;
  /** The configured clusters that are not among those of whole lists. */
  readonly findMissing?: (found: readonly Cluster[]) => readonly string[];
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
  /** Those that a list held last. */
  readonly #arns = new Map<ClusterList<Cluster>, ReadonlySet<string>>();
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
    const { describe } = this.#source;
    return pollLists(intervalMs, this.#world, () =>
      clusters === undefined || describe === undefined
        ? this.#readLists()
        : this.#readNamed([...new Set(clusters)], describe),
    );
  }

  async #readNamed(
    names: readonly string[],
    describe: (name: string) => Promise<Cluster>,
  ): Promise<readonly TargetGroup[] | undefined> {
    await Promise.all(names.map((name) => this.#readPart(name, () => describe(name))));
    return this.#conclude(names, []);
  }

  async #readLists(): Promise<readonly TargetGroup[] | undefined> {
    const found = new Map<string, Cluster>();
    const readings = await Promise.all(
      this.#source.lists.map((list) => this.#readList(list, found)),
    );
    if (this.#world.signal.aborted) return undefined;
    const lacks = readings.flatMap(({ lack }) => lack ?? []);
    if (lacks.length === 0) lacks.push(...this.#makeMissingLacks([...found.values()]));
    // Where none of the configured clusters is there, those that were known go on.
    if (found.size > 0 || this.#config.clusters === undefined) this.#retain(readings);
    const clusters = [...found].slice(0, CLUSTERS_MAX);
    await Promise.all(clusters.map(([arn, cluster]) => this.#readPart(arn, async () => cluster)));
    return this.#conclude([...new Set([...this.#parts.names(), ...found.keys()])], lacks);
  }

  async #readList(
    list: ClusterList<Cluster>,
    found: Map<string, Cluster>,
  ): Promise<ListReading<Cluster>> {
    const arns = new Set<string>();
    try {
      await list.read((page) => {
        for (const [arn, cluster] of page) {
          arns.add(arn);
          found.set(arn, cluster);
        }
        if (found.size > CLUSTERS_MAX)
          throw new Error(`more than ${CLUSTERS_MAX} clusters; choose some by "clusters"`);
      });
      return { list, arns };
    } catch (error) {
      if (!this.#world.signal.aborted) countFailure(this.#world);
      return { list, arns, lack: makeFailedLack(list.action, this.#source.region, error) };
    }
  }

  /** Where no configured cluster is there, the region is not the one that was meant. */
  #makeMissingLacks(found: readonly Cluster[]): Lack[] {
    const missing = this.#source.findMissing?.(found) ?? [];
    const { region } = this.#source;
    return missing.map((scope) => ({
      what: 'cluster',
      scope,
      cause: 'unknown',
      words:
        `it is not in ${region}` + (found.length === 0 ? ', nor is another configured one' : ''),
      isBlocking: found.length === 0,
    }));
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

  /** Forgets the clusters that a whole list no longer holds; one that failed keeps its own. */
  #retain(readings: readonly ListReading<Cluster>[]): void {
    for (const { list, arns, lack } of readings) {
      const known = lack === undefined ? [] : (this.#arns.get(list) ?? []);
      this.#arns.set(list, new Set([...known, ...arns]));
    }
    const arns = new Set([...this.#arns.values()].flatMap((some) => [...some]));
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
