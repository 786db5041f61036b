/**
 * Keeps the rendered texts of the last lists, so that a text is made once for a list, however often
 * it is asked for: a list of ten thousand targets takes megabytes.
 */
import { renderTargets } from '../../discovery/publish.ts';
import type { TargetGroup } from '../../model/target.ts';

/**
 * Limits of all texts together; above them the oldest are dropped. There is one text for each job
 * and shard that is asked for.
 */
const TEXTS_MAX_BYTES = 64 * 1024 * 1024;
const TEXTS_MAX = 1_000;

export class ListTexts {
  /** By key, the oldest first. `sizeBytes` is 0 until the text is made. */
  readonly #texts = new Map<string, { readonly made: Promise<Buffer>; sizeBytes: number }>();
  readonly #maxBytes: number;

  constructor(maxBytes = TEXTS_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The text of a list, made where it is not known.
   *
   * @param key       names the list
   * @param findList  gives the list; called only where there is no text of it
   */
  async textOf(
    key: string,
    findList: () => readonly TargetGroup[] | Promise<readonly TargetGroup[]>,
  ): Promise<Buffer> {
    const known = this.#texts.get(key);
    if (known !== undefined) return known.made;
    const text = {
      made: (async () => Buffer.concat(await renderTargets(await findList())))(),
      sizeBytes: 0,
    };
    this.#texts.set(key, text);
    text.sizeBytes = (await text.made).length;
    this.#dropOldest(key);
    return text.made;
  }

  /** Drops all texts, since a list has changed. */
  clear(): void {
    this.#texts.clear();
  }

  #dropOldest(newest: string): void {
    let sumBytes = 0;
    for (const { sizeBytes } of this.#texts.values()) sumBytes += sizeBytes;
    for (const [key, { sizeBytes }] of this.#texts) {
      if (sumBytes <= this.#maxBytes && this.#texts.size <= TEXTS_MAX) return;
      if (key === newest) continue;
      this.#texts.delete(key);
      sumBytes -= sizeBytes;
    }
  }
}

/**
 * Whether a list has the same groups as the one before. It compares objects by reference, since
 * mechanisms keep the groups that have not changed.
 */
export function isSameList(
  before: readonly TargetGroup[] | undefined,
  now: readonly TargetGroup[],
): boolean {
  if (before?.length !== now.length) return false;
  return now.every(({ targets, labels }, i) => {
    const earlier = before[i];
    return earlier?.targets === targets && earlier.labels === labels;
  });
}
