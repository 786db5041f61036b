/**
 * One collector among several: it learns of the others, agrees with them (agreement.ts) and takes
 * its share, until it leaves. One loop does all of it step by step; events only wake the loop.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import { type Knowledge, missingWords, newestList, newestProposal } from './agreement.ts';
import { Bell } from './bell.ts';
import { Debts } from './debts.ts';
import { describeMembers } from './described-members.ts';
import { divideParts } from './division.ts';
import { findLastScrapes } from './last-scrapes.ts';
import { MemberLists } from './member-lists.ts';
import type { MembershipOptions } from './membership-options.ts';
import { type MembershipMetrics, newMembershipMetrics } from './metrics.ts';
import { OverdueWarning } from './overdue-warning.ts';
import { PARTS } from './parts.ts';
import { isSame, mapMoves, type PeerState, type Proposal } from './peer-state.ts';
import { PeerServer } from './peer-server.ts';
import { Peers } from './peers.ts';
import { Proposer } from './proposer.ts';
import { SentEpochs } from './sent-epochs.ts';
import type { Share, ShareHolder, Sharing, SharingStatus } from './sharing.ts';
import { stateKey } from './state-key.ts';
import { listWatched } from './watched.ts';

/** How often the list is read. */
const LIST_MS = 10_000;
/** How often it is read while there is none. */
const RETRY_MS = 2_000;
/** The least time between two readings, when an unknown collector asks. */
const LIST_LEAST_MS = 2_000;
/**
 * After this time without any list, a collector takes all targets: scraped twice is better than not
 * at all.
 */
const ALONE_AFTER_MS = 30_000;
/** How often the loop runs without an event: silence and age are noticed by time alone. */
const TICK_MS = 500;
/** How long a collector that leaves waits for the others to take over its share. */
const LEAVE_MS = 3_000;

export class Membership implements Sharing {
  readonly #options: MembershipOptions;
  readonly #world: World;
  readonly #metrics: MembershipMetrics;
  readonly #peers: Peers;
  readonly #proposer = new Proposer();
  readonly #stopping: AbortController;
  readonly #held = new Uint8Array(PARTS);
  readonly #startedAt = performance.now();
  #server: PeerServer | undefined;
  #lists: MemberLists | undefined;
  #own: PeerState | undefined;
  #holder: ShareHolder | undefined;
  #isAlone = false;
  /** Set by `leave`; nothing more is taken then. */
  #isLeaving = false;
  /** How many changes of the share are under way. */
  #taking = 0;
  /** The proposal under which the parts of others have been given up. */
  #given: Pick<Proposal, 'epoch' | 'by'> | undefined;
  /** When the newest proposal became known here, by the wall clock and by the monotonic one. */
  #proposedAtMs = -Infinity;
  #proposedAt = 0;
  /** Whether this collector's own parts under the newest proposal have been taken. */
  #hasTaken = false;
  /** The owner of each part under the last proposal that was carried out here. */
  #ownersBefore: readonly string[] = [];
  readonly #hindrance: Outage;
  readonly #overdue: OverdueWarning;
  readonly #debts: Debts;
  readonly #sent = new SentEpochs((sentEpoch) => this.#change({ sentEpoch }));
  #listReadAt = -Infinity;
  /** Wakes the loop, and the reading of the list. */
  readonly #news = new Bell();
  readonly #listDue = new Bell();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#stopping = options.ending;
    this.#world = options.world;
    this.#hindrance = new Outage(() => options.world.clock.elapsedMs());
    this.#metrics = newMembershipMetrics(options.world.metrics);
    this.#overdue = new OverdueWarning(options.world.log);
    this.#debts = new Debts({
      log: options.world.log,
      elapsedMs: () => options.world.clock.elapsedMs(),
      storage: options.storage,
      holdFrom: (appendedMs) => this.#holder?.holdFrom(appendedMs),
      hasBefore: (appendedMs) => this.#holder?.hasBefore(appendedMs) ?? false,
    });
    this.#peers = new Peers({
      world: options.world,
      onChange: () => this.#news.ring(),
      ownId: () => this.#own?.id ?? '',
    });
  }

  async start(holder: ShareHolder): Promise<void> {
    this.#holder = holder;
    this.#running = Promise.all([this.#learn(), this.#run()]);
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    if (this.#own === undefined) {
      await this.#take(new Uint8Array(PARTS), () => undefined);
      return;
    }
    this.#change({ phase: 'leaving' });
    this.#news.ring();
    const endAt = performance.now() + LEAVE_MS;
    const isHolding = (): boolean => this.#taking > 0 || this.#held.includes(1);
    while (isHolding() && performance.now() < endAt) await sleep(20);
    // No other collector has taken over in time.
    if (isHolding()) {
      const { epoch = 0, ...own } = this.#own.proposal ?? { by: this.#own.id };
      await this.#keep({ ...own, epoch: epoch + 1 }, new Uint8Array(PARTS));
    }
    this.#change({ phase: 'left' });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#news.ring();
    this.#listDue.ring();
    this.#peers.stop();
    await this.#running;
    await this.#server?.stop();
  }

  /** Finds out this collector's own id and address, then reads the list of all again and again. */
  async #learn(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const isKnown = await this.#introduce();
      if (isKnown) await this.#readList();
      const waitMs = this.#own?.list === undefined ? RETRY_MS : LIST_MS;
      await this.#listDue.wait(waitMs);
    }
  }

  /** Finds out its own id and address, and begins to answer others; false when that failed. */
  async #introduce(): Promise<boolean> {
    if (this.#own !== undefined) return true;
    if (this.#isLeaving) return false;
    const { source, listen, world, file, findHosts } = this.#options;
    try {
      const { id, host } = await source.own();
      const at = listen.host ?? host;
      const own: PeerState = {
        id,
        boot: randomBytes(8).toString('hex'),
        version: 1,
        phase: 'running',
        isReady: false,
        lost: [],
        ...(this.#options.folder === undefined ? {} : { folder: this.#options.folder }),
      };
      if (at === undefined)
        world.log.warn(
          'this task has no address of its own where other collectors could ask it; changes ' +
            'take longer',
          { id },
        );
      else {
        const server = new PeerServer({
          world,
          listen: `${at.includes(':') ? `[${at}]` : at}:${listen.port}`,
          state: () => this.#own ?? own,
          onAsked: (asker) => this.#noteAsker(asker),
        });
        await server.start();
        this.#server = server;
      }
      const { signal } = this.#stopping;
      this.#lists = new MemberLists({ world, source, port: listen.port, file, findHosts, signal });
      this.#own = own;
      return true;
    } catch (error) {
      const sum = this.#stopping.signal.aborted ? undefined : this.#hindrance.failed();
      if (sum !== undefined)
        world.log.warn("this collector can't join the others yet; it tries again", {
          error,
          failures: sum.failures,
          for_ms: sum.lastedMs,
        });
      return false;
    }
  }

  async #readList(): Promise<void> {
    const known = this.#knowledge();
    if (known === undefined) return;
    this.#listReadAt = performance.now();
    const list = await this.#lists?.read(newestList(known));
    if (list !== undefined && list !== this.#own?.list) this.#change({ list });
    this.#news.ring();
  }

  /**
   * Reads the list again when an unknown collector asks: it may have come since the last reading.
   */
  #noteAsker(id: string): void {
    const isKnown = this.#own?.list?.members.some((member) => member.id === id) ?? false;
    if (id === '' || isKnown || performance.now() - this.#listReadAt < LIST_LEAST_MS) return;
    this.#listDue.ring();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const isDone = await this.#step();
        if (isDone) await this.#news.wait(TICK_MS);
      } catch (error) {
        this.#world.log.error('dividing the targets failed; it goes on', { error });
        await sleep(1_000);
      }
    }
  }

  /** Does the next thing that is to be done; true when there was nothing, and the loop may wait. */
  async #step(): Promise<boolean> {
    if (this.#isLeaving && this.#own?.phase !== 'leaving') return true;
    this.#learnFromPeers();
    await this.#debts.settle(() => this.#peers.views);
    const known = this.#knowledge();
    if (known === undefined || known.own.list === undefined) return this.#takeAllIfLate();
    // A list of an earlier run in which nobody answers counts as no list.
    const isHeard = [...known.peers.values()].some(
      ({ answeredAtMs }) => answeredAtMs !== undefined,
    );
    if (this.#lists?.isOld === true && !isHeard) return this.#takeAllIfLate();
    this.#propose(known);
    const proposal = this.#own?.proposal;
    if (proposal === undefined) return true;
    if (!isSame(proposal, this.#given)) {
      await this.#giveUp(proposal);
      return false;
    }
    if (this.#hasTaken) return true;
    const missing = missingWords(this.#knowledge() ?? known);
    if (missing.length > 0) {
      this.#overdue.tell(missing, this.#proposedAt);
      return true;
    }
    await this.#takeOwn(proposal);
    return false;
  }

  /** Takes over newer lists and proposals from the others, and passes them on. */
  #learnFromPeers(): void {
    const known = this.#knowledge();
    if (known === undefined) return;
    const { own } = known;
    const list = newestList(known);
    const proposal = newestProposal(known);
    if (proposal !== undefined && !isSame(proposal, own.proposal)) this.#noteProposal();
    const lost = [...known.peers]
      .filter(([, { reach }]) => reach === 'refuses' || reach === 'silent')
      .map(([id]) => id)
      .sort();
    const isReady = this.#holder?.isReady() ?? false;
    const { isHeldUp } = this.#debts;
    this.#change({ lost, isReady, isHeldUp, ...(list && { list }), ...(proposal && { proposal }) });
    this.#peers.watch(listWatched(own.id, { list, proposal, peers: this.#peers }));
    this.#metrics.peers(this.#peers.views);
    this.#metrics.listAge.set(
      list === undefined ? 0 : Math.max(0, this.#world.clock.nowMs() - list.readAtMs) / 1_000,
    );
  }

  #propose(known: Knowledge): void {
    const loads = this.#holder?.loads ?? (() => new Uint32Array(PARTS));
    const proposal = this.#proposer.propose(known, { loads, isSettled: this.#hasTaken });
    if (proposal === undefined) return;
    this.#noteProposal();
    this.#change({ proposal });
  }

  #noteProposal(): void {
    this.#proposedAtMs = this.#world.clock.elapsedMs();
    this.#proposedAt = performance.now();
    this.#hasTaken = false;
  }

  async #giveUp(proposal: Proposal): Promise<void> {
    const owners = divideParts(proposal.members, mapMoves(proposal));
    const own = this.#own?.id;
    await this.#keep(
      proposal,
      this.#held.map((isHeld, part) => (owners[part] === own ? isHeld : 0)),
    );
  }

  /** Gives up what is not among these, and tells under which proposal. */
  async #keep(proposal: Pick<Proposal, 'epoch' | 'by'>, kept: Uint8Array): Promise<void> {
    const isLess = this.#isAlone || kept.some((isHeld, part) => isHeld !== this.#held[part]);
    const released = isLess
      ? await this.#take(kept, () => undefined)
      : { atMs: this.#world.clock.nowMs(), unfinished: [] };
    this.#given = proposal;
    const { epoch, by } = proposal;
    this.#sent.note(epoch, released);
    this.#change({
      sentEpoch: this.#sent.epoch,
      released: { epoch, by, atMs: released.atMs, unfinished: [...released.unfinished] },
    });
  }

  async #takeOwn(proposal: Proposal): Promise<void> {
    const owners = divideParts(proposal.members, mapMoves(proposal));
    const own = this.#own?.id;
    const all = Uint8Array.from(owners, (owner) => (owner === own ? 1 : 0));
    const sinceMs = findLastScrapes(this.#peers.views, this.#given, this.#ownersBefore);
    await this.#debts.note(proposal.epoch, () => this.#peers.views);
    await this.#take(all, sinceMs);
    this.#hasTaken = true;
    this.#ownersBefore = owners;
    const seconds = (performance.now() - this.#proposedAt) / 1_000;
    this.#metrics.handOvers.inc();
    this.#metrics.handOverSeconds.observe(seconds);
    this.#metrics.members.set(proposal.members.length);
    this.#world.log.info('the targets are divided', {
      members: proposal.members.length,
      epoch: proposal.epoch,
      took_seconds: Math.round(seconds * 1_000) / 1_000,
    });
  }

  async #take(held: Uint8Array, sinceMs: Share['sinceMs'], isAlone = false) {
    assertHolder(this.#holder);
    this.#held.set(held);
    this.#isAlone = isAlone;
    this.#metrics.alone.set(isAlone ? 1 : 0);
    this.#taking += 1;
    try {
      return await this.#holder.take({ holds: (part) => held[part] === 1, sinceMs, isAlone });
    } finally {
      this.#taking -= 1;
    }
  }

  /** Takes all targets when nothing is known of the others for too long. Always true. */
  async #takeAllIfLate(): Promise<boolean> {
    const isLate = performance.now() - this.#startedAt >= ALONE_AFTER_MS;
    if (!isLate || this.#isAlone || this.#own?.phase === 'leaving') return true;
    this.#world.log.error(
      'nothing is known of other collectors: neither from ECS, nor from an earlier run, nor ' +
        'by --shard.peers; this one takes all targets for now and marks "up" with ' +
        'amperage_alone="true"',
    );
    await this.#take(new Uint8Array(PARTS).fill(1), () => undefined, true);
    return true;
  }

  mayTakeOver(folder: string): boolean {
    const known = { views: this.#peers.views, sentEpoch: this.#sent.epoch };
    return this.#debts.mayTakeOver(folder, { ...known, newest: this.#given?.epoch ?? 0 });
  }

  describe(): SharingStatus {
    return describeMembers({
      own: this.#own,
      views: this.#peers.views,
      loads: this.#holder?.loads() ?? new Uint32Array(PARTS),
      isHolding: this.#debts.isHolding,
    });
  }

  #knowledge(): Knowledge | undefined {
    if (this.#own === undefined) return undefined;
    return {
      own: this.#own,
      peers: this.#peers.views,
      proposedAtMs: this.#proposedAtMs,
      elapsedMs: this.#world.clock.elapsedMs(),
      nowMs: this.#world.clock.nowMs(),
    };
  }

  /** Changes the state that the others see, and tells them if anything is new. */
  #change(news: Partial<PeerState>): void {
    const own = this.#own;
    if (own === undefined) return;
    const next = { ...own, ...news };
    if (stateKey(next) === stateKey(own)) return;
    this.#own = { ...next, version: own.version + 1 };
    this.#server?.tell();
  }
}

function assertHolder(holder: ShareHolder | undefined): asserts holder is ShareHolder {
  if (holder === undefined) throw new Error('BUG: a share before the start');
}
