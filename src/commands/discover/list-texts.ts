/**
 * What is handed out of the lists that were found last: made once for a list, whoever asks for it
 * how often. Lists of ten thousand targets are megabytes.
 */
import { renderTargets } from '../../discovery/publish.ts';
import type { TargetGroup } from '../../model/target.ts';

/**
 * Of all texts together; those that were made first go. There are as many as jobs and shards that
 * are asked for.
 */
const TEXTS_MAX_BYTES = 64 * 1024 * 1024;
const TEXTS_MAX = 1_000;

export class ListTexts {
  /** By key, the oldest first; of no size until it is made. */
  readonly #texts = new Map<string, { readonly made: Promise<Buffer>; sizeBytes: number }>();
  readonly #maxBytes: number;

  constructor(maxBytes = TEXTS_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @param key   names the list
   * @param list  is called where there is no text of it
   */
  async textOf(
    key: string,
    list: () => readonly TargetGroup[] | Promise<readonly TargetGroup[]>,
  ): Promise<Buffer> {
    const known = this.#texts.get(key);
    if (known !== undefined) return known.made;
    const text = {
      made: (async () => Buffer.concat(await renderTargets(await list())))(),
      sizeBytes: 0,
    };
    this.#texts.set(key, text);
    text.sizeBytes = (await text.made).length;
    this.#dropOldest(key);
    return text.made;
  }

  /** A list has changed. */
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
 * Whether a list is made of the same groups as the one before: mechanisms keep the groups that have
 * not changed.
 */
export function isSameList(
  before: readonly TargetGroup[] | undefined,
  now: readonly TargetGroup[],
): boolean {
  if (before?.length !== now.length) return false;
  return now.every(({ targets, labels }, i) => {
    const one = before[i];
    return one?.targets === targets && one.labels === labels;
  });
}
