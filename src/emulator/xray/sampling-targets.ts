/**
 * Sampling targets: services report how many requests matched a rule, and get their part of its
 * reservoir. The reservoir is divided among the clients that reported within 30 s. A rule with a
 * boost gets it when anomalies are reported, once in its window.
 * Limits: 25 reports a call, 1,000 clients a rule, 2,000 windows of statistics.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
 */
import * as z from 'zod';
import type { AwsInput } from '../service.ts';
import { parseRequest, secondsSchema } from './requests.ts';
import type { StoredRule, SamplingRules } from './sampling-rules.ts';

const DOCUMENTS_MAX = 25;
const INTERVAL_SECONDS = 10;
const QUOTA_SECONDS = 300;
const BOOST_SECONDS = 60;
/** A client that did not report for so long gives its part back. */
const CLIENT_SECONDS = 30;
/** Older reports are refused. */
const AGE_MAX_SECONDS = 600;
const CLIENTS_MAX = 1_000;
const WINDOWS_MAX = 2_000;

const count = z.number().int().min(0);
const statisticsSchema = z.strictObject({
  RuleName: z.string().min(1).max(32),
  ClientID: z.string().regex(/^[\dA-Fa-f]{24}$/),
  Timestamp: secondsSchema,
  RequestCount: count,
  SampledCount: count,
  BorrowCount: count.nullish().transform((value) => value ?? 0),
});
const boostStatisticsSchema = z.strictObject({
  RuleName: z.string().min(1).max(32),
  ServiceName: z.string().max(64),
  Timestamp: secondsSchema,
  AnomalyCount: count,
  TotalCount: count,
  SampledAnomalyCount: count,
});
const requestSchema = z.object({
  SamplingStatisticsDocuments: z.array(statisticsSchema).max(DOCUMENTS_MAX),
  SamplingBoostStatisticsDocuments: z.array(boostStatisticsSchema).max(DOCUMENTS_MAX).nullish(),
});

type Statistics = z.output<typeof statisticsSchema>;

interface Window {
  readonly RuleName: string;
  readonly Timestamp: number;
  RequestCount: number;
  BorrowCount: number;
  SampledCount: number;
}

export class SamplingTargets {
  readonly #rules: SamplingRules;
  /** By rule and client: when it reported last, seconds since the epoch. */
  readonly #clients = new Map<string, Map<string, number>>();
  readonly #windows = new Map<string, Window>();
  readonly #boosts = new Map<string, { readonly rate: number; readonly sinceSeconds: number }>();

  constructor(rules: SamplingRules) {
    this.#rules = rules;
  }

  /** The items of SamplingStatisticSummaries, the oldest first. */
  get summaries(): readonly object[] {
    return [...this.#windows.values()];
  }

  clear(): void {
    this.#clients.clear();
    this.#windows.clear();
    this.#boosts.clear();
  }

  /** Answers GetSamplingTargets. @throws AwsError */
  report(input: AwsInput, nowSeconds: number): object {
    const request = parseRequest(requestSchema, input);
    const unprocessed: object[] = [];
    const unprocessedBoosts: object[] = [];
    for (const boost of request.SamplingBoostStatisticsDocuments ?? []) {
      const rule = this.#rules.find(boost.RuleName);
      if (rule === undefined) unprocessedBoosts.push(refuseUnknownRule(boost.RuleName));
      else if (boost.AnomalyCount > 0) this.#boost(rule, nowSeconds);
    }
    const targets: object[] = [];
    for (const statistics of request.SamplingStatisticsDocuments) {
      const rule = this.#rules.find(statistics.RuleName);
      if (rule === undefined) unprocessed.push(refuseUnknownRule(statistics.RuleName));
      else if (nowSeconds - statistics.Timestamp > AGE_MAX_SECONDS)
        unprocessed.push({
          RuleName: rule.RuleName,
          ErrorCode: 'StatisticsTooOld',
          Message: 'The statistics document is too old.',
        });
      else {
        this.#count(statistics);
        targets.push(this.#assign(rule, statistics.ClientID, nowSeconds));
      }
    }
    return {
      SamplingTargetDocuments: targets,
      LastRuleModification: this.#rules.modifiedSeconds,
      UnprocessedStatistics: unprocessed,
      UnprocessedBoostStatistics: unprocessedBoosts,
    };
  }

  #assign(rule: StoredRule, client: string, nowSeconds: number): object {
    const clients = this.#clients.get(rule.RuleName) ?? new Map<string, number>();
    this.#clients.set(rule.RuleName, clients);
    for (const [one, seconds] of clients)
      if (nowSeconds - seconds > CLIENT_SECONDS || clients.size > CLIENTS_MAX) clients.delete(one);
    clients.set(client, nowSeconds);
    const index = [...clients.keys()].indexOf(client);
    const whole = Math.floor(rule.ReservoirSize / clients.size);
    const boost = this.#boosts.get(rule.RuleName);
    const isBoosted = boost !== undefined && nowSeconds - boost.sinceSeconds < BOOST_SECONDS;
    return {
      RuleName: rule.RuleName,
      FixedRate: rule.FixedRate,
      // What does not divide evenly goes to the clients that came first.
      ReservoirQuota: whole + (index < rule.ReservoirSize % clients.size ? 1 : 0),
      ReservoirQuotaTTL: Math.floor(nowSeconds) + QUOTA_SECONDS,
      Interval: INTERVAL_SECONDS,
      ...(isBoosted
        ? {
            SamplingBoost: {
              BoostRate: boost.rate,
              BoostRateTTL: Math.floor(boost.sinceSeconds) + BOOST_SECONDS,
            },
          }
        : {}),
    };
  }

  #boost({ RuleName, SamplingRateBoost: boost }: StoredRule, nowSeconds: number): void {
    if (boost === undefined) return;
    const before = this.#boosts.get(RuleName);
    const waitSeconds = Math.max(boost.CooldownWindowMinutes * 60, BOOST_SECONDS);
    if (before !== undefined && nowSeconds - before.sinceSeconds < waitSeconds) return;
    this.#boosts.set(RuleName, { rate: boost.MaxRate, sinceSeconds: nowSeconds });
  }

  /** Adds a report to its window of ten seconds. */
  #count({ RuleName, Timestamp, RequestCount, BorrowCount, SampledCount }: Statistics): void {
    const start = Math.floor(Timestamp / INTERVAL_SECONDS) * INTERVAL_SECONDS;
    const key = `${RuleName}\n${start}`;
    const none = { RequestCount: 0, BorrowCount: 0, SampledCount: 0 };
    const window = this.#windows.get(key) ?? { RuleName, Timestamp: start, ...none };
    window.RequestCount += RequestCount;
    window.BorrowCount += BorrowCount;
    window.SampledCount += SampledCount;
    this.#windows.set(key, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > WINDOWS_MAX && oldest !== undefined) this.#windows.delete(oldest);
  }
}

function refuseUnknownRule(RuleName: string): object {
  return {
    RuleName,
    ErrorCode: 'RuleDoesNotExist',
    Message: `There is no sampling rule ${RuleName}.`,
  };
}
