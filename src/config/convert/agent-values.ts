/**
 * Reads the values of a file of CloudWatch's agent: a key is taken, or what it says is lost, which
 * is told by its path. What no one has taken at the end is lost, too. Pure.
 */
import type { ConfigPath } from '../../settings/finding.ts';
import { isMapping, type Mapping } from '../mapping.ts';

export interface AgentLoss {
  readonly path: ConfigPath;
  /** What to do instead. */
  readonly words: string;
}

/** A mapping of the file, where it is, and where losses are told. */
export class AgentMap {
  readonly path: ConfigPath;
  readonly #losses: AgentLoss[];
  readonly #left: Map<string, unknown>;

  constructor(value: Mapping, path: ConfigPath, losses: AgentLoss[]) {
    this.path = path;
    this.#losses = losses;
    this.#left = new Map(Object.entries(value));
  }

  get keys(): readonly string[] {
    return [...this.#left.keys()];
  }

  lose(key: string | number, words: string): void {
    this.#losses.push({ path: [...this.path, key], words });
  }

  take(key: string): unknown {
    const value = this.#left.get(key);
    this.#left.delete(key);
    return value;
  }

  text(key: string): string | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === 'string') return value;
    this.lose(key, 'it is no text');
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.lose(key, 'it is neither true nor false');
    return undefined;
  }

  map(key: string): AgentMap | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    if (isMapping(value)) return new AgentMap(value, [...this.path, key], this.#losses);
    this.lose(key, 'it is no object');
    return undefined;
  }

  maps(key: string): readonly AgentMap[] {
    const value = this.take(key) ?? [];
    if (!Array.isArray(value) || !value.every(isMapping)) {
      this.lose(key, 'it is no list of objects');
      return [];
    }
    return value.map((one, index) => new AgentMap(one, [...this.path, key, index], this.#losses));
  }

  /** What was not taken is lost. */
  end(words: (key: string) => string = () => 'it has no counterpart here'): void {
    for (const key of this.keys) this.lose(key, words(key));
    this.#left.clear();
  }
}
