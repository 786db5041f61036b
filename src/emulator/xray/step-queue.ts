/**
 * Long work gives way. It is done in steps of some milliseconds, and of all work that waits one
 * step is done each time round the event loop: however many calls there are, what else the process
 * does waits for one step at most.
 */

const STEP_MS = 10;

export class StepQueue {
  readonly #waiting: (() => void)[] = [];
  #isPlanned = false;

  /** Runs `act` on each item in order, until it returns false. */
  async forEach<T>(items: Iterable<T>, act: (item: T) => boolean): Promise<void> {
    await this.#begin();
    let startedMs = performance.now();
    for (const item of items) {
      if (!act(item)) return;
      if (performance.now() - startedMs < STEP_MS) continue;
      await this.#begin();
      startedMs = performance.now();
    }
  }

  /** Resolves when a step may begin. */
  #begin(): Promise<void> {
    const begun = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    this.#plan();
    return begun;
  }

  #plan(): void {
    if (this.#isPlanned || this.#waiting.length === 0) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#waiting.shift()?.();
      this.#plan();
    });
  }
}
