/**
 * Makes an instance of EC2 whose user data names a cluster one of that cluster's container
 * instances, as ECS's agent on it does, if the role of its instance profile may register it; and
 * takes it away when it ends. An instance whose cluster is not there yet joins when it is.
 * Limit: WAITING_MAX instances wait for a cluster.
 */
import type { Ec2Instance } from './ec2/state.ts';
import type { Cluster } from './ecs/shapes.ts';

const WAITING_MAX = 20_000;

export interface ClusterEdges {
  readonly find: (cluster: string) => Cluster | undefined;
  /** Whether the role of the instance's profile may register it in the cluster. */
  readonly mayRegister: (instance: Ec2Instance, cluster: Cluster) => boolean;
  /** @returns how it leaves again */
  readonly add: (cluster: Cluster, instance: Ec2Instance) => () => void;
}

export class ContainerInstances {
  readonly #edges: ClusterEdges;
  /** Instances, by id, that wait for the cluster of this name. */
  readonly #waiting = new Map<string, readonly [Ec2Instance, cluster: string]>();
  /** How each that joined leaves its cluster, by id. */
  readonly #joined = new Map<string, () => void>();

  constructor(edges: ClusterEdges) {
    this.#edges = edges;
  }

  /** To be called after an instance came or its state changed. */
  note(instance: Ec2Instance): void {
    const { instanceId, state } = instance;
    if (state === 'shutting-down' || state === 'terminated') {
      this.#waiting.delete(instanceId);
      this.#joined.get(instanceId)?.();
      this.#joined.delete(instanceId);
    }
    const cluster = state === 'running' ? readCluster(instance.userData) : undefined;
    if (cluster === undefined) return;
    if (this.#waiting.size < WAITING_MAX) this.#waiting.set(instanceId, [instance, cluster]);
    this.join();
  }

  /** To be called after a cluster came: those that wait for it join. */
  join(): void {
    for (const [id, [instance, name]] of this.#waiting) {
      const cluster = this.#edges.find(name);
      if (cluster === undefined) continue;
      this.#waiting.delete(id);
      if (this.#edges.mayRegister(instance, cluster))
        this.#joined.set(id, this.#edges.add(cluster, instance));
    }
  }
}

/** The cluster that user data names, for ECS's agent or in Bottlerocket's settings. */
export function readCluster(userData: string | undefined): string | undefined {
  if (userData === undefined) return undefined;
  const text = Buffer.from(userData, 'base64').toString();
  const agent = /\bECS_CLUSTER=["']?([\w-]+)/.exec(text);
  const rocket = /^\s*\[settings\.ecs\][^[]*?^\s*cluster\s*=\s*["']([\w-]+)["']/ms.exec(text);
  return agent?.[1] ?? rocket?.[1];
}
