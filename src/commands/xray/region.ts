/**
 * The region of `amperage xray`, which must be known at the start as for the daemon: a container
 * that cannot know it ends, and its orchestrator shows the reason.
 */
import { configuredRegion, findRegion } from '../../aws/region.ts';
import { describeError } from '../../kernel/errors.ts';
import { DaemonRefusal } from './daemon-file.ts';
import type { DaemonSettings } from './settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** @throws DaemonRefusal with the daemon's message, where no region is found */
export async function findDaemonRegion(
  { region, isLocal }: Pick<DaemonSettings, 'region' | 'isLocal'>,
  env: Env,
): Promise<string> {
  if (region !== undefined) return region;
  let fault = 'no region in the environment or the profile';
  try {
    const found = isLocal ? await configuredRegion(env) : await findRegion(env);
    if (found !== undefined) return found;
  } catch (error) {
    fault = describeError(error);
  }
  throw new DaemonRefusal(
    'Cannot fetch region variable from config file, environment variables, ecs metadata, or ec2 ' +
      `metadata. Use local-mode to use the local config region. (${fault})`,
  );
}
