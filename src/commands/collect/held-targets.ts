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
const PART_NUMBERS = Array.from({ length: PARTS }, (_, part) => part);
/** The label on `up` while this collector sees no other. */
const ALONE = [{ name: 'amperage_alone', value: 'true' }];

export interface HeldTargetsOptions {
  readonly world: Pick<World, 'clock'>;
  readonly scrape: ScrapeManager;
  /** Sends what waits in the queues; resolves when it is sent. */
  readonly flush: () => Promise<void>;
  readonly holdFrom: ShareHolder['holdFrom'];
  readonly hasBefore: ShareHolder['hasBefore'];
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
  readonly holdFrom: ShareHolder['holdFrom'];
  readonly hasBefore: ShareHolder['hasBefore'];

  constructor(options: HeldTargetsOptions) {
    this.#options = options;
    this.holdFrom = options.holdFrom;
    this.hasBefore = options.hasBefore;
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
    const { holds } = this.#share;
    const isLess = PART_NUMBERS.some((part) => holds(part) && !share.holds(part));
    this.#share = share;
    const { scrape, world } = this.#options;
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
    return { atMs, unfinished: [...unfinished], ...(isLess ? await this.#flush() : {}) };
  };

  /** Sends what waits; `rest` is for what is not sent in time. */
  async #flush(): Promise<Pick<Released, 'rest'>> {
    const { flush, world } = this.#options;
    let isSent = false;
    const sent = flush().then(() => void (isSent = true));
    const inTime = new AbortController();
    const late = world.clock.sleep(FLUSH_MS, inTime.signal).catch(() => undefined);
    await Promise.race([sent, late]);
    inTime.abort();
    return isSent ? {} : { rest: sent };
  }

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
