/**
 * The rules that are in force, each with its reservoir and its statistics: decides on requests, and
 * tells what SamplingTargets is to be asked. The caller gives the time. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
 */
import type { Moment } from '../../kernel/clock.ts';
import { Reservoir } from './reservoir.ts';
import { matchesRule, type SamplingRequest, type SamplingRule, sortRules } from './rule.ts';

/** What a rule has decided since it was told the last time. */
export interface RuleStatistics {
  readonly name: string;
  readonly requests: number;
  readonly sampled: number;
  readonly borrowed: number;
}

/** What X-Ray assigns to one rule; a member that is undefined leaves what was before. */
export interface SamplingTarget {
  readonly name: string;
  readonly fixedRate: number | undefined;
  readonly quota: number | undefined;
  /** Seconds since 1970. */
  readonly quotaEndSeconds: number | undefined;
  /** After how long the rule is to be told again. */
  readonly intervalMs: number | undefined;
}

export interface Decision {
  readonly rule: string;
  readonly isSampled: boolean;
}

interface Standing {
  readonly rule: SamplingRule;
  readonly reservoir: Reservoir;
  readonly counts: { requests: number; sampled: number; borrowed: number };
  fixedRate: number;
  intervalMs: number;
  /** By elapsed time. */
  toldMs: number;
}

/** How often a rule is told until an answer says otherwise. */
const INTERVAL_MS = 10_000;
/** Rules older than this are not followed; the SDKs fall back to their own default then. */
const VALID_MS = 3_600_000;

export class RuleTable {
  readonly #random: () => number;
  #standing: Standing[] = [];
  #loaded: Moment = { wallMs: -Infinity, elapsedMs: -Infinity };

  /** @param random  gives numbers 0 ≤ x < 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** When the rules in force were asked for, epoch ms; -Infinity when there are none. */
  get loadedMs(): number {
    return this.#loaded.wallMs;
  }

  /** Whether there are rules that are not too old. */
  isValid({ elapsedMs }: Moment): boolean {
    return elapsedMs <= this.#loaded.elapsedMs + VALID_MS;
  }

  /** The first rule that matches decides; undefined when none does, or all have become too old. */
  decide(request: SamplingRequest, now: Moment): Decision | undefined {
    if (!this.isValid(now)) return undefined;
    const found = this.#standing.find(({ rule }) => matchesRule(rule, request));
    if (found === undefined) return undefined;
    const { counts, reservoir } = found;
    counts.requests += 1;
    const drawn = reservoir.draw(Math.floor(now.wallMs / 1_000));
    if (drawn === 'borrowed') counts.borrowed += 1;
    else if (drawn === 'taken' || this.#random() < found.fixedRate) counts.sampled += 1;
    else return { rule: found.rule.name, isSampled: false };
    return { rule: found.rule.name, isSampled: true };
  }

  /**
   * Takes new rules over. A rule of the same name keeps its reservoir, its statistics and the time
   * when it is told next, so that a refresh every five minutes lends nothing twice.
   *
   * @param asked  when they were asked for: what has changed since is not in them
   */
  load(rules: readonly SamplingRule[], asked: Moment): void {
    const before = new Map(this.#standing.map((standing) => [standing.rule.name, standing]));
    this.#standing = sortRules(rules).map((rule) => {
      const known = before.get(rule.name);
      return {
        rule,
        reservoir:
          known !== undefined && known.rule.reservoirSize > 0 === rule.reservoirSize > 0
            ? known.reservoir
            : new Reservoir(rule.reservoirSize),
        counts: known?.counts ?? { requests: 0, sampled: 0, borrowed: 0 },
        fixedRate: rule.fixedRate,
        intervalMs: known?.intervalMs ?? INTERVAL_MS,
        toldMs: known?.toldMs ?? asked.elapsedMs,
      };
    });
    this.#loaded = asked;
  }

  /**
   * The statistics of the rules that have decided something and whose interval is over. They begin
   * anew; give them back with `restore` when they could not be told.
   */
  takeDue({ elapsedMs }: Moment): RuleStatistics[] {
    return this.#standing.flatMap((standing) => {
      const { rule, counts } = standing;
      if (counts.requests === 0 || elapsedMs < standing.toldMs + standing.intervalMs) return [];
      const statistics = { name: rule.name, ...counts };
      standing.toldMs = elapsedMs;
      Object.assign(counts, { requests: 0, sampled: 0, borrowed: 0 });
      return [statistics];
    });
  }

  restore(untold: readonly RuleStatistics[]): void {
    for (const { name, requests, sampled, borrowed } of untold) {
      const counts = this.#standing.find(({ rule }) => rule.name === name)?.counts;
      if (counts === undefined) continue;
      counts.requests += requests;
      counts.sampled += sampled;
      counts.borrowed += borrowed;
    }
  }

  assign(targets: readonly SamplingTarget[]): void {
    for (const target of targets) {
      const standing = this.#standing.find(({ rule }) => rule.name === target.name);
      if (standing === undefined) continue;
      standing.reservoir.assign(target.quota, target.quotaEndSeconds);
      standing.fixedRate = target.fixedRate ?? standing.fixedRate;
      standing.intervalMs = target.intervalMs ?? standing.intervalMs;
    }
  }
}
