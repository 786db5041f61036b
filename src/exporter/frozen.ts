/**
 * Finds statistics that are frozen. An agent that has lost its container runtime goes on answering
 * with the last sample that it had, whose CPU and memory figures are long out of date. Each sample
 * has the time at which the agent took it. When that time has not changed for five minutes, the
 * figures are left out and only the time stays, from which their age is computed.
 *
 * Agents sample every 1 to 20 seconds. After five minutes Prometheus too no longer shows a sample.
 */
import {
  type ContainerStats,
  containerStatsSchema,
  type TaskStats,
} from '../aws/task-metadata-schema.ts';

const STILL_MAX_MS = 5 * 60_000;

/** By container: the time in its sample, and since when that time has been the same. */
type Seen = Map<string, { readonly read: string; readonly sinceMs: number }>;

export class FrozenStats {
  /** Has only the containers of the last answer, so it is no larger than that. */
  #seen: Seen = new Map();

  /** The statistics without the figures of those that are frozen. `atMs` is elapsed time. */
  dropFrozen(stats: TaskStats, atMs: number): TaskStats {
    const seen: Seen = new Map();
    const kept: Record<string, ContainerStats | null> = {};
    for (const [id, sample] of Object.entries(stats)) {
      const read = sample?.read;
      const before = this.#seen.get(id);
      const sinceMs = before !== undefined && before.read === read ? before.sinceMs : atMs;
      if (read !== undefined) seen.set(id, { read, sinceMs });
      kept[id] = atMs - sinceMs > STILL_MAX_MS ? containerStatsSchema.parse({ read }) : sample;
    }
    this.#seen = seen;
    return kept;
  }
}
