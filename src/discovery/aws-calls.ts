/**
 * The calls of AWS that discovery makes: within the call limits, repeated when throttled, and
 * repeated once when the credentials had expired and new ones could be fetched.
 */
import { type AwsAction, AwsCallError, callAws } from '../aws/calls.ts';
import { accountKey, type AwsSession } from './aws-client.ts';
import type { CallCategory } from './call-limits.ts';
import type { DiscoveryWorld } from './mechanism.ts';
import { Permits } from './permits.ts';

/** Attempts in all for a throttled call, and the wait after the first; it doubles each time. */
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const LIST_PAGES_MAX = 10_000;

export class AwsCalls {
  readonly #world: DiscoveryWorld;
  readonly #session: AwsSession;
  readonly #account: string;
  readonly #permits: Permits;
  /** How often expired credentials were discarded. */
  #renewals = 0;

  /** @param region  the region that the session's clients resolved */
  constructor(world: DiscoveryWorld, session: AwsSession, region: string) {
    this.#world = world;
    this.#session = session;
    this.#account = accountKey(session.access, region);
    this.#permits = new Permits(session.access.request_concurrency ?? Infinity);
  }

  /**
   * @throws AwsCallError whose message begins with the action; the abort reason of the world's
   * signal
   */
  async call<T>(
    action: AwsAction,
    category: CallCategory,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { callLimits, clock, callClock, signal, metrics } = this.#world;
    const { access, credentials } = this.#session;
    let hasRenewed = false;
    for (let attempt = 1; ; attempt++) {
      await callLimits.take(this.#account, category, access.call_budget, signal);
      const renewals = this.#renewals;
      try {
        return await this.#permits.run(() =>
          callAws(action, { metrics, signal, credentials, clock: callClock }, send),
        );
      } catch (error) {
        if (!(error instanceof AwsCallError)) throw error;
        if (error.isRenewed) this.#renewals += 1;
        // Many calls in flight may be refused at once. One of them renews the credentials for all.
        const isRenewed = this.#renewals > renewals;
        if (error.failure === 'stale_credentials' && isRenewed && !hasRenewed) {
          hasRenewed = true;
          continue;
        }
        if (error.failure !== 'throttled' || attempt === ATTEMPTS) throw error;
        callLimits.noteThrottled(this.#account, category);
        await clock.sleep(BACKOFF_MS * 2 ** (attempt - 1), signal);
      }
    }
  }

  /** Reads list pages until there is no next one. */
  async readPages(read: (token: string | undefined) => Promise<string | undefined>): Promise<void> {
    let token: string | undefined;
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const next = await read(token);
      if (next === undefined) return;
      if (next === token) throw new Error('the list does not advance: a page names itself as next');
      token = next;
    }
    throw new Error(`the list has more than ${LIST_PAGES_MAX} pages`);
  }
}

/**
 * The list of an answer, without what is no object.
 *
 * @throws Error for an answer without its list
 */
export function requireObjects<One>(
  list: readonly One[] | undefined,
  action: AwsAction,
): readonly One[] {
  if (!Array.isArray(list)) throw new Error(`${action}: the answer holds no list`);
  return (list as readonly One[]).filter((one) => typeof one === 'object' && one !== null);
}
