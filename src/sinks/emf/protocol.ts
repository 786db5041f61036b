/**
 * CloudWatch Logs as a protocol of delivery: the events of some chunks become requests, one log
 * stream each, of which some are under way at once, and the answers are judged event by event.
 * Not here: retry, age and counting of losses, which are delivery's.
 */
import { BoundedWords } from '../../delivery/bounded-words.ts';
import type { Answer, Loss, Protocol } from '../../delivery/protocol.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Chunk } from '../../model/queue.ts';
import { LOG_EVENT_OVERHEAD_BYTES } from '../../wire/emf/limits.ts';
import {
  halveEvents,
  type FramedEvent,
  makeEventChunks,
  unpackEventBytes,
  unpackEvents,
  withoutOlderEvents,
} from './chunk.ts';
import type { LogGroups } from './groups.ts';
import type { CallLogs } from './logs-calls.ts';
import type { EmfMetrics } from './metrics.ts';
import {
  makeRequests,
  sendEvents,
  type PutOptions,
  type PutOutcome,
  type PutRequest,
} from './put-events.ts';

export interface EmfProtocolOptions {
  readonly call: CallLogs;
  readonly groups: LogGroups;
  readonly log: Logger;
  readonly metrics: EmfMetrics;
  /** Called before a request is sent, and after it is answered. */
  readonly onSending: () => void;
  /** Called with the bytes that CloudWatch Logs charges for. */
  readonly onIngested: (bytes: number) => void;
}

export interface EventsRequest {
  readonly requests: readonly PutRequest[];
  readonly lane: number;
}

/** How many log groups losses tell apart; the others count as "other". */
const OWNERS_MAX = 100;
/** Requests of one batch that are under way at once. */
const CONCURRENCY = 4;
/** Events that are sent again are in chunks of this size. */
const AGAIN_CHUNK_BYTES = 256 * 1024;
/** How often a batch is tried of which no log group takes anything, before others come. */
const ATTEMPTS_MAX = 5;

export class EmfProtocol implements Protocol<EventsRequest> {
  readonly #options: EmfProtocolOptions;
  readonly #put: PutOptions;
  readonly #owners = new BoundedWords(OWNERS_MAX);
  readonly isUnordered = true;

  constructor(options: EmfProtocolOptions) {
    const { call, groups, metrics, log } = options;
    this.#options = options;
    this.#put = {
      call,
      groups,
      onRequest: () => metrics.requests.inc(),
      onRejectedEntity: (errorType) => {
        metrics.rejectedEntities.inc();
        log.warn('CloudWatch rejected the entity of a request and kept its events', { errorType });
      },
    };
  }

  encode(chunks: readonly Chunk[]): EventsRequest | undefined {
    const events: FramedEvent[] = [];
    for (const chunk of chunks) {
      const own = unpackEvents(chunk)?.events;
      if (own === undefined) return undefined;
      for (const event of own) events.push(event);
    }
    return { requests: makeRequests(events), lane: chunks[0]?.lane ?? 0 };
  }

  async send(
    { requests, lane }: EventsRequest,
    attempt: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { onSending } = this.#options;
    onSending();
    const outcomes = new Array<PutOutcome | undefined>(requests.length);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < requests.length; index = next++) {
        const request = requests[index];
        if (request !== undefined) outcomes[index] = await this.#putOne(request, signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, requests.length) }, work));
    signal.throwIfAborted();
    onSending();
    return this.#judge(
      outcomes.filter((one) => one !== undefined),
      lane,
      attempt,
    );
  }

  halve = halveEvents;

  withoutOlder = withoutOlderEvents;

  ownersOf(chunks: readonly Chunk[]): ReadonlyMap<string, number> {
    const owners = new Map<string, number>();
    const count = (owner: string, events: number): void =>
      void owners.set(owner, (owners.get(owner) ?? 0) + events);
    for (const chunk of chunks) {
      const events = unpackEvents(chunk)?.events;
      if (events === undefined) count('', chunk.items);
      else for (const { group } of events) count(this.#owners.bound(group), 1);
    }
    return owners;
  }

  /** The log groups of what the queue lost, by the bytes of a chunk; undefined where damaged. */
  ownersIn(bytes: Uint8Array): readonly string[] | undefined {
    return unpackEventBytes(bytes)?.events.map(({ group }) => this.#owners.bound(group));
  }

  /** Never rejects but where the signal aborts: what has no answer is to be sent again. */
  async #putOne(request: PutRequest, signal: AbortSignal): Promise<PutOutcome> {
    const { groups } = this.#options;
    const nothing = { delivered: [], lost: [], again: request.events, sentBytes: 0 };
    const denial = groups.findDenial(request);
    if (denial !== undefined) return { ...nothing, error: denial, isDenied: true };
    try {
      const outcome = await sendEvents(request, this.#put, signal);
      this.#countSent(outcome);
      if (outcome.delivered.length > 0) await groups.mend(request.group, signal);
      return outcome;
    } catch (error) {
      if (signal.aborted || !(error instanceof RecoverableError)) throw error;
      return { ...nothing, error, isDenied: false };
    }
  }

  #countSent({ delivered }: PutOutcome): void {
    const { metrics, onIngested } = this.#options;
    const bytes = delivered.reduce(
      (sum, { message }) => sum + message.length + LOG_EVENT_OVERHEAD_BYTES,
      0,
    );
    metrics.ingestedBytes.inc(bytes);
    onIngested(bytes);
  }

  #judge(outcomes: readonly PutOutcome[], lane: number, attempt: number): Answer {
    const again = outcomes.flatMap((one) => one.again);
    const bytes = outcomes.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    const lost = outcomes.flatMap((one) => one.lost);
    if (again.length === 0 && lost.length === 0) return { kind: 'delivered', bytes };
    const failed = outcomes.filter(({ error }) => error !== undefined);
    const isAnySettled = outcomes.some((one) => one.delivered.length + one.lost.length > 0);
    // What may pass by itself is waited for; a log group that is denied must not hold up others.
    const passing = failed.find(({ isDenied }) => !isDenied)?.error;
    const error = passing ?? failed[0]?.error;
    const isHopeless = passing === undefined && (isAnySettled || attempt >= ATTEMPTS_MAX);
    if (!isAnySettled && error !== undefined && !isHopeless) return { kind: 'again', error };
    const texts = lost.map(({ events, reason, text }) => describeLost(events, reason, text));
    if (error !== undefined) texts.push(error.message);
    return {
      kind: 'partial',
      bytes,
      again: makeEventChunks(again, { lane, bytesMax: AGAIN_CHUNK_BYTES }),
      ...(passing === undefined ? {} : { error: passing }),
      lost: this.#summarize(outcomes),
      text: texts.slice(0, TEXTS_MAX).join('; '),
    };
  }

  #summarize(outcomes: readonly PutOutcome[]): Loss[] {
    const losses = new Map<string, Loss>();
    for (const { events, reason } of outcomes.flatMap(({ lost }) => lost))
      for (const { group } of events) {
        const owner = this.#owners.bound(group);
        const key = `${reason} ${owner}`;
        losses.set(key, { reason, owner, items: (losses.get(key)?.items ?? 0) + 1 });
      }
    return [...losses.values()];
  }
}

/** Of how many losses a log line says what CloudWatch said. */
const TEXTS_MAX = 3;

/** What CloudWatch said of some events, and where they were to go; nothing of their content. */
function describeLost(events: readonly FramedEvent[], reason: string, text: string): string {
  const [first] = events;
  const { group = '', stream = '', timestampMs = 0 } = first ?? {};
  const time = new Date(timestampMs).toISOString();
  return (
    `${reason}: ${events.length} events of log group "${group}", stream "${stream}", from ` +
    `${time} on: ${text}`
  );
}
