/**
 * Sampling rules of X-Ray as GetSamplingRules tells them: how a record is read, in which order
 * rules are asked, and which requests each matches. Pure.
 * Sources: https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html and, for what is left
 * open there, the X-Ray SDK for Node.js (packages/core/lib/middleware/sampling).
 */
import * as z from 'zod';
import { matchesWildcard } from './wildcard.ts';

/** What of a request rules may ask for. A part that is not known matches any pattern. */
export interface SamplingRequest {
  readonly serviceName?: string;
  /** X-Ray's origin, such as AWS::ECS::Container. */
  readonly serviceType?: string;
  readonly method?: string;
  /** With its query, as the SDK for Node.js hands it over. */
  readonly path?: string;
  readonly host?: string;
  /** Attributes that the segment has at its start; a rule's must all be there and match. */
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface SamplingRule {
  readonly name: string;
  readonly priority: number;
  /** Share of the requests above the reservoir, 0 to 1. */
  readonly fixedRate: number;
  /** Requests per second of all applications together that are sampled before the rate counts. */
  readonly reservoirSize: number;
  readonly serviceName: string;
  readonly serviceType: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The rule that each account has; it matches all that no other does. */
const DEFAULT_RULE = 'Default';

const ruleSchema = z
  .object({
    Version: z.literal(1),
    // Rules for one resource are not for applications: the SDKs leave them out.
    ResourceARN: z.literal('*'),
    RuleName: z.string().min(1).max(128),
    Priority: z.number(),
    FixedRate: z.number().min(0).max(1),
    ReservoirSize: z.number().nonnegative(),
    ServiceName: z.string(),
    ServiceType: z.string(),
    HTTPMethod: z.string(),
    URLPath: z.string(),
    Host: z.string(),
    Attributes: z.record(z.string(), z.string()).nullish(),
  })
  .transform((rule): SamplingRule => ({
    name: rule.RuleName,
    priority: rule.Priority,
    fixedRate: rule.FixedRate,
    reservoirSize: rule.ReservoirSize,
    serviceName: rule.ServiceName,
    serviceType: rule.ServiceType,
    method: rule.HTTPMethod,
    path: rule.URLPath,
    host: rule.Host,
    attributes: rule.Attributes ?? {},
  }));
const recordSchema = z.object({ SamplingRule: ruleSchema });

/** The rule of one record; undefined for one that is malformed or not for applications. */
export function readSamplingRule(record: unknown): SamplingRule | undefined {
  const parsed = recordSchema.safeParse(record);
  return parsed.success ? parsed.data.SamplingRule : undefined;
}

/** In the order in which they are asked: by priority, then by name. */
export function sortRules(rules: readonly SamplingRule[]): SamplingRule[] {
  return rules.toSorted(
    (a, b) => a.priority - b.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

export function matchesRule(rule: SamplingRule, request: SamplingRequest): boolean {
  if (rule.name === DEFAULT_RULE) return true;
  const isMet = (pattern: string, value: string | undefined): boolean =>
    value === undefined || value === '' || matchesWildcard(pattern, value);
  return (
    isMet(rule.serviceName, request.serviceName) &&
    isMet(rule.serviceType, request.serviceType) &&
    isMet(rule.method, request.method) &&
    isMet(rule.path, request.path) &&
    isMet(rule.host, request.host) &&
    Object.entries(rule.attributes).every(([name, pattern]) => {
      const value = request.attributes?.[name];
      return value !== undefined && matchesWildcard(pattern, value);
    })
  );
}
