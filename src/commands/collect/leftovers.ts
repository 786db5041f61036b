/**
 * Finds queues in the storage folder that this collector does not send, and warns of them: those of
 * no configured sink, and those of the other kind of storage, shared or not.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readFolderName } from '../../config/sinks.ts';
import type { LogFields, Logger } from '../../kernel/logger.ts';
import type { World } from '../../kernel/world.ts';
import { findLockHolder } from '../../queue/lock.ts';
import { readSegmentId } from '../../queue/segment.ts';
import { listAllFolders } from './shared-folder.ts';

/** A lock that another container's process holds is touched once a second. */
const TOUCHED_MS = 10_000;

interface Leftover {
  readonly folder: string;
  readonly bytes: number;
}

/** @param claimed  names of the folders that belong to sinks */
export async function warnOfLeftovers(
  storagePath: string,
  claimed: ReadonlySet<string>,
  log: Logger,
): Promise<void> {
  for (const { folder, bytes } of await findLeftovers(storagePath, claimed))
    log.warn(
      'a queue in the storage folder belongs to no configured sink: what waits there is not ' +
        'sent; configure a sink with its name or url again, or delete the folder',
      {
        folder,
        bytes,
        ...readFolderName(basename(folder)),
        look: `amperage check queue ${folder}`,
      },
    );
}

/**
 * Warns a collector with `--storage.shared` of what one without it has left beside the folders.
 *
 * @param queues  names of the folders that belong to sinks
 */
export async function warnOfUnshared(
  storagePath: string,
  queues: ReadonlySet<string>,
  log: Logger,
): Promise<void> {
  const left = await findLeftovers(storagePath, new Set());
  const own = left.filter(({ folder }) => queues.has(basename(folder)));
  if (own.length > 0)
    log.warn(
      'a collector without --storage.shared has left queues in the storage folder, which those ' +
        'with it do not send: run one without it there until nothing waits, or delete them',
      describeLeft(own),
    );
  // What is not of a sink stays so with either kind of storage.
  const names = left.map(({ folder }) => basename(folder));
  await warnOfLeftovers(storagePath, new Set(names.filter((name) => queues.has(name))), log);
}

/** Warns a collector without `--storage.shared` of what those with it have left. */
export async function warnOfShared(
  storagePath: string,
  { clock, log }: Pick<World, 'clock' | 'log'>,
): Promise<void> {
  const left: Leftover[] = [];
  for (const { path } of await listAllFolders(storagePath))
    if (!isHeld(path, clock.nowMs())) left.push(...(await findLeftovers(path, new Set())));
  if (left.length > 0)
    log.warn(
      'collectors with --storage.shared have left queues in the storage folder, which one ' +
        'without it does not send: run it with --storage.shared and --shard ecs, or delete them',
      describeLeft(left),
    );
}

function isHeld(folder: string, nowMs: number): boolean {
  const holder = findLockHolder(folder, nowMs);
  return holder !== undefined && (holder.isAlive ?? holder.ageMs < TOUCHED_MS);
}

function describeLeft(left: readonly Leftover[]): LogFields {
  const [first] = left;
  const bytes = left.reduce((sum, one) => sum + one.bytes, 0);
  return { queues: left.length, bytes, look: `amperage check queue ${first?.folder ?? ''}` };
}

export async function findLeftovers(
  storagePath: string,
  claimed: ReadonlySet<string>,
): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  const entries = await readdir(storagePath, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory() || claimed.has(entry.name)) continue;
    const folder = join(storagePath, entry.name);
    const bytes = await sumSegmentBytes(folder);
    if (bytes > 0) found.push({ folder, bytes });
  }
  return found;
}

async function sumSegmentBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder).catch(() => []))
    if (readSegmentId(name) !== undefined)
      bytes += await stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      );
  return bytes;
}
