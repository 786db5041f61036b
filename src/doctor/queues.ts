/**
 * The folder of the queues: whether it can be written, whether the disk has room, who has each
 * queue, what waits in it, and what is damaged. Nothing is written, not even for a trial.
 * Limits: queues above 64 MiB are not read through.
 */
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { QueuedSinkPlan } from '../config/plan.ts';
import { inspectQueue } from '../queue/inspect.ts';
import { findLockHolder, type LockHolder } from '../queue/lock.ts';
import { defineCheck, type Telling } from './check.ts';
import { describeBriefly, describeSeconds } from './faults.ts';
import type { Subject } from './subject.ts';

type Ids =
  | 'queue-unwritable'
  | 'disk-full'
  | 'disk-small'
  | 'queue-locked'
  | 'queue-damaged'
  | 'queue-behind'
  | 'queue-over-age';

const READ_MAX_BYTES = 64 * 1_048_576;
/** Below it a collector does not keep what it scrapes. */
const FREE_MIN_BYTES = 16 * 1_048_576;
/** What waits for longer is no wait between two requests. */
const BEHIND_MS = 10 * 60_000;
/** A holder in another container that has touched its lock within this time is alive. */
const FRESH_MS = 5_000;

export const queuesCheck = defineCheck({
  id: 'queues',
  looksAt: 'the folder of the queues: writable, room, lock, what waits, what is damaged',
  timeoutMs: 15_000,
  kinds: {
    'queue-unwritable': {
      severity: 'error',
      means: 'The folder of the queues cannot be written or made: the collector does not start.',
      remedy:
        'Mount the volume where --storage.path says, writable by the user of the container ' +
        '(EFS: an access point with that uid; readonlyRootFilesystem: a volume of its own).',
      page: 'how-to/queue-persistence.md',
    },
    'disk-full': {
      severity: 'error',
      means: 'The disk of the queues is full: what is scraped waits in memory, and then is lost.',
      remedy:
        'Free the disk or enlarge it; lower queue_config.disk_size_limit where others need it.',
      page: 'how-to/queue-persistence.md',
    },
    'disk-small': {
      severity: 'warning',
      means: 'The queues may grow to more than the disk has: an outage fills it.',
      remedy:
        'Lower queue_config.disk_size_limit, or enlarge the disk (ephemeralStorage on Fargate).',
      page: 'how-to/sizing.md',
    },
    'queue-locked': {
      severity: 'error',
      means:
        'Another process has a queue of this folder, and it is not the collector that answers ' +
        'here.',
      remedy: 'Stop it, or give each collector a folder of its own, also on EFS.',
      page: 'how-to/queue-persistence.md',
    },
    'queue-damaged': {
      severity: 'warning',
      means: 'A queue holds damaged parts; they are passed over and counted.',
      remedy: 'Nothing has to be done for the rest; see why the disk or the machine failed.',
      page: 'how-to/queue-persistence.md',
    },
    'queue-behind': {
      severity: 'warning',
      means: 'Samples wait for long: they are not delivered, or more slowly than they come.',
      remedy:
        'See the findings on endpoints, signatures and permissions; then the log of the ' +
        'collector.',
      page: 'remote-write.md',
    },
    'queue-over-age': {
      severity: 'error',
      means: 'What waits is older than the receiver takes; it is dropped as too old.',
      remedy: 'Mend what keeps it from delivery; what is too old cannot be saved for AMP.',
      page: 'remote-write.md',
    },
  },
  async look(subject, tell) {
    const { checked, storagePath } = subject;
    const queued = (checked.plan?.sinks ?? []).filter(
      (sink): sink is QueuedSinkPlan => sink.folder !== undefined,
    );
    if (queued.length === 0) {
      tell.skipped('no sink has a queue');
      return;
    }
    const folder = await findExisting(storagePath, tell);
    if (folder === undefined) return;
    const sizes = await Promise.all(
      queued.map((sink) => measure(path.join(storagePath, sink.folder))),
    );
    await lookAtDisk(
      folder,
      queued,
      sizes.reduce((sum, size) => sum + size, 0),
      subject,
      tell,
    );
    const answers = await isCollectorThere(subject);
    for (const [index, sink] of queued.entries())
      lookAtQueue(sink, sizes[index] ?? 0, { subject, tell, answers });
  },
});

/** The folder, or the nearest above it that is there; undefined where it can't be written. */
async function findExisting(storagePath: string, tell: Telling<Ids>): Promise<string | undefined> {
  let folder = path.resolve(storagePath);
  for (;;) {
    try {
      const found = await stat(folder);
      if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
      await access(folder, constants.W_OK | constants.X_OK);
      return folder;
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (isAbsent && path.dirname(folder) !== folder) {
        folder = path.dirname(folder);
        continue;
      }
      tell.found('queue-unwritable', {
        what: `${storagePath} can't be written`,
        evidence: [describeBriefly(error)],
      });
      return undefined;
    }
  }
}

async function measure(folder: string): Promise<number> {
  try {
    const names = await readdir(folder);
    const sizes = await Promise.all(
      names.map((name) =>
        stat(path.join(folder, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}

async function lookAtDisk(
  folder: string,
  queued: readonly QueuedSinkPlan[],
  usedBytes: number,
  { edges, storagePath }: Subject,
  tell: Telling<Ids>,
): Promise<void> {
  const { bavail, bsize } = await edges.statFileSystem(folder);
  const freeBytes = bavail * bsize;
  const mayGrow = queued.reduce((sum, { delivery }) => sum + delivery.capBytes, 0) - usedBytes;
  const grow = `the queues may grow by ${mebibytes(mayGrow)}`;
  const words = `${storagePath}: ${mebibytes(freeBytes)} free, ${grow}`;
  if (freeBytes < FREE_MIN_BYTES) tell.found('disk-full', { what: words });
  else if (mayGrow > freeBytes) tell.found('disk-small', { what: words });
  else tell.ok(words);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

async function isCollectorThere({ collectorUrl, world }: Subject): Promise<boolean> {
  const limits = { timeoutMs: 2_000, bodyMaxBytes: 65_536, signal: AbortSignal.timeout(4_000) };
  const url = `${collectorUrl}/-/healthy`;
  return world.http.send({ method: 'GET', url, ...limits }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

interface QueueLook {
  readonly subject: Subject;
  readonly tell: Telling<Ids>;
  /** Whether a collector answers where this one would. */
  readonly answers: boolean;
}

function lookAtQueue(
  sink: QueuedSinkPlan,
  bytes: number,
  { subject, tell, answers }: QueueLook,
): void {
  const directory = path.join(subject.storagePath, sink.folder);
  const nowMs = subject.world.clock.nowMs();
  const { position: where } = sink;
  const holder = findLockHolder(directory, nowMs);
  if (holder !== undefined && lives(holder) && !answers)
    tell.found('queue-locked', {
      what: `${sink.id}: ${directory} is in use by ${describeHolder(holder)}`,
      where,
      evidence: [`no collector answers at ${subject.collectorUrl}`],
    });
  if (bytes > READ_MAX_BYTES) {
    tell.skipped(`${sink.id}: ${mebibytes(bytes)} wait, too much to be read through here`);
    return;
  }
  if (bytes === 0) return;
  const {
    items,
    oldestMs = nowMs,
    badHeaders,
    badChunks,
    isCursorDamaged,
  } = inspectQueue(directory);
  const ageMs = nowMs - oldestMs;
  const age = describeSeconds(ageMs);
  const words = `${sink.id}: ${items} items wait, the oldest for ${age}`;
  const bad = badHeaders + badChunks;
  if (bad > 0 || isCursorDamaged)
    tell.found('queue-damaged', {
      what: `${sink.id}: ${isCursorDamaged ? 'a damaged cursor' : `${bad} damaged parts`}`,
      where,
    });
  const { ageLimitMs } = sink.delivery;
  if (items > 0 && ageLimitMs > 0 && ageMs > ageLimitMs)
    tell.found('queue-over-age', { what: words, where });
  else if (items > 0 && ageMs > BEHIND_MS) tell.found('queue-behind', { what: words, where });
  else tell.ok(words);
}

function lives({ isAlive, ageMs }: LockHolder): boolean {
  return isAlive ?? Math.abs(ageMs) < FRESH_MS;
}

function describeHolder({ pid, isAlive }: LockHolder): string {
  const where = isAlive === undefined ? ' of another container' : '';
  return pid === undefined ? 'a process' : `process ${pid}${where}`;
}
