/**
 * A list that is read in independent parts (files, names). A part that fails keeps its last known
 * groups and does not delay the others. Reports what is lacking, and decides whether the list may
 * be yielded: not before each part was read once.
 */
import type { TargetGroup } from '../model/target.ts';
import { makeFailedLack, type Lack, Lacking } from './lacking.ts';
import { attempt, type DiscoveryWorld } from './mechanism.ts';

export class PartialList {
  /** What a part is, in one word: `file`. */
  readonly #what: string;
  readonly #world: DiscoveryWorld;
  readonly #lacking: Lacking;
  readonly #known = new Map<string, readonly TargetGroup[]>();
  readonly #failures = new Map<string, Lack>();
  #hasBeenWhole = false;

  constructor(what: string, world: DiscoveryWorld) {
    this.#what = what;
    this.#world = world;
    this.#lacking = new Lacking(world);
  }

  names(): string[] {
    return [...this.#known.keys()];
  }

  /** Reads one part. Never rejects; returns false when the reading failed. */
  async read(name: string, read: () => Promise<readonly TargetGroup[]>): Promise<boolean> {
    this.#failures.delete(name);
    const groups = await attempt(this.#world, read, (error) => {
      const isKnown = this.#known.has(name);
      this.#failures.set(name, {
        ...makeFailedLack(this.#what, name, error),
        isBlocking: !isKnown,
      });
    });
    if (groups !== undefined) this.#known.set(name, groups);
    return groups !== undefined;
  }

  /** Forgets all parts but these. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    for (const name of this.#failures.keys()) if (!names.has(name)) this.#failures.delete(name);
  }

  /**
   * Returns the list after a reading, in the order of the names; undefined when it must not be
   * yielded.
   *
   * @param more  lacks that concern the names themselves
   */
  conclude(
    names: readonly string[],
    more: readonly Lack[] = [],
  ): readonly TargetGroup[] | undefined {
    if (this.#world.signal.aborted) return undefined;
    const lacks = [...more, ...this.#failures.values()];
    this.#lacking.tell('', lacks);
    this.#hasBeenWhole ||= !lacks.some(({ isBlocking }) => isBlocking);
    const isPart = this.#world.takesPartial === true && this.#known.size > 0;
    if (!this.#hasBeenWhole && !isPart) return undefined;
    return names.flatMap((name) => this.#known.get(name) ?? []);
  }
}
