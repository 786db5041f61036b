/**
 * The lock of a queue's directory: two processes on one queue would send everything twice and
 * truncate each other's files. Node has no flock, so the lock is a file that names its holder and
 * is touched once a second.
 *
 * A holder in the same PID namespace is alive when a process has its PID and its start time (the
 * PID alone may belong to another process by now). A holder in another namespace (the container
 * before a restart, on the same volume) is alive when the file's time changes within `WATCH_MS`; so
 * is one whose name is not in the file, since a full disk took the file and not the name.
 *
 * Taking the lock needs no space on the disk: what frees a full one is the sending of what waits on
 * it. An old lock is overwritten in place, and a new one may be empty; its holder writes the name
 * as soon as the disk takes it.
 * Limits: a holder in another container that is suspended for longer than `WATCH_MS` may lose its
 * lock.
 */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { ConfigError } from '../kernel/errors.ts';

const FILE = 'lock';
const WATCH_MS = 4_000;

interface Holder {
  readonly pid: number;
  readonly startTicks: string;
  readonly namespace: string;
}

export interface Lock {
  /** Shows that the holder is alive; to be called once a second. */
  touch(): void;
  release(): void;
}

/**
 * Takes the lock of a directory.
 *
 * @throws  a ConfigError when a living process holds it; the file system's error, but for a disk
 *          that is full
 */
export async function takeLock(directory: string, clock: Clock): Promise<Lock> {
  const path = join(directory, FILE);
  const own = JSON.stringify(describeHolder(process.pid));
  if (!createExclusively(path)) {
    const holder = readHolder(path);
    if (await isAlive(holder, path, clock)) {
      const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
      throw new ConfigError(
        'QUEUE_LOCKED',
        `queue directory "${directory}" is in use by ${who}; stop it, or give ` +
          'each process its own queue directory',
      );
    }
  }
  let isNamed = overwrite(path, own);
  return {
    touch() {
      const now = new Date();
      try {
        if (!isNamed && safeRead(path) === '') isNamed = overwrite(path, own);
        utimesSync(path, now, now);
      } catch {
        // Somebody removed the file by hand; the queue goes on.
      }
    },
    release() {
      const text = safeRead(path);
      if (text === own || (!isNamed && text === '')) rmSync(path, { force: true });
    },
  };
}

async function isAlive(holder: Holder | undefined, path: string, clock: Clock): Promise<boolean> {
  if (holder !== undefined) {
    const here = describeHolder(holder.pid);
    if (here.namespace === holder.namespace)
      return here.startTicks !== '' && here.startTicks === holder.startTicks;
  }
  const before = readMtimeMs(path);
  await clock.sleep(WATCH_MS);
  return readMtimeMs(path) !== before;
}

/**
 * Identifies the process that has a PID now. Without /proc (macOS) the start time is the text
 * "alive"; it is empty when there is no such process.
 */
function describeHolder(pid: number): Holder {
  return { pid, startTicks: readStartTicks(pid), namespace: readNamespace() };
}

function readNamespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

function readStartTicks(pid: number): string {
  const stat = safeRead(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    // The command, in parentheses, may contain spaces. After it come the state and, 19 fields
    // further, the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch {
    return '';
  }
}

/** Makes an empty file, which needs no space; false where there is one. */
function createExclusively(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Replaces a file's text in place; false when the disk is full, and the file is empty then. Throws
 * the file system's other errors.
 */
function overwrite(path: string, text: string): boolean {
  const fd = openSync(path, 'r+');
  try {
    // A part of the name would be taken for the name of somebody else.
    const isWhole = writeSync(fd, text, 0) === Buffer.byteLength(text);
    ftruncateSync(fd, isWhole ? Buffer.byteLength(text) : 0);
    return isWhole;
  } catch (error) {
    if (!isFull(error)) throw error;
    ftruncateSync(fd, 0);
    return false;
  } finally {
    closeSync(fd);
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Undefined when the file names nobody: its holder died while taking it, or found the disk full.
 */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function safeRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readMtimeMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
