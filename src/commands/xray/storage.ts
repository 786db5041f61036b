/**
 * Where segments wait until they are sent: in the folder that a flag names, or else in the first of
 * some folders that has segments of an earlier run, or that can be written, or in memory. The
 * daemon writes no file, so its containers may have a root file system that is read-only: that must
 * not end the command, and the log says what an end of the process or of the container then loses.
 */
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { splitListen } from '../../kernel/listen-address.ts';
import type { Logger } from '../../kernel/logger.ts';
import { MEMORY_MAX_BYTES } from '../../queue/options.ts';

export interface StorageWish {
  /** The folder of --storage.path; without it, one is looked for. */
  readonly path: string | undefined;
  /**
   * The UDP address, whose port names the folder: two processes seldom share it, and what waits is
   * found again when only the host is another.
   */
  readonly address: string;
  /** Largest size of the queue. */
  readonly capBytes: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Storage {
  /** Undefined: in memory. */
  readonly folder: string | undefined;
  /** At most what was wished for; less where the folder is in memory. */
  readonly capBytes: number;
  /** Whether it ends with the container or the host, as a folder in memory does. */
  readonly isFleeting: boolean;
}

/** Before the port, in the name of a folder that was chosen without a flag. */
const FOLDER_PREFIX = 'udp-';
/** What tries a folder: an empty file would be taken by a full disk too. */
const PROBE = Buffer.alloc(64 * 1024, 'probe ');
/** Type of the file system tmpfs, which is in memory. Source: statfs(2) */
const TMPFS = 0x0102_1994;

/** Folders that are tried without a flag, in this order. STATE_DIRECTORY is systemd's. */
export function listCandidates(env: StorageWish['env']): string[] {
  const state = env['STATE_DIRECTORY']?.split(':')[0];
  return [
    ...(state === undefined || state === '' ? [] : [state]),
    '/var/lib/amperage-xray',
    join(tmpdir(), 'amperage-xray'),
    '/dev/shm/amperage-xray',
  ];
}

/** @param candidates  folders to try, for tests */
export function chooseStorage(
  wish: StorageWish,
  candidates: readonly string[] = listCandidates(wish.env),
): Storage {
  const { path, address, capBytes } = wish;
  if (path !== undefined) return { folder: path, capBytes, isFleeting: isInMemory(path) };
  const name = `${FOLDER_PREFIX}${splitListen(address)?.port ?? 0}`;
  const folders = candidates.map((base) => join(base, name));
  // What waits is sent from where it is, be the disk full or not: sending frees it.
  const folder = folders.find(hasWaiting) ?? folders.find(isUsable);
  if (folder === undefined)
    return { folder, capBytes: Math.min(capBytes, MEMORY_MAX_BYTES), isFleeting: true };
  const isFleeting = isInMemory(folder);
  return { folder, capBytes: isFleeting ? boundBySize(folder, capBytes) : capBytes, isFleeting };
}

/** Whether segments of an earlier run wait in a folder that this user owns and may write. */
function hasWaiting(folder: string): boolean {
  try {
    if (!isOwn(dirname(folder)) || !isOwn(folder)) return false;
    const queue = join(folder, 'queue');
    accessSync(queue, constants.W_OK);
    return hasSegments(readdirSync(queue));
  } catch {
    return false;
  }
}

/** None where it is no folder that can be read. */
function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function hasSegments(files: readonly string[]): boolean {
  return files.some((file) => file.endsWith('.seg'));
}

/** Whether this user owns the folder, makes it where it is absent, and can write into it. */
function isUsable(folder: string): boolean {
  return canWrite(dirname(folder)) && canWrite(folder);
}

/** Warns of segments that wait in folders of other ports, which nobody sends now. */
export function sayLeftovers({ folder }: Storage, log: Logger): void {
  if (folder === undefined || !basename(folder).startsWith(FOLDER_PREFIX)) return;
  const parent = dirname(folder);
  for (const name of listFiles(parent)) {
    const queue = join(parent, name, 'queue');
    if (!name.startsWith(FOLDER_PREFIX) || name === basename(folder)) continue;
    const files = listFiles(queue);
    if (files.includes('lock') || !hasSegments(files)) continue;
    log.warn('Segments of an earlier run with another port wait here, and nothing sends them', {
      folder: queue,
      look: `amperage check queue ${queue}`,
      remedy: 'run it once more with that port, or delete the folder',
    });
  }
}

/** Says where segments wait, and what an end of it loses. */
export function sayStorage({ folder, capBytes, isFleeting }: Storage, log: Logger): void {
  const remedy = 'mount a volume and name it with --storage.path';
  const fields = { folder, limit_bytes: capBytes };
  if (!isFleeting) log.info('Segments that are not sent yet wait on disk', fields);
  else if (folder !== undefined)
    log.warn(
      'Segments that are not sent yet wait in a folder in memory: the end of the container or ' +
        'host loses them',
      { ...fields, remedy },
    );
  else
    log.warn(
      'Segments that are not sent yet wait in memory, since no folder can be written: the end of ' +
        'the process loses them',
      { limit_bytes: capBytes, remedy },
    );
}

function canWrite(folder: string): boolean {
  const probe = join(folder, `probe-${process.pid}`);
  try {
    makeFolder(folder);
    if (!isOwn(folder)) return false;
    writeFileSync(probe, PROBE, { flag: 'wx' });
    return true;
  } catch {
    return false;
  } finally {
    removeProbe(probe);
  }
}

/** Its folder may be no folder, which even a forced removal does not take. */
function removeProbe(probe: string): void {
  try {
    rmSync(probe, { force: true });
  } catch {
    // There is none.
  }
}

/**
 * Whether it is a folder of this user. In a folder for temporary files another user may have put
 * one of this name, or a link. Throws the file system's error.
 */
function isOwn(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid());
}

/**
 * Makes a folder within one that is there. Not `recursive`: Node then never returns where a file
 * system such as /proc answers ENOENT for a folder in one that exists.
 */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function isInMemory(folder: string): boolean {
  try {
    return statfsSync(folder).type === TMPFS;
  } catch {
    return false;
  }
}

/** Half of a file system in memory is left to others. */
function boundBySize(folder: string, capBytes: number): number {
  const { bsize, blocks } = statfsSync(folder);
  return Math.min(capBytes, Math.floor((bsize * blocks) / 2));
}
