/**
 * The targets of a collector that divides them with others: the complete lists, with the part of
 * each target, and what is held of them at present.
 */
import type { World } from '../../kernel/world.ts';
import type { HeldParts, TargetGroup } from '../../model/target.ts';
import type { ScrapeManager } from '../../scrape/manager.ts';
import { addLoads, selectHeld, PARTS, withParts } from '../../sharding/parts.ts';
import { NOTHING, type Released, type Share, type ShareHolder } from '../../sharding/sharing.ts';

/**
 * How long samples of targets that move may take to leave: those of who goes on with them come
 * after.
 */
const FLUSH_MS = 1_000;
/** What marks `up` of a collector that knows of no other. */
const ALONE = [{ name: 'amperage_alone', value: 'true' }];

export interface HeldTargetsOptions {
  readonly world: Pick<World, 'clock'>;
  readonly scrape: ScrapeManager;
  /** Sends what waits. */
  readonly flush: (signal: AbortSignal) => Promise<void>;
  /** How many lists there will be. */
  readonly sources: () => number;
}

export class HeldTargets implements ShareHolder {
  readonly #options: HeldTargetsOptions;
  readonly #lists = new Map<string, readonly TargetGroup[]>();
  /** The newest list of each source, until its targets have their parts. */
  readonly #coming = new Map<string, readonly TargetGroup[]>();
  /** Sources whose list has been whole once: what is known of them is never less. */
  readonly #whole = new Set<string>();
  readonly #lacking = new Set<string>();
  #share: Share = NOTHING;
  #isEnded = false;

  constructor(options: HeldTargetsOptions) {
    this.#options = options;
  }

  /** A complete list. */
  async update(source: string, groups: readonly TargetGroup[]): Promise<void> {
    this.#coming.set(source, groups);
    const list = await withParts(groups);
    // Meanwhile another list may have come, or the end.
    if (this.#coming.get(source) !== groups || this.#isEnded) return;
    this.#lists.set(source, list);
    if (!this.#lacking.has(source)) this.#whole.add(source);
    await this.#scrape(source, list, () => undefined);
  }

  /** Whether the lists of a source that come now are only a part. */
  setLacking(source: string, isLacking: boolean): void {
    if (isLacking) this.#lacking.add(source);
    else this.#lacking.delete(source);
  }

  /** The sources that there are; of others nothing is kept. */
  retain(sources: ReadonlySet<string>): void {
    for (const source of this.#coming.keys()) {
      if (sources.has(source)) continue;
      this.#coming.delete(source);
      this.#lists.delete(source);
      this.#whole.delete(source);
      this.#lacking.delete(source);
    }
  }

  readonly take = async (share: Share): Promise<Released> => {
    this.#share = share;
    const { scrape, flush, world } = this.#options;
    scrape.markReports(share.isAlone ? ALONE : []);
    const unfinished = new Set<number>();
    // A scrape under way belongs to a tick before: those from now on are others' to make.
    const atMs = world.clock.nowMs();
    await Promise.all(
      [...this.#lists].map(([source, list]) =>
        this.#scrape(source, list, (part) => void unfinished.add(part)),
      ),
    );
    const enough = new AbortController();
    const late = world.clock.sleep(FLUSH_MS, enough.signal).catch(() => undefined);
    await Promise.race([flush(enough.signal), late]);
    enough.abort();
    return { atMs, unfinished: [...unfinished] };
  };

  readonly loads = (): Uint32Array => {
    const loads = new Uint32Array(PARTS);
    for (const list of this.#lists.values()) addLoads(list, loads);
    return loads;
  };

  readonly isReady = (): boolean => this.#whole.size >= this.#options.sources();

  /** Nothing changes any more. */
  end(): void {
    this.#isEnded = true;
  }

  #scrape(
    source: string,
    list: readonly TargetGroup[],
    onUnfinished: HeldParts['onUnfinished'],
  ): Promise<void> {
    const { holds, sinceMs } = this.#share;
    const parts = { holds, sinceMs, onUnfinished };
    return this.#options.scrape.hold(source, selectHeld(list, holds), parts);
  }
}
