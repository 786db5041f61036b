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
 * Several processes may find the same holder dead. The one that creates the file `lock.claim`,
 * which only one can, looks again whether the lock still names the dead one, and overwrites it. A
 * claim that stays for `WATCH_MS` is that of a process that died with it, and is removed. Several
 * may remove it at once, and one of them the new claim of another; so who has met a claim of others
 * looks once more, after a pause, whether the lock is still its own.
 *
 * Taking the lock needs no space on the disk: what frees a full one is the sending of what waits on
 * it. An old lock is overwritten in place, and a new one may be empty; its holder writes the name
 * as soon as the disk takes it.
 * Limits: a holder in another container that is suspended for longer than `WATCH_MS` may lose its
 * lock; it sees that at its next touch.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { ConfigError } from '../kernel/errors.ts';
import { openPrivate, readPrivate } from '../kernel/private-files.ts';

const FILE = 'lock';
const CLAIM = 'lock.claim';
const FILE_MAX_BYTES = 4_096;
const WATCH_MS = 4_000;
const CLAIM_LOOK_MS = 100;
/** How often a lock is looked at anew because others claim it. */
const ROUNDS_MAX = 5;
/** The start time where it can't be known, of a process that lives. */
const ALIVE = 'alive';

const holderSchema = z.object({
  pid: z.int().positive(),
  startTicks: z.string(),
  namespace: z.string(),
  /** Tells locks of one process apart; a lock of an earlier version has none. */
  token: z.string().optional(),
});

type Holder = z.output<typeof holderSchema>;

export interface Lock {
  /**
   * Shows that the holder is alive; to be called once a second.
   *
   * @returns  false when the lock names another holder
   */
  touch(): boolean;
  release(): void;
}

/** The tokens of the locks that this process holds. */
const held = new Set<string>();

/**
 * Takes the lock of a directory.
 *
 * @throws  a ConfigError when a living process holds it; the file system's error, but for a disk
 *          that is full
 */
export async function takeLock(directory: string, clock: Clock): Promise<Lock> {
  const path = join(directory, FILE);
  const token = randomUUID();
  const own = JSON.stringify({ ...describeHolder(process.pid), token });
  let isNamed = await claim(directory, own, clock);
  held.add(token);
  return {
    touch() {
      const now = new Date();
      try {
        // Somebody removed the file by hand.
        if (createExclusively(path)) isNamed = false;
        const text = readPrivate(path, FILE_MAX_BYTES);
        if (text !== own && (isNamed || text !== '')) return false;
        if (!isNamed) isNamed = overwrite(path, own);
        utimesSync(path, now, now);
      } catch {
        // Where the folder itself is gone or can't be read, nobody else can take it here either.
      }
      return true;
    },
    release() {
      held.delete(token);
      const text = readLock(path);
      if (text === own || (!isNamed && text === '')) rmSync(path, { force: true });
    },
  };
}

/** Makes the lock ours; false when the disk is full, and the lock is empty then. */
async function claim(directory: string, own: string, clock: Clock): Promise<boolean> {
  const path = join(directory, FILE);
  let holder: Holder | undefined;
  let isRaced = false;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (createExclusively(path)) return overwrite(path, own);
    const judged = readLock(path);
    holder = parseHolder(judged);
    if (await isAlive(holder, path, clock)) break;
    const outcome = await replaceDead(directory, { judged, own, clock });
    isRaced ||= outcome === 'again';
    if (outcome === 'again') continue;
    // Others may have removed the same old claim, and taken ours for it.
    if (isRaced) await clock.sleep(CLAIM_LOOK_MS);
    if (readLock(path) === (outcome === 'named' ? own : '')) return outcome === 'named';
  }
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  throw new ConfigError(
    'QUEUE_LOCKED',
    `queue directory "${directory}" is in use by ${who}; stop it, or give ` +
      'each process its own queue directory',
  );
}

interface Replacement {
  /** The text of the lock whose holder is dead. */
  readonly judged: string | undefined;
  readonly own: string;
  readonly clock: Clock;
}

/** Overwrites a dead holder's lock; `again` when another one claims it, or has taken it. */
async function replaceDead(
  directory: string,
  { judged, own, clock }: Replacement,
): Promise<'named' | 'empty' | 'again'> {
  const path = join(directory, FILE);
  const claimPath = join(directory, CLAIM);
  const hasClaim = claimExclusively(claimPath);
  if (hasClaim === false) {
    await waitForClaim(claimPath, clock);
    return 'again';
  }
  try {
    if (readLock(path) !== judged) return 'again';
    return overwrite(path, own) ? 'named' : 'empty';
  } finally {
    if (hasClaim) rmSync(claimPath, { force: true });
  }
}

/** Resolves when another one's claim is gone; one that stays is removed. */
async function waitForClaim(path: string, clock: Clock): Promise<void> {
  const before = identify(path);
  for (let waitedMs = 0; waitedMs < WATCH_MS; waitedMs += CLAIM_LOOK_MS) {
    if (before === undefined || identify(path) !== before) return;
    await clock.sleep(CLAIM_LOOK_MS);
  }
  if (identify(path) === before) rmSync(path, { force: true });
}

/** Undefined when the disk has not even an inode left: then there is no claim, and no other's. */
function claimExclusively(path: string): boolean | undefined {
  try {
    return createExclusively(path);
  } catch (error) {
    if (isFull(error)) return undefined;
    throw error;
  }
}

async function isAlive(holder: Holder | undefined, path: string, clock: Clock): Promise<boolean> {
  if (holder !== undefined) {
    const here = describeHolder(holder.pid);
    if (here.namespace === holder.namespace) return isSameProcess(holder, here);
  }
  const before = readMtimeMs(path);
  await clock.sleep(WATCH_MS);
  return readMtimeMs(path) !== before;
}

function isSameProcess(holder: Holder, here: Holder): boolean {
  // Where the start time can't be known, the run before this one may have had our PID: that of a
  // container's first process is always 1.
  if (here.startTicks === ALIVE && holder.pid === process.pid)
    return holder.token !== undefined && held.has(holder.token);
  return here.startTicks !== '' && here.startTicks === holder.startTicks;
}

/**
 * Identifies the process that has a PID now. Without /proc (macOS) the start time is `ALIVE`; it is
 * empty when there is no such process.
 */
function describeHolder(pid: number): Holder {
  return { pid, startTicks: readStartTicks(pid), namespace: readNamespace() };
}

function readNamespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

function readStartTicks(pid: number): string {
  const stat = readStat(pid);
  if (stat !== undefined) {
    // The command, in parentheses, may contain spaces. After it come the state and, 19 fields
    // further, the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  }
  try {
    process.kill(pid, 0);
    return ALIVE;
  } catch {
    return '';
  }
}

/** Makes an empty file, which needs no space; false where there is one. */
function createExclusively(path: string): boolean {
  try {
    closeSync(openPrivate(path, 'wx'));
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
  const fd = openPrivate(path, 'r+');
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
 * Undefined when the text names nobody: its holder died while taking the lock, or found the disk
 * full, or somebody wrote something else into it.
 */
function parseHolder(text: string | undefined): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  const found = holderSchema.safeParse(value);
  return found.success ? found.data : undefined;
}

/** Undefined for a lock that is gone, or is no file of ours. */
function readLock(path: string): string | undefined {
  try {
    return readPrivate(path, FILE_MAX_BYTES);
  } catch {
    return undefined;
  }
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
}

function readMtimeMs(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** What tells one file of a name from the next; inode numbers alone are used again. */
function identify(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.ctimeMs}`;
}

/** Who has a directory's lock, for who only looks: nothing is taken or changed. */
export interface LockHolder {
  readonly pid: number | undefined;
  /** Undefined for one in another PID namespace, which `ageMs` tells of. */
  readonly isAlive: boolean | undefined;
  /** Since it showed that it lives, which it does each second. */
  readonly ageMs: number;
}

/** Undefined where nobody has it. */
export function findLockHolder(directory: string, nowMs: number): LockHolder | undefined {
  const path = join(directory, FILE);
  const text = readLock(path);
  if (text === undefined) return undefined;
  const holder = parseHolder(text);
  const ageMs = nowMs - readMtimeMs(path);
  if (holder === undefined) return { pid: undefined, isAlive: undefined, ageMs };
  const here = describeHolder(holder.pid);
  const isHere = here.namespace === holder.namespace;
  return {
    pid: holder.pid,
    isAlive: isHere ? isSameProcess(holder, here) : undefined,
    ageMs,
  };
}
