/**
 * Reads what SDKs report of sampling (the request of GetSamplingTargets) and what X-Ray answers,
 * as far as is needed to keep targets and add up statistics. Unknown members stay.
 * Limit: 1 MiB of an answer, inflated.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_GetSamplingTargets.html
 */
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { ClientResponse } from '../kernel/http-client.ts';
import { isGood } from './upstream-calls.ts';

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
  /** By rule whose statistics X-Ray did not take: its code. */
  readonly unprocessed: ReadonlyMap<string, string>;
}

/** Limit of an answer that is read, inflated. */
const ANSWER_MAX_BYTES = 1024 * 1024;
/** An answer about targets has at least one of them. */
const TARGETS_MEMBERS = [
  'SamplingTargetDocuments',
  'LastRuleModification',
  'UnprocessedStatistics',
] as const;
/** An unknown path or method, or a proxy that wants a password: another server answers. */
const NOT_OF_XRAY = new Set([404, 405, 407]);
const INFLATE: Readonly<
  Record<string, (body: Buffer, options: { maxOutputLength: number }) => Buffer>
> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

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
  if (answer === undefined || !TARGETS_MEMBERS.some((name) => name in answer)) return undefined;
  const given: unknown = answer['SamplingTargetDocuments'];
  const documents: unknown[] = Array.isArray(given) ? given : [];
  const targets = new Map<string, unknown>();
  for (const document of documents) {
    const [name] = readRuleNames([document]);
    if (name !== undefined) targets.set(name, document);
  }
  const unprocessed = new Map<string, string>();
  const entries: unknown = answer['UnprocessedStatistics'];
  for (const entry of Array.isArray(entries) ? entries : []) {
    const [name] = readRuleNames([entry]);
    const code = isObject(entry) ? entry['ErrorCode'] : undefined;
    if (name !== undefined) unprocessed.set(name, typeof code === 'string' ? code : '');
  }
  return { targets, lastChange: answer['LastRuleModification'], unprocessed };
}

/**
 * Whether an answer is X-Ray's word on a call: a JSON object, or a refusal of the request. A page
 * of something on the way, a redirect or an endpoint that does not know the path is none, so it is
 * neither kept nor given where an earlier answer is.
 */
export function isXrayAnswer(response: ClientResponse): boolean {
  const { status, headers, body } = response;
  if (!isGood(response)) return false;
  if (status === 200) return parseObject(inflate(body, headers['content-encoding'])) !== undefined;
  return status >= 400 && !NOT_OF_XRAY.has(status);
}

/** Whether statistics that X-Ray did not process for this code may be taken later. */
export function mayPass(code: string): boolean {
  return /throttl|internal|unavailable|time_?out|too_?many|limit_?exceeded/i.test(code);
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
  try {
    return INFLATE[coding.toLowerCase()]?.(body, { maxOutputLength: ANSWER_MAX_BYTES });
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
