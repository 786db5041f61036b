/**
 * Sends what collectors that are gone have left in the shared storage folder. Of those that are
 * left one does it at a time, the one that holds the lock of all folders; it takes them in the
 * order in which they ended, each under its own lock, and deletes a folder when nothing waits in
 * it. What its sinks find too old is dropped and counted as ever.
 *
 *     folder of A    queue of x ─► sink x      Each sink has an order of its own: what is for x in
 *     folder of B    queue of x ─► sink x      B waits until that in A is sent, and what is for y
 *                    queue of y ─► sink y      waits for none of it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueuedSinkPlan, SinkPlan } from '../../config/plan.ts';
import type { Component } from '../../kernel/component.ts';
import { ConfigError } from '../../kernel/errors.ts';
import type { Counter, Gauge } from '../../kernel/metrics.ts';
import { Outage } from '../../kernel/outage.ts';
import type { World } from '../../kernel/world.ts';
import { type Lock, takeLock } from '../../queue/lock.ts';
import { DurableQueue } from '../../queue/queue.ts';
import type { Sink } from '../../sinks/sink.ts';
import { warnOfLeftovers } from './leftovers.ts';
import { makeQueueLimits } from './outlets.ts';
import type { OtherFolder, SharedFolder } from './shared-folder.ts';

export interface InheritanceOptions {
  readonly world: World;
  readonly userAgent: string;
  readonly folder: SharedFolder;
  /** The sinks of the plan in force. */
  readonly sinks: () => readonly SinkPlan[];
  /** Names of the folders of collectors that answer this one. */
  readonly living: () => ReadonlySet<string>;
  /** Whether it is the turn of what is left in a folder, by its name. */
  readonly mayTakeOver: (name: string) => boolean;
}

const LOOK_MS = 5_000;
const TOUCH_MS = 1_000;
/** After this time folders and plan are looked at anew; the rest of the queue comes after that. */
const TURN_MS = 600_000;
/** How long others may take to send what goes before. */
const TURN_WAIT_MS = 300_000;
/** How long a request under way may take when this collector stops. */
const END_MS = 1_000;
/** Each has a lock that is touched once a second; the next come after these. */
const FOLDERS_AT_ONCE = 16;

/** What came of a queue; behind one that waits, the sink's queues in later folders wait, too. */
type Outcome = 'sent' | 'waits' | 'failed';
/** Of each sink, by its id, what came of the last queue in its line. */
type Lines = Map<string, Promise<Outcome>>;

export class Inheritance implements Component {
  readonly name = 'inheritance';
  readonly #options: InheritanceOptions;
  readonly #stopping = new AbortController();
  readonly #left: Gauge;
  readonly #sent: Counter;
  readonly #outage: Outage;
  /** Folders with queues of sinks that no plan has had, by the folders of the sinks that it had. */
  readonly #unknown = new Map<string, string>();
  /** When folders were first seen whose turn it is not yet, by elapsed time. */
  readonly #seenMs = new Map<string, number>();
  /** Folders of which was told that they cannot be sent. */
  readonly #failing = new Set<string>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: InheritanceOptions) {
    this.#options = options;
    const { metrics, clock } = options.world;
    this.#left = metrics.gauge(
      'amperage_storage_left_folders',
      'Folders of collectors that are gone, in which something may wait, in the shared storage.',
    );
    this.#sent = metrics.counter(
      'amperage_storage_taken_over_items_total',
      'Items of collectors that are gone, which this one found and sent, or dropped and counted.',
    );
    this.#outage = new Outage(() => clock.elapsedMs());
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Looks once, and sends what is found. */
  async look(): Promise<void> {
    const { folder, world } = this.#options;
    const found = await this.#find();
    this.#left.set(found.length);
    const [first] = found;
    if (first === undefined || !this.#isTurnOf(first)) return;
    const lock = await tryLock(folder.root, world);
    if (lock === undefined) return;
    try {
      // Anew: whoever had the lock before may have sent some.
      await touching(lock, world, async () => this.#takeOverAll(await this.#find()));
    } finally {
      lock.release();
    }
    this.#left.set((await this.#find()).length);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, log } = this.#options.world;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.look();
        this.#outage.worked();
      } catch (error) {
        const sum = this.#outage.failed();
        if (sum === undefined) continue;
        const { failures } = sum;
        log.error('what other collectors left cannot be looked at', { error, failures });
      }
    }
  }

  async #find(): Promise<readonly OtherFolder[]> {
    const { folder, living } = this.#options;
    const alive = living();
    const known = this.#knownFolders();
    const others = await folder.listOthers();
    const names = new Set(others.map(({ name }) => name));
    for (const notes of [this.#seenMs, this.#failing, this.#unknown])
      for (const name of notes.keys()) if (!names.has(name)) notes.delete(name);
    return others.filter(({ name }) => !alive.has(name) && this.#unknown.get(name) !== known);
  }

  /** Its turn comes in any case: a collector that never gets rid of its own must not hold it up. */
  #isTurnOf({ name }: OtherFolder): boolean {
    const { mayTakeOver, world } = this.#options;
    const atMs = world.clock.elapsedMs();
    const sinceMs = this.#seenMs.get(name) ?? atMs;
    this.#seenMs.set(name, sinceMs);
    return mayTakeOver(name) || atMs - sinceMs >= TURN_WAIT_MS;
  }

  #knownFolders(): string {
    return this.#options
      .sinks()
      .map((plan) => (plan.delivery === undefined ? '' : plan.folder))
      .sort()
      .join(' ');
  }

  async #takeOverAll(found: readonly OtherFolder[]): Promise<void> {
    const { world } = this.#options;
    const lines: Lines = new Map();
    const ends: Promise<void>[] = [];
    for (const other of found.slice(0, FOLDERS_AT_ONCE)) {
      if (this.#stopping.signal.aborted || !this.#isTurnOf(other)) break;
      try {
        // None where its process is alive after all.
        const lock = await tryLock(other.path, world);
        if (lock !== undefined) ends.push(this.#takeOver(other, lock, lines));
      } catch (error) {
        this.#tellFailing(other, error);
      }
    }
    await Promise.all(ends);
  }

  /** Never rejects. */
  async #takeOver(other: OtherFolder, lock: Lock, lines: Lines): Promise<void> {
    const { world } = this.#options;
    try {
      const isSent = await touching(lock, world, () => this.#sendAll(other, lines));
      // When the lock is touched no more: a touch would make it anew in a folder that goes.
      if (isSent) await rm(other.path, { recursive: true, force: true });
    } catch (error) {
      this.#tellFailing(other, error);
    } finally {
      lock.release();
    }
  }

  /** True when nothing is left in the folder. */
  async #sendAll(other: OtherFolder, lines: Lines): Promise<boolean> {
    const { world, sinks } = this.#options;
    const sending: Promise<Outcome>[] = [];
    for (const plan of sinks()) {
      if (plan.delivery === undefined || !other.queues.includes(plan.folder)) continue;
      const before = lines.get(plan.id) ?? Promise.resolve('sent');
      const outcome = before.then((was) => (was === 'waits' ? was : this.#trySend(other, plan)));
      lines.set(plan.id, outcome);
      sending.push(outcome);
    }
    const outcomes = await Promise.all(sending);
    if (this.#stopping.signal.aborted || outcomes.some((outcome) => outcome !== 'sent'))
      return false;
    const folders = sinks().flatMap((plan) => (plan.delivery === undefined ? [] : plan.folder));
    if (other.queues.every((queue) => folders.includes(queue))) return true;
    this.#unknown.set(other.name, this.#knownFolders());
    await warnOfLeftovers(other.path, new Set(folders), world.log);
    return false;
  }

  async #trySend(other: OtherFolder, plan: QueuedSinkPlan): Promise<Outcome> {
    if (this.#stopping.signal.aborted) return 'waits';
    try {
      return (await this.#send(other, plan)) ? 'sent' : 'waits';
    } catch (error) {
      this.#tellFailing(other, error);
      return 'failed';
    }
  }

  /** Once for each folder: it is tried again and again. */
  #tellFailing({ name, path }: OtherFolder, error: unknown): void {
    if (this.#failing.has(name)) return;
    this.#failing.add(name);
    this.#options.world.log.error(
      'what a collector that is gone left cannot be sent; see to it that it can be read and ' +
        'written, or delete the folder',
      { folder: path, error },
    );
  }

  /** True when nothing waits in it any more. */
  async #send(other: OtherFolder, plan: QueuedSinkPlan): Promise<boolean> {
    const { world, userAgent } = this.#options;
    const directory = join(other.path, plan.folder);
    const id = `${plan.id} of others`;
    const queue: DurableQueue = new DurableQueue(
      {
        name: id,
        directory,
        ...makeQueueLimits(plan),
        onDropped: (...loss) => sink.countDropped(...loss),
      },
      world,
    );
    const name = `${plan.name} of others`;
    const sink: Sink = plan.open({ id, name, world, userAgent, queue });
    await queue.start();
    const items = queue.pendingItems;
    const fields = { sink: plan.id, folder: other.name };
    if (items > 0) world.log.info('sends what a collector left that is gone', { ...fields, items });
    const startedMs = world.clock.elapsedMs();
    try {
      await this.#drain(queue, sink);
    } finally {
      await queue.stop();
    }
    const left = queue.pendingItems;
    this.#sent.inc(items - left);
    if (items === 0) return true;
    const tookMs = Math.round(world.clock.elapsedMs() - startedMs);
    if (left === 0) world.log.info('has sent what it left', { ...fields, items, took_ms: tookMs });
    return left === 0;
  }

  /** Sends until nothing waits, this collector stops, or it is time to look anew. */
  async #drain(queue: DurableQueue, sink: Sink): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, over.signal]);
    const turn = this.#options.world.clock.sleep(TURN_MS, signal).then(
      () => over.abort(),
      () => undefined,
    );
    await sink.start();
    await queue.flush(signal);
    over.abort();
    await turn;
    await sink.stop(END_MS);
  }
}

/** Undefined where a living process holds it. */
async function tryLock(
  directory: string,
  { clock }: Pick<World, 'clock'>,
): Promise<Lock | undefined> {
  try {
    return await takeLock(directory, clock);
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'QUEUE_LOCKED') return undefined;
    throw error;
  }
}

/** Works, and shows others meanwhile that the holder of the lock lives. */
async function touching<Result>(
  lock: Lock,
  { clock }: Pick<World, 'clock'>,
  work: () => Promise<Result>,
): Promise<Result> {
  const over = new AbortController();
  const touch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      lock.touch();
      await clock.sleep(TOUCH_MS, over.signal).catch(() => undefined);
    }
  };
  const touched = touch();
  try {
    return await work();
  } finally {
    over.abort();
    await touched;
  }
}
