/**
 * What a healthy command has done since its last line, once an interval: of counters the increase,
 * of gauges the value at that moment. What no metric counts yet is left out of the line.
 */
import type { LogFields } from '../kernel/logger.ts';
import type { World } from '../kernel/world.ts';

/** By field of the line, the names of the metrics whose children it adds up. */
export type TotalsTable = Readonly<Record<string, readonly string[]>>;

interface Sum {
  readonly isCounter: boolean;
  readonly value: number;
}

export class TotalsLog {
  readonly #world: Pick<World, 'clock' | 'log' | 'metrics'>;
  readonly #table: TotalsTable;
  readonly #everyMs: number;
  readonly #ending = new AbortController();
  /** Of counters, as they were told last. */
  #told = new Map<string, number>();
  #toldMs = 0;

  /** @param everyMs  0: nothing is told */
  constructor(
    world: Pick<World, 'clock' | 'log' | 'metrics'>,
    table: TotalsTable,
    everyMs: number,
  ) {
    this.#world = world;
    this.#table = table;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#toldMs = this.#world.clock.elapsedMs();
    if (this.#everyMs > 0) void this.#repeat();
  }

  /** Tells the rest. */
  stop(): void {
    this.#ending.abort(new Error('the command has stopped'));
    if (this.#everyMs > 0) this.#tell();
  }

  async #repeat(): Promise<void> {
    const { clock } = this.#world;
    for (;;) {
      try {
        await clock.sleep(this.#everyMs, this.#ending.signal);
      } catch {
        return;
      }
      this.#tell();
    }
  }

  #tell(): void {
    const { clock, log, metrics } = this.#world;
    const sums = new Map<string, Sum>();
    for (const { name, type, samples } of metrics.families()) {
      const value = samples.reduce((sum, sample) => sum + sample.value, 0);
      sums.set(name, { isCounter: type === 'counter', value });
    }
    const told = new Map<string, number>();
    const fields: LogFields = Object.fromEntries(
      Object.entries(this.#table).flatMap(([field, names]) => {
        const known = names.flatMap((name) => {
          const sum = sums.get(name);
          if (sum === undefined) return [];
          if (!sum.isCounter) return [sum.value];
          told.set(name, sum.value);
          return [sum.value - (this.#told.get(name) ?? 0)];
        });
        return known.length === 0 ? [] : [[field, known.reduce((a, b) => a + b)]];
      }),
    );
    this.#told = told;
    const atMs = clock.elapsedMs();
    const seconds = Math.round((atMs - this.#toldMs) / 1_000);
    this.#toldMs = atMs;
    log.unlimited().info('totals', { ...fields, seconds });
  }
}
