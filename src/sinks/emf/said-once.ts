/**
 * Says each thing once.
 * Limits: 100 different things, the last of which says that no more are said.
 */

export type Warn = (message: string, fields: Readonly<Record<string, unknown>>) => void;

const SAID_MAX = 100;

export class SaidOnce {
  readonly #warn: Warn;
  readonly #said = new Set<string>();

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  say(message: string, fields: Readonly<Record<string, string | number>>): void {
    if (this.#said.size >= SAID_MAX) return;
    const key = JSON.stringify([message, fields]);
    if (this.#said.has(key)) return;
    this.#said.add(key);
    if (this.#said.size === SAID_MAX)
      this.#warn('no more of this sink is said of events; its counters go on', {});
    else this.#warn(message, fields);
  }
}
