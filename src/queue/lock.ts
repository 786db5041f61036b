/**
 * The lock of a queue's directory: two processes on one queue would send everything twice and cut
 * each other's files. Node has no flock, so the lock is a file that names its holder and is touched
 * once a second.
 *
 * Whether the holder lives: in the same PID namespace by its PID and start time (a PID may have
 * been given away); in another one (a container before a restart, on the same volume) by whether
 * the file is still being touched.
 * Limits: a holder that stands still for longer than `WATCH_MS` in another container may lose its
 * lock.
 */
import {
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
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
  /** Says that the holder lives; once a second. */
  touch(): void;
  release(): void;
}

/** Takes the lock of a directory. Throws a ConfigError when a living process holds it. */
export async function takeLock(directory: string, clock: Clock): Promise<Lock> {
  const path = join(directory, FILE);
  const own = JSON.stringify(describeHolder(process.pid));
  if (!createExclusively(path, own)) {
    const holder = readHolder(path);
    if (holder !== undefined && (await lives(holder, path, clock))) {
      throw new ConfigError(
        'QUEUE_LOCKED',
        `queue directory "${directory}" is in use by process ${holder.pid}; stop it, or give ` +
          'each process its own queue directory',
      );
    }
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, own);
    renameSync(temporary, path);
  }
  return {
    touch() {
      const now = new Date();
      try {
        utimesSync(path, now, now);
      } catch {
        // Somebody removed the file by hand; the queue goes on.
      }
    },
    release() {
      if (safeRead(path) === own) rmSync(path, { force: true });
    },
  };
}

async function lives(holder: Holder, path: string, clock: Clock): Promise<boolean> {
  const here = describeHolder(holder.pid);
  if (here.namespace === holder.namespace) {
    return here.startTicks !== '' && here.startTicks === holder.startTicks;
  }
  const before = mtimeMs(path);
  await clock.sleep(WATCH_MS);
  return mtimeMs(path) !== before;
}

/** The identity of a process; without /proc (macOS) the start time is just "alive". */
function describeHolder(pid: number): Holder {
  return { pid, startTicks: readStartTicks(pid), namespace: readNamespace() };
}

function readNamespace(): string {
  try {
    return (
      `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ` +
      `${readlinkSync('/proc/self/ns/pid')}`
    );
  } catch {
    return '';
  }
}

function readStartTicks(pid: number): string {
  const stat = safeRead(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    // The command in parentheses may hold spaces; the state and, nineteen fields on, the start time
    // follow it.
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

function createExclusively(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined when the file is gone or half written: its holder died while taking it. */
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

function mtimeMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
