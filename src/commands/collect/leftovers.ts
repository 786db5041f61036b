/**
 * Finds queues in the storage folder that belong to no configured sink, and warns of them: what
 * waits there is not sent by anybody.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readFolderName } from '../../config/sinks.ts';
import type { Logger } from '../../kernel/logger.ts';
import { readSegmentId } from '../../queue/segment.ts';

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
