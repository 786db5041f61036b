/**
 * file_sd_configs: target lists in JSON or YAML files, found by path patterns with `*` in the last part. Read when
 * a file changes and once per interval. A file that can't be read or parsed keeps the groups of its last good reading;
 * one that is gone loses them.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type TargetGroup } from '../model/target.ts';
import { failedLack, type Lack } from './lacking.ts';
import { attempt, defineMechanism, type DiscoveryWorld } from './mechanism.ts';
import { PartialList } from './partial-list.ts';
import { groupsOfList, refreshIntervalSchema } from './schema.ts';

const PATTERN = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/;

const schema = z.strictObject({
  files: z
    .array(
      z.string().refine((path) => PATTERN.test(path), {
        error: (issue) =>
          `path ${JSON.stringify(issue.input)} must end in .json, .yml or .yaml and may hold "*" only in its last part`,
      }),
      { error: 'expected a list of paths' },
    )
    .min(1, 'needs at least one path')
    .describe('Paths of target lists; * stands for any text in the last part.'),
  refresh_interval: refreshIntervalSchema(5 * 60_000),
});

type FileConfig = z.output<typeof schema>;

const FILE_MAX_BYTES = 32 * 1024 * 1024;
const FILES_MAX = 10_000;
/** Writers touch a file several times in a row; one reading for all of it. */
const SETTLE_MS = 50;

export const fileMechanism = defineMechanism({
  key: 'file_sd_configs',
  schema,
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

/** Reads what the patterns find; a pattern whose folder can't be read keeps the files that it had. */
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
      (error) => lacks.push(failedLack('folder', pattern, error)),
    );
    for (const path of found ?? []) paths.add(path);
  }
  // Which of the known files belong to a folder that can't be read is not asked: none of them goes.
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

/** The files that exist now, each once, sorted within a pattern; `*` only in the last part of a pattern. */
export async function filesMatching(
  patterns: readonly string[],
  baseDirectory: string,
): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const directory = resolve(baseDirectory, dirname(pattern));
    const wanted = basename(pattern);
    const names = wanted.includes('*') ? await namesIn(directory) : [wanted];
    for (const name of names.sort()) {
      const fits = matches(name, wanted.split('*'));
      if (fits && (await exists(join(directory, name)))) found.add(join(directory, name));
      if (found.size > FILES_MAX) throw new Error(`more than ${FILES_MAX} files match ${pattern}`);
    }
  }
  return [...found];
}

/** Whether a name is these parts with any text between them. */
function matches(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length >= at + last.length && name.endsWith(last);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function readGroups(path: string): Promise<readonly TargetGroup[]> {
  const { size } = await stat(path);
  if (size > FILE_MAX_BYTES) throw new Error(`${path}: ${size} bytes, more than ${FILE_MAX_BYTES}`);
  try {
    const text = await readFile(path, 'utf8');
    const isJson = path.toLowerCase().endsWith('.json');
    const list: unknown = isJson ? JSON.parse(text) : parseYaml(text);
    // An empty YAML file is an empty list; a JSON file that is empty is one that is being written.
    return groupsOfList(isJson ? list : (list ?? []), path, { __meta_filepath: path });
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
      // Without its watcher a folder is still read once per interval, and watched again from then on.
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
    // The folder is not there yet, or the system is out of watches: reading once per interval remains.
    return undefined;
  }
}

/** Sleeps until time is up, the world ends or `resume` is called; never throws. */
async function sleepOr(
  ms: number,
  world: DiscoveryWorld,
  arm: (resume: () => void) => void,
): Promise<void> {
  const wake = new AbortController();
  arm(() => wake.abort());
  await world.clock.sleep(ms, AbortSignal.any([world.signal, wake.signal])).catch(() => undefined);
}
