/**
 * What a mechanism reads, as the property test sees it: members, and calls that can be made to
 * fail. Also runs a mechanism over it on virtual time. Time advances only while no call is in
 * flight, so the outcome does not depend on the speed of the machine.
 */
import assert from 'node:assert/strict';
import { CallLimits } from '../../../src/discovery/call-limits.ts';
import type { Lack } from '../../../src/discovery/lacking.ts';
import { type DiscoveryWorld, shortMechanismName } from '../../../src/discovery/mechanism.ts';
import { type MechanismKey, mechanismOf } from '../../../src/discovery/mechanisms.ts';
import { VirtualClock } from '../../../src/kernel/clock.ts';
import type { HttpClient } from '../../../src/kernel/http-client.ts';
import { silentLogger } from '../../../src/kernel/logger.ts';
import { type Counter, type Family, Registry } from '../../../src/kernel/metrics.ts';
import type { TargetGroup } from '../../../src/model/target.ts';
import type { Fault, Kind } from './faults.ts';

/** A target, and the calls without which a reader that does not know it yet cannot find it. */
export interface Member {
  readonly address: string;
  readonly needs: readonly string[];
}

/** A source whose members are the expected targets. */
export interface SourceWorld {
  readonly config: unknown;
  readonly baseDirectory?: string;
  readonly http?: (clock: VirtualClock) => HttpClient;
  readonly dnsServers?: readonly string[];
  /** The interval between two readings. */
  readonly refreshMs: number;
  /** The members at the start; after `turnOver` those that exist then. */
  members(): readonly Member[];
  /** Adds members and removes one. */
  turnOver(): Promise<void>;
  /** The calls since the last time, with the number of pages of each. */
  takeCalls(): ReadonlyMap<string, number>;
  /** Makes calls fail by one fault, or two. */
  strike(...faults: readonly Fault[]): Promise<void>;
  repair(): Promise<void>;
  /** The number of calls that are held without an answer. */
  hanging(): number;
  close(): Promise<void>;
}

/** What is tried on a mechanism. */
export interface Case {
  readonly open: () => Promise<SourceWorld>;
  readonly kinds: readonly Kind[];
  /** Optional calls: a denial costs the members that need them, and does not block the list. */
  readonly optional: readonly string[];
  /**
   * The optional calls that block the list when they are denied for every part, because nothing is
   * known then.
   */
  readonly blocking?: readonly string[];
  /** Whether only the plainest faults are tried, because another case has the same reader. */
  readonly isBrief?: boolean;
  /** Why the case is skipped, for a reader that is not finished. */
  readonly pending?: string;
}

/** How long a denied call is left alone. */
export const SLOW_MS = 600_000;
const STUCK_MS = 30_000;

export class Run {
  readonly clock = new VirtualClock();
  readonly lists: (readonly TargetGroup[])[] = [];
  lacks: readonly Lack[] = [];
  readonly #source: SourceWorld;
  readonly #abort = new AbortController();
  readonly #metrics = new CountingRegistry();
  readonly #ended: Promise<void>;
  #failure: unknown;
  /** Calls of AWS that have begun. */
  #begun = 0;

  constructor(key: MechanismKey, source: SourceWorld, more: Partial<DiscoveryWorld> = {}) {
    this.#source = source;
    const limits = new CallLimits(this.clock, this.#metrics);
    const callLimits = {
      take: async (...given: Parameters<CallLimits['take']>): Promise<void> => {
        await limits.take(...given);
        this.#begun += 1;
      },
      noteThrottled: (...given: Parameters<CallLimits['noteThrottled']>) =>
        limits.noteThrottled(...given),
    } as CallLimits;
    const world: DiscoveryWorld = {
      clock: this.clock,
      callClock: this.clock,
      metrics: this.#metrics,
      log: silentLogger,
      http: source.http?.(this.clock) ?? unusedHttp,
      mechanism: shortMechanismName(key),
      signal: this.#abort.signal,
      baseDirectory: source.baseDirectory ?? '/',
      dnsServers: source.dnsServers,
      callLimits,
      batchMax: 2,
      onLacking: (lacks) => void (this.lacks = lacks),
      ...more,
    };
    const mechanism = mechanismOf(key);
    const config = mechanism.schema.parse(source.config);
    this.#ended = (async () => {
      for await (const list of mechanism.discover(config, world)) this.lists.push(list);
    })().catch((error: unknown) => void (this.#failure = error));
  }

  /** Advances time, as fast as the calls are answered. */
  async forward(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    for (;;) {
      await this.#idle();
      const { nextWakeMs } = this.clock;
      if (nextWakeMs === undefined || nextWakeMs > endMs) break;
      await this.clock.advance(Math.max(0, nextWakeMs - this.clock.nowMs()));
    }
    await this.clock.advance(endMs - this.clock.nowMs());
    await this.#idle();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Waits until all calls are answered, except those that hang, and everything else waits for the
   * clock.
   */
  async #idle(): Promise<void> {
    const beganAt = performance.now();
    for (let still = 0; still < 3; still = this.#isStill() ? still + 1 : 0) {
      if (this.#failure !== undefined) throw this.#failure;
      assert.ok(performance.now() - beganAt < STUCK_MS, 'nothing happens any more');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #isStill(): boolean {
    const underWay = this.#begun - this.#metrics.answered;
    return this.clock.sleeping > 0 && underWay === this.#source.hanging();
  }
}

/** Counts the calls of AWS that have ended, with any outcome. */
class CountingRegistry extends Registry {
  answered = 0;

  override counters(name: string, help: string): Family<Counter> {
    const family = super.counters(name, help);
    if (name !== 'amperage_aws_calls_total') return family;
    return {
      remove: (labels) => family.remove(labels),
      with: (labels) => ({
        inc: (by) => {
          // Reading the queue of events is a long poll and not one of the limited calls, so it is
          // not counted.
          if (labels['service'] !== 'sqs') this.answered += 1;
          family.with(labels).inc(by);
        },
        get value() {
          return family.with(labels).value;
        },
      }),
    };
  }
}

const unusedHttp: HttpClient = {
  send: () => Promise.reject(new Error('nobody asked for HTTP')),
  close: () => Promise.resolve(),
};

export function addressesOf(groups: readonly TargetGroup[] = []): string[] {
  return groups
    .flatMap(({ targets }) => targets.map(({ __address__ }) => __address__ ?? ''))
    .toSorted();
}

/** Renders the groups with all their labels, without the random parts, for comparison. */
export function makeComparable(groups: readonly TargetGroup[] = []): string[] {
  return groups
    .map(({ targets, labels }) => JSON.stringify({ targets, labels: sortLabels(labels) }))
    .map((text) => text.replaceAll(/\b[0-9a-f]{16,}\b|ecs-svc\/\d+|amperage-whole-\w+/g, '#'))
    .toSorted();
}

function sortLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
