/**
 * Turns at the files of bodies: TURNS_MAX operations at a time, the others in the order in which
 * they came. Each takes one of libuv's four threads, which names of hosts, modules and credentials
 * need too: with hundreds of bodies at once, all else would wait behind their pieces. A body waits
 * for one turn at a time, so that connections bound how many wait.
 */
const TURNS_MAX = 2;

export class FileTurns {
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < TURNS_MAX) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The turn is handed on, so that nobody who comes now is before those that wait.
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}
