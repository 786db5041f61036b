/** Reads the configuration that a check is about, from any source that `collect` takes, once. */
import {
  type CheckedConfig,
  checkConfigFile,
  checkConfigText,
  loadConfig,
  loadConfigText,
  type ConfigLoadOptions,
} from '../../config/load.ts';
import type { CollectorPlan } from '../../config/plan.ts';
import { ConfigSources } from '../../config/sources/sources.ts';
import { parseSourceUri } from '../../config/sources/uri.ts';
import { createWorld } from '../runner.ts';

/** The plan with all findings. @throws ConfigError for a source that can't be read */
export async function checkSource(
  source: string,
  options: ConfigLoadOptions = {},
): Promise<CheckedConfig> {
  return withSources(source, options, async (sources, loading) => {
    const uri = parseSourceUri(source);
    if (uri.kind === 'file') return checkConfigFile(uri.path, loading);
    const { text, file } = await sources.readAtStart();
    return checkConfigText(text, file, loading);
  });
}

/** The plan alone. @throws ConfigError for a source that can't be read or is not valid */
export async function loadPlan(
  source: string,
  options: ConfigLoadOptions = {},
): Promise<CollectorPlan> {
  return withSources(source, options, async (sources, loading) => {
    const uri = parseSourceUri(source);
    if (uri.kind === 'file') return (await loadConfig(uri.path, loading)).plan;
    const { text, file } = await sources.readAtStart();
    return (await loadConfigText(text, file, loading)).plan;
  });
}

/** Opens a source, which also reads what the configuration refers to, and closes it at the end. */
async function withSources<Result>(
  source: string,
  options: ConfigLoadOptions,
  use: (sources: ConfigSources, loading: ConfigLoadOptions) => Promise<Result>,
): Promise<Result> {
  const world = createWorld({ 'log.level': 'warn' });
  const sources = new ConfigSources({ uris: [source], world, env: process.env });
  try {
    return await use(sources, {
      ...options,
      readRemote: (uri) => sources.readReferred(uri),
    });
  } finally {
    sources.close();
    await world.http.close();
  }
}
