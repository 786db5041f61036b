/**
 * A map by whole numbers, hashes or refs, for very many entries: one map that doubles a table of a
 * million entries holds up everything else for some 50 ms. Above SPREAD_FROM entries they are in
 * SHARDS maps. BLOCK keys in a row are in one of them, so that where keys count up, the maps do not
 * all grow at the same time.
 */

const SPREAD_FROM = 8_192;
const SHARDS = 256;
const BLOCK = 1_024;

export class SpreadMap<T> {
  #shards: Map<number, T>[] = [new Map()];

  get(key: number): T | undefined {
    return this.#shardOf(key).get(key);
  }

  set(key: number, value: T): void {
    const shard = this.#shardOf(key);
    shard.set(key, value);
    if (this.#shards.length === 1 && shard.size > SPREAD_FROM) this.#spread(shard);
  }

  delete(key: number): void {
    this.#shardOf(key).delete(key);
  }

  /** The entries of the largest map: what its next growth moves. */
  get largest(): number {
    return Math.max(...this.#shards.map(({ size }) => size));
  }

  /** How many maps have more entries. */
  countAbove(entries: number): number {
    return this.#shards.filter(({ size }) => size > entries).length;
  }

  #shardOf(key: number): Map<number, T> {
    const shards = this.#shards;
    return shards[shards.length === 1 ? 0 : Math.trunc(key / BLOCK) % SHARDS] as Map<number, T>;
  }

  #spread(one: ReadonlyMap<number, T>): void {
    this.#shards = Array.from({ length: SHARDS }, () => new Map<number, T>());
    for (const [key, value] of one) this.#shardOf(key).set(key, value);
  }
}
