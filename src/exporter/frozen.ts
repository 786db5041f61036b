/**
 * Finds statistics that stand still. An agent that has lost its runtime goes on answering with the
 * last sample that it had: counters that do not count, and a use of CPU and memory that is long
 * past. Each sample bears the time of its reading; when that has not changed for five minutes the
 * figures are left out and only the time stays, for their age.
 *
 * Agents sample every 1 to 20 seconds. Five minutes is the age from which Prometheus shows no
 * sample any more.
 */
import {
  type ContainerStats,
  containerStatsSchema,
  type TaskStats,
} from '../aws/task-metadata-schema.ts';

const STILL_MAX_MS = 5 * 60_000;

/** By container: the time in its sample, and since when it has been that. */
type Seen = Map<string, { readonly read: string; readonly sinceMs: number }>;

export class FrozenStats {
  /** Of the containers of the last answer alone, so it is no larger than that. */
  #seen: Seen = new Map();

  /** The same statistics without the figures of those that stand still. */
  leaveOut(stats: TaskStats, nowMs: number): TaskStats {
    const seen: Seen = new Map();
    const kept: Record<string, ContainerStats | null> = {};
    for (const [id, one] of Object.entries(stats)) {
      const read = one?.read;
      const before = this.#seen.get(id);
      const sinceMs = before !== undefined && before.read === read ? before.sinceMs : nowMs;
      if (read !== undefined) seen.set(id, { read, sinceMs });
      kept[id] = nowMs - sinceMs > STILL_MAX_MS ? containerStatsSchema.parse({ read }) : one;
    }
    this.#seen = seen;
    return kept;
  }
}
