/**
 * file_sd_configs: target lists in JSON or YAML files, found by path patterns with `*` in the last
 * part. They are read when a file changes and once per interval. A file that cannot be read or
 * parsed keeps the groups of its last good reading; a file that is deleted loses them.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { type TargetGroup } from '../model/target.ts';
import { filesMatching } from '../settings/file-patterns.ts';
import type { CheckContext } from '../settings/finding.ts';
import { listOf } from '../settings/text.ts';
import { makeFailedLack, type Lack } from './lacking.ts';
import { attempt, defineMechanism, type DiscoveryWorld } from './mechanism.ts';
import { PartialList } from './partial-list.ts';
import { refreshIntervalSchema } from '../settings/refresh-interval.ts';
import { parseTargetList } from './schema.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';
import { parseForeignYaml } from '../kernel/foreign-yaml.ts';

const PATTERN = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/;

const schema = z
  .strictObject({
    files: listOf(
      z.string().regex(PATTERN, {
        error: (issue) =>
          `path ${JSON.stringify(issue.input)} must end in .json, .yml or .yaml and may hold "*" ` +
          `only in its last part`,
      }),
    )
      .min(1, 'needs at least one path')
      .meta({
        description:
          'Paths of lists of targets, JSON or YAML; the last part of a path may hold "*".',
        examples: [['targets/*.json']],
      }),
    refresh_interval: refreshIntervalSchema(5 * 60_000),
  })
  .describe('Lists of targets in files, read again when one changes.');

type FileConfig = z.output<typeof schema>;

const FILE_MAX_BYTES = 32 * 1024 * 1024;
/** Programs write a file in several steps. This wait makes one reading of them. */
const SETTLE_MS = 50;

export const fileMechanism = defineMechanism({
  key: 'file_sd_configs',
  schema,
  check: warnOfMissing,
  async *discover(config, world) {
    const parts = new PartialList('file', world);
    const changes = watchDirectories(config, world);
    try {
      while (!world.signal.aborted) {
        const groups = await refresh(config, world, parts);
        if (world.signal.aborted) return;
        if (groups !== undefined) yield groups;
        await changes.wait(config.refresh_interval);
      }
    } finally {
      changes.close();
    }
  },
});

/** Warns of what is not there yet: a file, or the folder of a pattern. */
function warnOfMissing({ files }: FileConfig, { path, baseDirectory, report }: CheckContext): void {
  for (const [index, pattern] of files.entries()) {
    const isFile = !pattern.includes('*');
    const missing = resolve(baseDirectory, isFile ? pattern : dirname(pattern));
    if (existsSync(missing)) continue;
    const what = isFile ? 'file' : 'folder';
    report.warn([...path, 'files', index], `there is no ${what} ${missing} yet; no targets of it`);
  }
}

/**
 * Reads the files that match the patterns. A pattern whose folder cannot be read keeps its known
 * files.
 */
async function refresh(
  { files: patterns }: FileConfig,
  world: DiscoveryWorld,
  parts: PartialList,
): Promise<readonly TargetGroup[] | undefined> {
  const lacks: Lack[] = [];
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found = await attempt(
      world,
      () => filesMatching([pattern], world.baseDirectory),
      (error) => lacks.push(makeFailedLack('folder', pattern, error)),
    );
    for (const path of found ?? []) paths.add(path);
  }
  // It is not known which files belong to a folder that cannot be read, so none of the known ones
  // is dropped.
  const known = lacks.length > 0 ? parts.names() : [];
  if (lacks.length === 0) parts.retain(paths);
  for (const path of paths) {
    if (await parts.read(path, () => readGroups(path))) continue;
    world.metrics
      .counter('prometheus_sd_file_read_errors_total', 'Target files that could not be read.')
      .inc();
  }
  return parts.conclude([...new Set([...known, ...paths])], lacks);
}

async function readGroups(path: string): Promise<readonly TargetGroup[]> {
  const { size } = await stat(path);
  if (size > FILE_MAX_BYTES) throw new Error(`${path}: ${size} bytes, more than ${FILE_MAX_BYTES}`);
  try {
    const text = await readFile(path, 'utf8');
    const isJson = path.toLowerCase().endsWith('.json');
    const list: unknown = isJson ? parseForeignJson(text) : parseForeignYaml(text);
    // An empty YAML file is an empty list. An empty JSON file is taken for one that is being
    // written, and fails.
    return await parseTargetList(isJson ? list : (list ?? []), path, { __meta_filepath: path });
  } catch (error) {
    throw new Error(path, { cause: error });
  }
}

interface Changes {
  /** Waits until a file may have changed, the interval is over or the discovery ends. */
  wait(intervalMs: number): Promise<void>;
  close(): void;
}

function watchDirectories(config: FileConfig, world: DiscoveryWorld): Changes {
  const watchers = new Map<string, FSWatcher>();
  let changed = false;
  let wake: (() => void) | undefined;
  const onChange = (): void => {
    changed = true;
    wake?.();
  };
  const watchAll = (): void => {
    for (const pattern of config.files) {
      const directory = resolve(world.baseDirectory, dirname(pattern));
      if (watchers.has(directory)) continue;
      const watcher = tryWatch(directory, onChange);
      if (watcher === undefined) continue;
      watchers.set(directory, watcher);
      // A folder whose watcher failed is still read once per interval, and the next wait watches it
      // again.
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(directory);
      });
    }
  };
  watchAll();
  return {
    async wait(intervalMs) {
      watchAll();
      if (!changed) await sleepOr(intervalMs, world, (resume) => (wake = resume));
      wake = undefined;
      if (changed) await sleepOr(SETTLE_MS, world, () => undefined);
      changed = false;
    },
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function tryWatch(directory: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(directory, { persistent: false }, onChange);
  } catch {
    // The folder does not exist yet, or the system has no watches left. It is still read once per
    // interval.
    return undefined;
  }
}

/** Sleeps until the time is up, the discovery ends or `resume` is called. Never throws. */
async function sleepOr(
  ms: number,
  world: DiscoveryWorld,
  arm: (resume: () => void) => void,
): Promise<void> {
  const wake = new AbortController();
  arm(() => wake.abort());
  await world.clock.sleep(ms, AbortSignal.any([world.signal, wake.signal])).catch(() => undefined);
}
