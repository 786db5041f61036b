/**
 * Short jobs that may come by the thousand in one turn of the event loop: so many are done in each
 * turn, in their order, the first in the turn that follows. Work that is one long piece is run by
 * giving-way.ts. How many may wait is up to what adds them.
 */
export class Slices<Item> {
  readonly #size: number;
  readonly #act: (item: Item) => void;
  #waiting: Item[] = [];

  /** @param act  must not throw */
  constructor(size: number, act: (item: Item) => void) {
    this.#size = size;
    this.#act = act;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    if (this.#waiting.length === 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const slice = this.#waiting.slice(0, this.#size);
    for (const item of slice) this.#act(item);
    this.#waiting = this.#waiting.slice(slice.length);
    if (this.#waiting.length > 0) setImmediate(this.#turn);
  };
}
