/**
 * The targets of a collector that divides them with others: the complete lists, each target with
 * its part. Of these the collector scrapes the targets in the parts that it holds at present.
 */
import type { World } from '../../kernel/world.ts';
import type { HeldParts, TargetGroup } from '../../model/target.ts';
import type { ScrapeManager } from '../../scrape/manager.ts';
import { addLoads, selectHeld, PARTS, withParts } from '../../sharding/parts.ts';
import { NOTHING, type Released, type Share, type ShareHolder } from '../../sharding/sharing.ts';

/**
 * How long the release of targets waits until their samples are sent. The collector that takes the
 * targets over sends newer samples, which a receiver should get after these.
 */
const FLUSH_MS = 1_000;
/** The label on `up` while this collector sees no other. */
const ALONE = [{ name: 'amperage_alone', value: 'true' }];

export interface HeldTargetsOptions {
  readonly world: Pick<World, 'clock'>;
  readonly scrape: ScrapeManager;
  /** Sends what waits in the queues; resolves when it is sent, or the signal aborts. */
  readonly flush: (signal: AbortSignal) => Promise<void>;
  /** How many sources there are, each of which has one list. */
  readonly sources: () => number;
}

export class HeldTargets implements ShareHolder {
  readonly #options: HeldTargetsOptions;
  readonly #lists = new Map<string, readonly TargetGroup[]>();
  /** The newest list of each source, until its targets have their parts. */
  readonly #coming = new Map<string, readonly TargetGroup[]>();
  /** Sources whose list has been whole once; what was known then is kept. */
  readonly #whole = new Set<string>();
  readonly #lacking = new Set<string>();
  #share: Share = NOTHING;
  #isEnded = false;

  constructor(options: HeldTargetsOptions) {
    this.#options = options;
  }

  /** Takes the newest list of a source. */
  async update(source: string, groups: readonly TargetGroup[]): Promise<void> {
    this.#coming.set(source, groups);
    const list = await withParts(groups);
    // Meanwhile a newer list may have come, or the collector may have stopped.
    if (this.#coming.get(source) !== groups || this.#isEnded) return;
    this.#lists.set(source, list);
    if (!this.#lacking.has(source)) this.#whole.add(source);
    await this.#scrape(source, list, () => undefined);
  }

  /** Notes whether the lists of a source are incomplete from now on. */
  setLacking(source: string, isLacking: boolean): void {
    if (isLacking) this.#lacking.add(source);
    else this.#lacking.delete(source);
  }

  /** Forgets all sources but these. */
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
    // A scrape that is under way belongs to an earlier tick. Later ticks of the released targets
    // are for the collectors that take them over.
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

  /** Ignores whatever comes later. */
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
