/**
 * The last good reading of each cluster on disk, so that a restart during an outage of AWS begins with it. Files that
 * can't be read or written are told and do no harm.
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DiscoveryWorld } from '../mechanism.ts';
import { writeAtomically } from '../publish.ts';
import type { ClusterSnapshot } from './cluster.ts';

export class Snapshots {
  readonly #directory: string | undefined;
  readonly #world: DiscoveryWorld;

  constructor(directory: string | undefined, world: DiscoveryWorld) {
    this.#directory =
      directory === undefined ? undefined : path.resolve(world.baseDirectory, directory);
    this.#world = world;
  }

  /** @param scope  account, region and cluster */
  async read(scope: string, maxAgeMs: number): Promise<ClusterSnapshot | undefined> {
    if (this.#directory === undefined) return undefined;
    try {
      const text = await readFile(this.#fileOf(scope), 'utf8');
      const snapshot = JSON.parse(text) as ClusterSnapshot;
      const isFresh = this.#world.clock.nowMs() - snapshot.atMs <= maxAgeMs;
      return snapshot.version === 1 && isFresh ? snapshot : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#world.log.warn('a snapshot of a cluster could not be read', { scope, error });
      return undefined;
    }
  }

  async write(scope: string, snapshot: ClusterSnapshot): Promise<void> {
    if (this.#directory === undefined) return;
    try {
      await mkdir(this.#directory, { recursive: true });
      await writeAtomically(this.#fileOf(scope), JSON.stringify(snapshot));
    } catch (error) {
      this.#world.log.warn('a snapshot of a cluster could not be written', { scope, error });
    }
  }

  #fileOf(scope: string): string {
    return path.join(this.#directory ?? '', `${encodeURIComponent(scope)}.json`);
  }
}
