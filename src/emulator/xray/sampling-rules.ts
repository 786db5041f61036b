/**
 * The sampling rules of an account. The rule Default is always there; only its rate and reservoir
 * can change.
 * Limits: 25 rules besides Default, as AWS's quota.
 * Sources: https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html,
 * https://docs.aws.amazon.com/general/latest/gr/xray.html
 */
import * as z from 'zod';
import { AwsError, type AwsPlace } from '../service.ts';
import { parseRequest, refuseRequest } from './requests.ts';

const RULES_MAX = 25;
const DEFAULT = 'Default';

const attributesSchema = z
  .record(z.string().min(1).max(32), z.string().min(1).max(32))
  .refine((attributes) => Object.keys(attributes).length <= 5, {
    message: 'Member must have length less than or equal to 5',
  });

const boostSchema = z.strictObject({
  MaxRate: z.number().min(0).max(1),
  CooldownWindowMinutes: z.number().int().min(0),
});

/** What matches requests, and how many of them are sampled. */
const criteria = {
  ResourceARN: z.string().max(500),
  Priority: z.number().int().min(1).max(9_999),
  FixedRate: z.number().min(0).max(1),
  ReservoirSize: z.number().int().min(0),
  ServiceName: z.string().max(64),
  ServiceType: z.string().max(64),
  Host: z.string().max(64),
  HTTPMethod: z.string().max(10),
  URLPath: z.string().max(128),
};

const ruleName = z.string().min(1).max(32);
const ruleSchema = z.strictObject({
  RuleName: ruleName,
  ...criteria,
  Version: z.literal(1),
  Attributes: attributesSchema.default({}),
  SamplingRateBoost: boostSchema.optional(),
});
const updateSchema = z.strictObject({
  RuleName: ruleName.optional(),
  RuleARN: z.string().optional(),
  ...z.object(criteria).partial().shape,
  Attributes: attributesSchema.optional(),
  SamplingRateBoost: boostSchema.optional(),
});

export type StoredRule = z.output<typeof ruleSchema> & { readonly RuleARN: string };

/** Times are seconds since the epoch. */
export interface SamplingRuleRecord {
  readonly SamplingRule: StoredRule;
  readonly CreatedAt: number;
  readonly ModifiedAt: number;
}

export class SamplingRules {
  readonly #records = new Map<string, SamplingRuleRecord>();
  readonly #place: AwsPlace;
  /** When a rule was changed, made or deleted last, seconds since the epoch. */
  modifiedSeconds: number;

  constructor(place: AwsPlace, nowSeconds: number) {
    this.#place = place;
    this.modifiedSeconds = nowSeconds;
    const any = { ResourceARN: '*', ServiceName: '*', ServiceType: '*', Host: '*' };
    const rule = {
      RuleName: DEFAULT,
      RuleARN: this.#nameArn(DEFAULT),
      ...any,
      HTTPMethod: '*',
      URLPath: '*',
      Priority: 10_000,
      FixedRate: 0.05,
      ReservoirSize: 1,
      Version: 1 as const,
      Attributes: {},
    };
    this.#records.set(DEFAULT, { SamplingRule: rule, CreatedAt: 0, ModifiedAt: nowSeconds });
  }

  list(): SamplingRuleRecord[] {
    return [...this.#records.values()];
  }

  find(name: string): StoredRule | undefined {
    return this.#records.get(name)?.SamplingRule;
  }

  /** @throws AwsError */
  create(rule: unknown, nowSeconds: number): SamplingRuleRecord {
    const parsed = parseRequest(ruleSchema, rule);
    if (this.#records.has(parsed.RuleName))
      throw refuseRequest(`a sampling rule with the name ${parsed.RuleName} exists`);
    if (this.#records.size > RULES_MAX)
      throw new AwsError(
        'RuleLimitExceededException',
        `the account has ${RULES_MAX} sampling rules; delete one first`,
      );
    const made = { ...parsed, RuleARN: this.#nameArn(parsed.RuleName) };
    return this.#keep({ SamplingRule: made, CreatedAt: nowSeconds, ModifiedAt: nowSeconds });
  }

  /** @throws AwsError */
  update(change: unknown, nowSeconds: number): SamplingRuleRecord {
    const { RuleName, RuleARN, ...changes } = parseRequest(updateSchema, change);
    const record = this.#require({ RuleName, RuleARN });
    const { SamplingRule: rule } = record;
    const fixed = Object.keys(changes).filter(
      (key) => key !== 'FixedRate' && key !== 'ReservoirSize',
    );
    if (rule.RuleName === DEFAULT && fixed.length > 0)
      throw refuseRequest(
        `${fixed.join(', ')} of the rule Default cannot change; FixedRate and ReservoirSize can`,
      );
    const changed = { ...rule, ...changes } as StoredRule;
    return this.#keep({ ...record, SamplingRule: changed, ModifiedAt: nowSeconds });
  }

  /** @throws AwsError */
  delete(which: { RuleName?: unknown; RuleARN?: unknown }, nowSeconds: number): SamplingRuleRecord {
    const record = this.#require(which);
    if (record.SamplingRule.RuleName === DEFAULT)
      throw refuseRequest('the rule Default cannot be deleted');
    this.#records.delete(record.SamplingRule.RuleName);
    this.modifiedSeconds = nowSeconds;
    return record;
  }

  #keep(record: SamplingRuleRecord): SamplingRuleRecord {
    this.#records.set(record.SamplingRule.RuleName, record);
    this.modifiedSeconds = record.ModifiedAt;
    return record;
  }

  #require({ RuleName, RuleARN }: { RuleName?: unknown; RuleARN?: unknown }): SamplingRuleRecord {
    if ((RuleName === undefined) === (RuleARN === undefined))
      throw refuseRequest('name the sampling rule by RuleName or RuleARN, and not by both');
    const found = this.list().find(
      ({ SamplingRule: rule }) => rule.RuleName === RuleName || rule.RuleARN === RuleARN,
    );
    if (found === undefined)
      throw refuseRequest(`there is no sampling rule ${String(RuleName ?? RuleARN)}`);
    return found;
  }

  #nameArn(name: string): string {
    const { accountId, region } = this.#place;
    return `arn:aws:xray:${region}:${accountId}:sampling-rule/${name}`;
  }
}
