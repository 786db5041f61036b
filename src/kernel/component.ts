/**
 * The life cycle of every long-running part, and the group that starts parts in order and stops
 * them in reverse order. Sinks come first in a group and sources last, so that what is collected
 * can always be delivered.
 */
import { describeError } from './errors.ts';

export interface Component {
  /** The name in logs. */
  readonly name: string;
  /** Resolves when the part works (listens, has opened its files); rejects when it can't. */
  start(): Promise<void>;
  /**
   * Flushes for at most about `deadlineMs`, then gives up what is left. It is safe to call it
   * twice, and on a part that was never started or failed to start.
   */
  stop(deadlineMs: number): Promise<void>;
}

/** Starts components one after the other and stops them in reverse order; itself a component. */
export class Group implements Component {
  readonly name: string;
  readonly #components: readonly Component[];
  #startedCount = 0;
  #stopping: Promise<void> | undefined;

  constructor(name: string, components: readonly Component[]) {
    this.name = name;
    this.#components = components;
  }

  /** If one component fails to start, it and those before it are stopped; its error is thrown. */
  async start(): Promise<void> {
    for (const component of this.#components) {
      this.#startedCount += 1;
      try {
        await component.start();
      } catch (error) {
        await this.stop(1_000).catch(() => undefined);
        throw error;
      }
    }
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stopAll(deadlineMs);
    return this.#stopping;
  }

  async #stopAll(deadlineMs: number): Promise<void> {
    const end = performance.now() + deadlineMs;
    const failures: string[] = [];
    while (this.#startedCount > 0) {
      this.#startedCount -= 1;
      const component = this.#components[this.#startedCount];
      if (component === undefined) continue;
      try {
        await component.stop(Math.max(0, end - performance.now()));
      } catch (error) {
        failures.push(`${component.name}: ${describeError(error)}`);
      }
    }
    if (failures.length > 0)
      throw new Error(`stopping ${this.name} failed: ${failures.join('; ')}`);
  }
}
