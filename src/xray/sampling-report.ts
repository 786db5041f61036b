/**
 * Reads what SDKs report of sampling (the request of GetSamplingTargets) and what X-Ray answers,
 * as far as is needed to keep targets and add up statistics. Unknown members stay.
 * Limit: 1 MiB of an answer, inflated.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_GetSamplingTargets.html
 */
import { gunzipSync } from 'node:zlib';

/** Requests since the last report of one client by one rule. */
export interface ReportedStatistics {
  readonly RuleName: string;
  readonly ClientID: string;
  readonly RequestCount: number;
  readonly SampledCount: number;
  readonly BorrowCount?: number;
  readonly Timestamp: unknown;
}

export interface SamplingReport {
  /** The whole request, unknown members included. */
  readonly whole: Readonly<Record<string, unknown>>;
  readonly statistics: readonly ReportedStatistics[];
  /** The names of the rules whose boosts are reported. */
  readonly boosts: readonly string[];
}

export interface TargetsAnswer {
  /** By rule: X-Ray's document about it, unknown members included. */
  readonly targets: ReadonlyMap<string, unknown>;
  /** When a rule was last changed, as X-Ray writes it. */
  readonly lastChange: unknown;
}

/** Limit of an answer that is read, inflated. */
const ANSWER_MAX_BYTES = 1024 * 1024;

/** The target of a client by a rule. A rule's name has no line break. */
export function keyOf({ ClientID, RuleName }: ReportedStatistics): string {
  return `${ClientID}\n${RuleName}`;
}

/** Undefined for a body that is no report: it is forwarded all the same. */
export function readReport(body: Uint8Array): SamplingReport | undefined {
  const whole = parseObject(body);
  const statistics = whole?.['SamplingStatisticsDocuments'];
  if (whole === undefined || !Array.isArray(statistics) || !statistics.every(isStatistics))
    return undefined;
  if (new Set(statistics.map(keyOf)).size < statistics.length) return undefined;
  return { whole, statistics, boosts: readRuleNames(whole['SamplingBoostStatisticsDocuments']) };
}

/** Undefined for an answer that cannot be read: it is given to the client all the same. */
export function readTargets(body: Buffer, coding: string | undefined): TargetsAnswer | undefined {
  const answer = parseObject(inflate(body, coding));
  const documents = answer?.['SamplingTargetDocuments'];
  if (answer === undefined || !Array.isArray(documents)) return undefined;
  const targets = new Map<string, unknown>();
  for (const document of documents) {
    const [name] = readRuleNames([document]);
    if (name !== undefined) targets.set(name, document);
  }
  return { targets, lastChange: answer['LastRuleModification'] };
}

/** Whether an answer is one of X-Ray's: a page of something on the way must not be kept. */
export function isReadable(body: Buffer, coding: string | undefined): boolean {
  return parseObject(inflate(body, coding)) !== undefined;
}

/** A report with other figures of the same clients and rules. */
export function writeReport(
  { whole }: SamplingReport,
  statistics: readonly ReportedStatistics[],
): Buffer {
  return Buffer.from(JSON.stringify({ ...whole, SamplingStatisticsDocuments: statistics }));
}

function inflate(body: Buffer, coding: string | undefined): Buffer | undefined {
  if (coding === undefined || coding === 'identity') return body;
  if (coding !== 'gzip') return undefined;
  try {
    return gunzipSync(body, { maxOutputLength: ANSWER_MAX_BYTES });
  } catch {
    return undefined;
  }
}

function parseObject(body: Uint8Array | undefined): Record<string, unknown> | undefined {
  if (body === undefined || body.length > ANSWER_MAX_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStatistics(value: unknown): value is ReportedStatistics {
  if (!isObject(value)) return false;
  const { RuleName, ClientID, RequestCount, SampledCount, BorrowCount = 0 } = value;
  return (
    typeof RuleName === 'string' &&
    typeof ClientID === 'string' &&
    [RequestCount, SampledCount, BorrowCount].every(
      (count) => Number.isSafeInteger(count) && Number(count) >= 0,
    )
  );
}

function readRuleNames(documents: unknown): string[] {
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document: unknown) => {
    const name = isObject(document) ? document['RuleName'] : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}
