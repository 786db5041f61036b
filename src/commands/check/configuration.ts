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
import { ConfigSources, type ConfigText } from '../../config/sources/sources.ts';
import { parseSourceUri } from '../../config/sources/uri.ts';
import { createWorld } from '../runner.ts';

/** The plan with all findings. @throws ConfigError for a source that can't be read */
export async function checkSource(
  source: string,
  options: ConfigLoadOptions = {},
): Promise<CheckedConfig> {
  const uri = parseSourceUri(source);
  if (uri.kind === 'file') return checkConfigFile(uri.path, options);
  const { text, file } = await read(source);
  return checkConfigText(text, file, options);
}

/** The plan alone. @throws ConfigError for a source that can't be read or is not valid */
export async function loadPlan(
  source: string,
  options: ConfigLoadOptions = {},
): Promise<CollectorPlan> {
  const uri = parseSourceUri(source);
  if (uri.kind === 'file') return (await loadConfig(uri.path, options)).plan;
  const { text, file } = await read(source);
  return (await loadConfigText(text, file, options)).plan;
}

async function read(source: string): Promise<ConfigText> {
  const world = createWorld({ 'log.level': 'warn' });
  const sources = new ConfigSources({ uris: [source], world, env: process.env });
  try {
    return await sources.readAtStart();
  } finally {
    sources.close();
    await world.http.close();
  }
}
