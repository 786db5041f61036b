/**
 * A storage folder that several collectors share (`--storage.shared`): each has a folder of its own
 * in it, by a name that no other process gets, and holds its lock for as long as it lives. So what
 * a process leaves behind has no owner, however it ended, and a free lock says so.
 */
import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { makePrivateFolder } from '../../kernel/private-files.ts';
import type { World } from '../../kernel/world.ts';
import { COLLECTORS } from '../../queue/inspect.ts';
import { type Lock, takeLock } from '../../queue/lock.ts';
import { readSegmentId } from '../../queue/segment.ts';
import type { Sharing } from '../../sharding/sharing.ts';

/** When its process started, and a random part. */
const NAME = /^\d{8}T\d{6}-[\da-f]{8}$/;
const TOUCH_MS = 1_000;
const ANSWERS: ReadonlySet<string> = new Set(['running', 'leaving', 'left']);
/** More than the collectors of a service ever leave behind; the others are looked at later. */
export const FOLDERS_MAX = 1_000;

/** What another process has in its folder. */
export interface OtherFolder {
  readonly name: string;
  readonly path: string;
  /** Names of the queues below it in which something may wait. */
  readonly queues: readonly string[];
  /** When something was last appended, ms since 1970. */
  readonly appendedMs: number;
}

export class SharedFolder implements Component {
  readonly name = 'shared storage';
  /** Of the folder of this process. */
  readonly ownName: string;
  readonly path: string;
  /** Holds the folders of all; its lock is that of the one that sends what others left. */
  readonly root: string;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #stopping = new AbortController();
  /** Names of the queues that sinks of the plan send; undefined before there is a plan. */
  #claimed: ReadonlySet<string> | undefined;
  #lock: Lock | undefined;
  #touching: Promise<void> = Promise.resolve();

  constructor(storagePath: string, world: Pick<World, 'clock' | 'log'>) {
    this.#world = world;
    this.root = join(storagePath, COLLECTORS);
    this.ownName = makeName(world.clock);
    this.path = join(this.root, this.ownName);
  }

  async start(): Promise<void> {
    makePrivateFolder(this.path);
    this.#lock = await takeLock(this.path, this.#world.clock);
    this.#touching = this.#touch(this.#lock);
  }

  /** To be called when all queues in it have ended: from now on others may send what is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#touching;
    const isEmpty = (await look(this.ownName, this.path)).queues.length === 0;
    if (this.#lock !== undefined && isEmpty) await rm(this.path, { recursive: true, force: true });
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** The folders of other processes, alive or not; first the one that was appended to first. */
  async listOthers(): Promise<readonly OtherFolder[]> {
    const entries = await readdir(this.root, { withFileTypes: true });
    const others = await lookAll(
      this.root,
      entries.filter(({ name }) => name !== this.ownName),
    );
    return others.sort((a, b) => a.appendedMs - b.appendedMs);
  }

  /**
   * Notes which queues are sent, by the names of their folders: what waits in others is waited for
   * by nobody.
   */
  claim(queues: readonly string[]): void {
    this.#claimed = new Set(queues);
  }

  /** Folders of other processes in which something waits that can be sent. */
  async listLeft(): Promise<readonly string[]> {
    const others = await this.listOthers();
    return others.filter((other) => this.#isSendable(other)).map(({ name }) => name);
  }

  /** Whether something waits in the folder of another process that can be sent. */
  async hasLeft(name: string): Promise<boolean> {
    return NAME.test(name) && this.#isSendable(await look(name, join(this.root, name)));
  }

  #isSendable({ queues }: OtherFolder): boolean {
    return queues.some((queue) => this.#claimed?.has(queue) ?? true);
  }

  async #touch(lock: Lock): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, log } = this.#world;
    let isOurs = true;
    while (!signal.aborted) {
      await clock.sleep(TOUCH_MS, signal).catch(() => undefined);
      const wasOurs = isOurs;
      isOurs = lock.touch();
      if (wasOurs && !isOurs)
        log.error(
          'this process was suspended for so long that another collector took it for dead and ' +
            'sends what waits in its folder',
          { folder: this.path },
        );
    }
  }
}

/** Names of the folders of collectors that answer. */
export function listLivingFolders(sharing: Sharing | undefined): ReadonlySet<string> {
  const { members = [] } = sharing?.describe() ?? {};
  const answering = members.filter(({ state }) => ANSWERS.has(state));
  return new Set(answering.flatMap(({ folder }) => folder ?? []));
}

/** The folders of processes in a storage folder, for who has none of its own there. */
export async function listAllFolders(storagePath: string): Promise<readonly OtherFolder[]> {
  const root = join(storagePath, COLLECTORS);
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return lookAll(root, entries);
}

async function lookAll(root: string, entries: readonly Dirent[]): Promise<OtherFolder[]> {
  const names = entries
    .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
    .map(({ name }) => name)
    .sort()
    .slice(0, FOLDERS_MAX);
  const found: OtherFolder[] = [];
  for (const name of names) found.push(await look(name, join(root, name)));
  return found;
}

async function look(name: string, path: string): Promise<OtherFolder> {
  const queues = new Set<string>();
  let appendedMs = 0;
  // Whoever sends what is left may delete it meanwhile.
  const below = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of below) {
    if (!entry.isDirectory()) continue;
    for (const file of await readdir(join(path, entry.name)).catch(() => [])) {
      if (readSegmentId(file) === undefined) continue;
      queues.add(entry.name);
      const found = await stat(join(path, entry.name, file)).catch(() => undefined);
      const { mtimeMs = 0 } = found ?? {};
      appendedMs = Math.max(appendedMs, mtimeMs);
    }
  }
  return { name, path, queues: [...queues].sort(), appendedMs };
}

function makeName(clock: Clock): string {
  const digits = new Date(clock.nowMs()).toISOString().replaceAll(/[-:]|\.\d+Z/g, '');
  return `${digits}-${randomBytes(4).toString('hex')}`;
}
