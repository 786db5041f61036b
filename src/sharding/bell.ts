/**
 * Wakes a loop that waits. A ring while nobody waits ends the next wait at once, so no news is lost
 * while the loop works.
 */
export class Bell {
  #hasRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** Resolves at a ring, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.#hasRung)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#wake = undefined;
    this.#hasRung = false;
  }
}
