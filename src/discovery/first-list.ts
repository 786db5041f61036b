/** The first list of targets of one job, for commands that ask once and end. */
import { ConfigError } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import type { TargetGroup } from '../model/target.ts';
import { DiscoveryManager, type DiscoveryManagerOptions, type JobDiscovery } from './manager.ts';

export interface FirstListOptions extends Pick<
  DiscoveryManagerOptions,
  'callLimits' | 'onExplained' | 'onLacking'
> {
  readonly world: World;
  /** The folder where relative paths start. */
  readonly baseDirectory: string;
  readonly timeoutMs: number;
}

/** @throws ConfigError DISCOVERY_TIMEOUT */
export async function readFirstList(
  discovery: JobDiscovery,
  { world, baseDirectory, timeoutMs, ...handed }: FirstListOptions,
): Promise<readonly TargetGroup[]> {
  let manager: DiscoveryManager | undefined;
  const stop = new AbortController();
  try {
    const found = new Promise<readonly TargetGroup[]>((done) => {
      manager = new DiscoveryManager({
        world,
        baseDirectory,
        jobs: [discovery],
        onUpdate: (_, groups) => done(groups),
        ...handed,
      });
    });
    await manager?.start();
    const late = world.clock.sleep(timeoutMs, stop.signal).then(
      () => {
        throw new ConfigError(
          'DISCOVERY_TIMEOUT',
          `the discovery of job "${discovery.job}" gave no list within ${timeoutMs / 1_000} s`,
        );
      },
      () => [],
    );
    return await Promise.race([found, late]);
  } finally {
    stop.abort();
    await manager?.stop(1_000);
  }
}
