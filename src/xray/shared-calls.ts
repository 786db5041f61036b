/**
 * Equal calls under way are one. A call goes on when those who wait for it have gone, since its
 * answer renews what is kept; but while a service hangs, such calls would take all places of calls
 * that somebody waits for, so the one that was left first ends when there are too many.
 * Limit: 256 calls that nobody waits for.
 */
import type { ClientResponse } from '../kernel/http-client.ts';

/** A call is never rejected: what came of it is a value. */
export type CallOutcome = { readonly response: ClientResponse } | { readonly error: unknown };

/** One who waits for a call. */
export interface CallWaiter {
  readonly outcome: Promise<CallOutcome>;
  /** Whether the call was made for this one. */
  readonly isFirst: boolean;
  leave(): void;
}

interface Call {
  readonly outcome: Promise<CallOutcome>;
  readonly ending: AbortController;
  waiters: number;
}

export const LEFT_MAX = 256;

export class SharedCalls {
  readonly #underWay = new Map<string, Call>();
  /** Calls that nobody waits for; the one that was left first is the first. */
  readonly #left = new Set<Call>();
  readonly #onGivenUp: () => void;

  /** @param onGivenUp  is told each call that ends since too many are left */
  constructor(onGivenUp: () => void) {
    this.#onGivenUp = onGivenUp;
  }

  /**
   * Waits for the call under way for the key, or for a new one.
   *
   * @param begin  makes the call; the signal ends it
   */
  join(key: string, begin: (signal: AbortSignal) => Promise<ClientResponse>): CallWaiter {
    const other = this.#underWay.get(key);
    const call = other ?? this.#begin(key, begin);
    call.waiters += 1;
    this.#left.delete(call);
    return {
      outcome: call.outcome,
      isFirst: other === undefined,
      leave: () => this.#leave(key, call),
    };
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<ClientResponse>): Call {
    const ending = new AbortController();
    const outcome = begin(ending.signal)
      .then(
        (response): CallOutcome => ({ response }),
        (error: unknown): CallOutcome => ({ error }),
      )
      .finally(() => this.#forget(key, call));
    const call: Call = { outcome, ending, waiters: 0 };
    this.#underWay.set(key, call);
    return call;
  }

  #leave(key: string, call: Call): void {
    call.waiters -= 1;
    if (call.waiters > 0 || this.#underWay.get(key) !== call) return;
    this.#left.add(call);
    if (this.#left.size <= LEFT_MAX) return;
    const [first] = this.#left;
    if (first === undefined) return;
    this.#left.delete(first);
    this.#onGivenUp();
    first.ending.abort(new Error('nobody waits for it, and too many such calls are under way'));
  }

  #forget(key: string, call: Call): void {
    this.#left.delete(call);
    if (this.#underWay.get(key) === call) this.#underWay.delete(key);
  }
}
