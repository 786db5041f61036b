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

  /** @param more  is told too, and makes no other thing of it */
  say(
    message: string,
    fields: Readonly<Record<string, string | number>>,
    more: Readonly<Record<string, string>> = {},
  ): void {
    if (this.#said.size >= SAID_MAX) return;
    const key = JSON.stringify([message, fields]);
    if (this.#said.has(key)) return;
    this.#said.add(key);
    if (this.#said.size === SAID_MAX)
      this.#warn('no more of this sink is said of events; its counters go on', {});
    else this.#warn(message, { ...fields, ...more });
  }
}

const NAMES_MAX = 30;
const NAME_LENGTH_MAX = 100;

/** Names for a line of the log: each once, sorted, bounded in number and length. */
export function listNames(names: Iterable<string>): string {
  const all = [...new Set(names)].sort();
  const told = all.slice(0, NAMES_MAX).map((name) => name.slice(0, NAME_LENGTH_MAX));
  const more = all.length - told.length;
  return `${told.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
