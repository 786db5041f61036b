/**
 * The end of a collector, as its log tells it: how much waits when it is told to stop, how the
 * sending goes on, and how much is left in the end, with what becomes of it.
 */
import { statfsSync } from 'node:fs';
import type { World } from '../../kernel/world.ts';

/** What becomes of what waits in a storage folder when its process ends. */
export type PartingFate = 'shared' | 'stays' | 'task';

const WORDS: Readonly<Record<PartingFate, string>> = {
  shared: 'a collector that is left sends it from the shared storage',
  stays: 'the next run with this storage folder sends it',
  task: 'it is lost with the disk of the task',
};

/** The type of NFS, which EFS is, among file systems. */
const NFS = 0x69_69;
const TOLD_MS = 5_000;

/** @param at  of the process: whether it shares its folder, and its environment */
export function findFate(
  storagePath: string,
  { isShared, env }: { isShared: boolean; env: Readonly<Record<string, string | undefined>> },
): PartingFate {
  if (isShared) return 'shared';
  // All other disks of a task on Fargate are its own.
  const isOfTask = env['AWS_EXECUTION_ENV'] === 'AWS_ECS_FARGATE' && !isNfs(storagePath);
  return isOfTask ? 'task' : 'stays';
}

function isNfs(path: string): boolean {
  try {
    return statfsSync(path).type === NFS;
  } catch {
    return false;
  }
}

export interface PartingOptions {
  readonly world: Pick<World, 'clock' | 'log' | 'metrics'>;
  readonly fate: PartingFate;
  readonly pendingItems: () => number;
}

export class Parting {
  readonly #options: PartingOptions;
  readonly #over = new AbortController();
  #telling: Promise<void> = Promise.resolve();
  #beganMs = 0;

  constructor(options: PartingOptions) {
    this.#options = options;
    options.world.metrics
      .gauge(
        'amperage_storage_lost_with_task',
        'Whether what waits in the queues is lost when the task ends (1) or outlives it (0).',
      )
      .set(options.fate === 'task' ? 1 : 0);
  }

  begin(deadlineMs: number): void {
    const { world, fate, pendingItems } = this.#options;
    const items = pendingItems();
    this.#beganMs = world.clock.elapsedMs();
    if (items > 0)
      world.log.info('what waits is sent before the end; of what is left then: ' + WORDS[fate], {
        items,
        within_ms: Math.round(deadlineMs),
      });
    this.#telling = this.#tell(deadlineMs);
  }

  /** To be called when nothing is sent any more. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#telling;
    const { world, fate, pendingItems } = this.#options;
    const items = pendingItems();
    if (items === 0) return;
    const say = fate === 'task' ? world.log.error.bind(world.log) : world.log.warn.bind(world.log);
    say(`not all could be sent before the end: ${WORDS[fate]}`, { items });
  }

  async #tell(deadlineMs: number): Promise<void> {
    const { world, pendingItems } = this.#options;
    const { signal } = this.#over;
    for (;;) {
      await world.clock.sleep(TOLD_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      const forMs = world.clock.elapsedMs() - this.#beganMs;
      world.log.info('still sending what waits', {
        items: pendingItems(),
        for_ms: Math.round(forMs),
        left_ms: Math.max(0, Math.round(deadlineMs - forMs)),
      });
    }
  }
}
