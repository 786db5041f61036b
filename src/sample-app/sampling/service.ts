/**
 * The two calls of X-Ray's sampling, as the SDKs send them to the TCP address of a daemon: unsigned
 * JSON, which the daemon signs and passes on.
 * Limits: 5 s and 4 MiB for an answer, 50 list pages, 25 statistics in one request.
 * Sources: https://docs.aws.amazon.com/xray/latest/api/API_GetSamplingRules.html,
 * https://docs.aws.amazon.com/xray/latest/api/API_GetSamplingTargets.html
 */
import * as z from 'zod';
import type { HttpClient } from '../../kernel/http-client.ts';
import { readSamplingRule, type SamplingRule } from './rule.ts';
import type { RuleStatistics, SamplingTarget } from './rule-table.ts';

const TIMEOUT_MS = 5_000;
const BODY_MAX_BYTES = 4 * 1024 * 1024;
const LIST_PAGES_MAX = 50;
const STATISTICS_MAX = 25;
/** A shorter interval of an answer is taken for this. */
const INTERVAL_MIN_MS = 1_000;

export interface SamplingService {
  /** All pages of the list, and how many records were left out: malformed, or of other kinds. */
  rules(signal: AbortSignal): Promise<{ rules: SamplingRule[]; leftOut: number }>;
  /** At most 25 statistics; `modifiedMs` is when any rule was changed last, epoch ms. */
  targets(
    statistics: readonly RuleStatistics[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<{ targets: SamplingTarget[]; modifiedMs: number }>;
}

/** Parts of statistics that one request may carry. */
export function splitStatistics(all: readonly RuleStatistics[]): RuleStatistics[][] {
  const parts: RuleStatistics[][] = [];
  for (let i = 0; i < all.length; i += STATISTICS_MAX) parts.push(all.slice(i, i + STATISTICS_MAX));
  return parts;
}

const rulesSchema = z.object({
  SamplingRuleRecords: z.array(z.unknown()).default([]),
  NextToken: z.string().nullish(),
});

const targetSchema = z.object({
  RuleName: z.string(),
  FixedRate: z.number().min(0).max(1).nullish(),
  ReservoirQuota: z.number().nonnegative().nullish(),
  ReservoirQuotaTTL: z.number().nullish(),
  Interval: z.number().positive().nullish(),
});
const targetsSchema = z.object({
  SamplingTargetDocuments: z.array(z.unknown()).default([]),
  LastRuleModification: z.number(),
});

/**
 * @param url       of the daemon, without a path
 * @param clientId  24 hexadecimal digits that tell this process from others
 */
export function createSamplingService(
  url: string,
  http: HttpClient,
  clientId: string,
): SamplingService {
  const post = async <T>(
    path: string,
    request: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    const answer = await http.send({
      method: 'POST',
      url: `${url}${path}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
      signal,
    });
    if (answer.status !== 200) throw new Error(`${url}${path} answered ${answer.status}`);
    const parsed = schema.safeParse(parseJson(answer.body.toString()));
    if (!parsed.success) throw new Error(`the answer of ${url}${path} is not what X-Ray answers`);
    return parsed.data;
  };
  return {
    async rules(signal) {
      const records: unknown[] = [];
      let token: string | undefined;
      for (let page = 0; page < LIST_PAGES_MAX; page++) {
        const request = token === undefined ? {} : { NextToken: token };
        const answer = await post('/GetSamplingRules', request, rulesSchema, signal);
        records.push(...answer.SamplingRuleRecords);
        token = answer.NextToken ?? '';
        if (token === '') break;
      }
      const rules = records.flatMap((record) => readSamplingRule(record) ?? []);
      return { rules, leftOut: records.length - rules.length };
    },
    async targets(statistics, nowMs, signal) {
      const request = {
        SamplingStatisticsDocuments: statistics.map(({ name, requests, sampled, borrowed }) => ({
          RuleName: name,
          ClientID: clientId,
          Timestamp: Math.floor(nowMs / 1_000),
          RequestCount: requests,
          SampledCount: sampled,
          BorrowCount: borrowed,
        })),
      };
      const answer = await post('/SamplingTargets', request, targetsSchema, signal);
      return {
        targets: answer.SamplingTargetDocuments.flatMap(readTarget),
        modifiedMs: answer.LastRuleModification * 1_000,
      };
    },
  };
}

function readTarget(document: unknown): SamplingTarget[] {
  const parsed = targetSchema.safeParse(document);
  if (!parsed.success) return [];
  const { RuleName, FixedRate, ReservoirQuota, ReservoirQuotaTTL, Interval } = parsed.data;
  return [
    {
      name: RuleName,
      fixedRate: FixedRate ?? undefined,
      quota: ReservoirQuota ?? undefined,
      quotaEndSeconds: ReservoirQuotaTTL ?? undefined,
      intervalMs:
        typeof Interval === 'number' ? Math.max(INTERVAL_MIN_MS, Interval * 1_000) : undefined,
    },
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
