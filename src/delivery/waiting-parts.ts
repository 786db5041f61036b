/**
 * The parts of a refused chunk that wait to be sent, and which of them is next: by turns the
 * largest, which finds what is good together, and the smallest, which finds what is good alone.
 * Parts of one series stand in line: only the first of a line is ever next.
 *
 *     largest ─► [ a b c d ]  [ e f ]  [ g₁ │ g₂ │ g₃ ]  [ h ] ◄─ smallest
 */
import type { Chunk } from '../model/queue.ts';
import { countItems, type Halves } from './protocol.ts';

/** A part, and those that must not be sent before it is settled. */
export type PartLine = readonly [readonly Chunk[], ...(readonly Chunk[])[]];

export class WaitingParts {
  /** The largest first. */
  readonly #lines: PartLine[] = [];
  #turn = 0;

  /** @param isSmallest  whatever turn it is */
  next(isSmallest: boolean): PartLine | undefined {
    this.#turn += 1;
    return isSmallest || this.#turn % 2 === 0 ? this.#lines.pop() : this.#lines.shift();
  }

  /** To be called with the halves of the first part of a line that was next. */
  addHalves({ first, second, isOrdered }: Halves, [, ...later]: PartLine): void {
    if (isOrdered) this.#add([first, second, ...later]);
    else {
      this.#add([first, ...later]);
      this.#add([second]);
    }
  }

  /** To be called when the first part of a line is settled. */
  addLater([, next, ...later]: PartLine): void {
    if (next !== undefined) this.#add([next, ...later]);
  }

  #add(line: PartLine): void {
    const items = countItems(line[0]);
    const at = this.#lines.findLastIndex(([other]) => countItems(other) >= items);
    this.#lines.splice(at + 1, 0, line);
  }
}
