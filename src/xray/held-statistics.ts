/**
 * Holds sampling statistics that X-Ray did not take, and adds them to the client's next report.
 * SDKs forget their figures when they report, so what is not held would be lost.
 *
 *     report ─► take: held + reported ─► X-Ray ─┬─ taken: forgotten
 *                 ▲                             └─ not taken: hold ─┐
 *                 └──────────────── held by client and rule ◄───────┘
 *
 * A report whose answer was lost may be counted twice. A report that a client sends again (the same
 * client, rule, time and figures) is counted once.
 * Limits: clients and rules, and age, since X-Ray takes a sum for what happened just now.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Counter, Gauge } from '../kernel/metrics.ts';
import {
  keyOf,
  type SamplingReport,
  type ReportedStatistics,
  writeReport,
} from './sampling-report.ts';

export interface HeldMetrics {
  readonly held: Gauge;
  readonly tooOld: Counter;
  readonly tooMany: Counter;
}

/** Statistics on their way, or held: a sum of reports. */
interface Sum {
  readonly requests: number;
  readonly sampled: number;
  readonly borrowed: number;
  /** How many reports are in it. */
  readonly reports: number;
  /** Times and figures of the newest reports in it. */
  readonly newest: readonly string[];
  /** When the oldest report came, epoch ms. */
  readonly sinceMs: number;
}

export interface Taken {
  /** What is sent: the client's own bytes where nothing was held. */
  readonly body: Buffer;
  readonly sums: ReadonlyMap<string, Sum>;
}

export const HELD_MAX = 10_000;
export const HELD_AGE_MAX_MS = 3_600_000;
const SWEEP_MS = 60_000;
/** A client that repeats a report does so within its next few ones. */
const NEWEST_MAX = 4;

export class HeldStatistics {
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  readonly #metrics: HeldMetrics;
  /** The oldest first. */
  readonly #held = new Map<string, Sum>();
  #sweptMs = -Infinity;

  constructor(clock: Pick<Clock, 'elapsedMs'>, metrics: HeldMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Adds what is held for a report's clients and rules to it; nothing of it is held after that. */
  take(report: SamplingReport, bytes: Buffer): Taken {
    this.#expire();
    const sums = new Map<string, Sum>();
    let isChanged = false;
    const statistics = report.statistics.map((reported) => {
      const key = keyOf(reported);
      const held = this.#held.get(key);
      this.#held.delete(key);
      const sum = addReport(held, reported, this.#clock.elapsedMs());
      sums.set(key, sum);
      if (held === undefined) return reported;
      isChanged = true;
      return {
        ...reported,
        RequestCount: sum.requests,
        SampledCount: sum.sampled,
        BorrowCount: sum.borrowed,
      };
    });
    this.#metrics.held.set(this.#held.size);
    return { body: isChanged ? writeReport(report, statistics) : bytes, sums };
  }

  /** Holds what was taken for a report that X-Ray did not take. */
  hold({ sums }: Pick<Taken, 'sums'>): void {
    for (const [key, sum] of sums) {
      const other = this.#held.get(key);
      this.#held.delete(key);
      this.#held.set(key, other === undefined ? sum : addSums(sum, other));
    }
    this.#expire();
    for (const [key, { reports }] of this.#held) {
      if (this.#held.size <= HELD_MAX) break;
      this.#held.delete(key);
      this.#metrics.tooMany.inc(reports);
    }
    this.#metrics.held.set(this.#held.size);
  }

  /** Looks through all at most once a minute: each report of each client comes by here. */
  #expire(): void {
    const atMs = this.#clock.elapsedMs();
    if (atMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = atMs;
    for (const [key, { sinceMs, reports }] of this.#held) {
      if (atMs - sinceMs <= HELD_AGE_MAX_MS) continue;
      this.#held.delete(key);
      this.#metrics.tooOld.inc(reports);
    }
  }
}

function addReport(held: Sum | undefined, reported: ReportedStatistics, atMs: number): Sum {
  const { RequestCount: requests, SampledCount: sampled, BorrowCount: borrowed = 0 } = reported;
  // Times are seconds: two reports may have the same one.
  const print = JSON.stringify([reported.Timestamp, requests, sampled, borrowed]);
  const sum = { requests, sampled, borrowed, reports: 1, newest: [print], sinceMs: atMs };
  if (held === undefined) return sum;
  return held.newest.includes(print) ? held : addSums(held, sum);
}

function addSums(first: Sum, second: Sum): Sum {
  return {
    requests: first.requests + second.requests,
    sampled: first.sampled + second.sampled,
    borrowed: first.borrowed + second.borrowed,
    reports: first.reports + second.reports,
    newest: [...first.newest, ...second.newest].slice(-NEWEST_MAX),
    sinceMs: Math.min(first.sinceMs, second.sinceMs),
  };
}
