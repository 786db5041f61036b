/**
 * Asks the other collectors for their state by long polling: each has one request, which it answers
 * when its state changes, or after 3 s. So a change is known within milliseconds, an idle group
 * costs little, and a collector that has ended is noticed without ECS.
 */
import * as z from 'zod';
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import type { PeerView } from './agreement.ts';
import { type PeerState, peerStateSchema } from './peer-state.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';

/** How long a collector holds a request while its state does not change. */
export const NEWS_WAIT_MS = 3_000;
const TIMEOUT_MS = NEWS_WAIT_MS + 2_000;
/** After this time without an answer, a collector counts as silent. */
const SILENT_MS = 10_000;
/** The pause after a failed request; the second one for a collector that refuses or is silent. */
const RETRY_MS = 250;
const AWAY_RETRY_MS = 1_000;
const BODY_MAX_BYTES = 4 * 1024 * 1024;

export interface PeersOptions {
  readonly world: Pick<World, 'clock' | 'log' | 'http'>;
  /** Called when a view has changed. */
  readonly onChange: () => void;
  /** The id of this collector. */
  readonly ownId: () => string;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get views(): ReadonlyMap<string, PeerView> {
    return this.#watched;
  }

  addressOf(id: string): string | undefined {
    return this.#watched.get(id)?.address;
  }

  /** Asks these, and no others, from now on. @param wanted  addresses by id */
  watch(wanted: ReadonlyMap<string, string | undefined>): void {
    for (const [id, watched] of this.#watched) {
      if (wanted.has(id) && wanted.get(id) === watched.address) continue;
      watched.stop();
      this.#watched.delete(id);
    }
    for (const [id, address] of wanted) {
      if (this.#watched.has(id)) continue;
      const watched = new Watched(id, address, this.#options);
      this.#watched.set(id, watched);
      watched.start();
    }
  }

  stop(): void {
    for (const watched of this.#watched.values()) watched.stop();
  }
}

class Watched implements PeerView {
  readonly address: string | undefined;
  reach: PeerView['reach'];
  state: PeerState | undefined;
  answeredAtMs: number | undefined;
  readonly #id: string;
  readonly #options: PeersOptions;
  readonly #stopping = new AbortController();
  readonly #outage: Outage;
  readonly #startedAtMs: number;

  constructor(id: string, address: string | undefined, options: PeersOptions) {
    this.#id = id;
    this.address = address;
    this.#options = options;
    const { clock } = options.world;
    this.#outage = new Outage(() => clock.elapsedMs());
    this.#startedAtMs = clock.elapsedMs();
    // Without an address it can't be asked.
    this.reach = address === undefined ? 'silent' : 'asking';
  }

  start(): void {
    if (this.address !== undefined) void this.#run(this.address);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #run(address: string): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.#options.world;
    let refusals = 0;
    while (!signal.aborted) {
      const result = await this.#ask(address).catch((error: unknown) => error);
      if (signal.aborted) return;
      if (result === undefined) {
        refusals = 0;
        continue;
      }
      refusals = isRefusal(result) ? refusals + 1 : 0;
      const silentMs = clock.elapsedMs() - (this.answeredAtMs ?? this.#startedAtMs);
      // A single refusal is not enough: a running collector may have closed an idle connection just
      // when it was used.
      if (refusals >= 2) this.#setReach('refuses');
      else if (refusals === 0 && silentMs >= SILENT_MS) this.#setReach('silent');
      const isAway = this.reach !== 'answers' && this.reach !== 'asking';
      if (isAway) this.#tellAway();
      await clock.sleep(isAway ? AWAY_RETRY_MS : RETRY_MS, signal).catch(() => undefined);
    }
  }

  /** Asks once and notes the answer. Rejects when there is none, or it is not valid. */
  async #ask(address: string): Promise<undefined> {
    const { world } = this.#options;
    const known = this.reach === 'answers' ? this.state : undefined;
    const query = new URLSearchParams({ from: this.#options.ownId() });
    if (known !== undefined) {
      query.set('boot', known.boot);
      query.set('after', String(known.version));
    }
    const answer = await world.http.send({
      method: 'GET',
      url: `http://${address}/shard?${query.toString()}`,
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
      signal: this.#stopping.signal,
    });
    if (answer.status === 200) this.#take(answer.body.toString());
    else if (answer.status !== 204) throw new Error(`status ${answer.status}`);
    this.answeredAtMs = world.clock.elapsedMs();
    if (this.state !== undefined) this.#setReach('answers');
    return undefined;
  }

  #take(body: string): void {
    const parsed = peerStateSchema.safeParse(parseForeignJson(body));
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
    // Another task may have got the address of a collector that is gone.
    if (parsed.data.id !== this.#id) throw new Refusal('another collector has its address');
    this.state = parsed.data;
    this.#options.onChange();
  }

  #setReach(reach: PeerView['reach']): void {
    if (this.reach === reach) return;
    this.reach = reach;
    if (reach === 'answers') {
      const { failures } = this.#outage.worked() ?? {};
      const fields = { member: this.#id, address: this.address };
      const told = failures === undefined ? fields : { ...fields, failures };
      this.#options.world.log.info('another collector answers', told);
    }
    this.#options.onChange();
  }

  /** One that has never answered may be about to start. */
  #tellAway(): void {
    if (this.answeredAtMs === undefined) return;
    const sum = this.#outage.failed();
    if (sum === undefined) return;
    this.#options.world.log.warn('another collector does not answer any more', {
      member: this.#id,
      address: this.address,
      reach: this.reach,
      failures: sum.failures,
      for_ms: sum.lastedMs,
    });
  }
}

/** An answer of another collector means the same as a refused connection: the one asked is gone. */
class Refusal extends Error {
  readonly code = 'ECONNREFUSED';
}

/** Whether an error says that nobody listens at the address, so that the process has ended. */
function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && (cause.code === 'ECONNREFUSED' || cause.code === 'ECONNRESET'))
      return true;
  return false;
}
