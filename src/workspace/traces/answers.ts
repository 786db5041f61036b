/**
 * What the page needs of X-Ray's answers, as schemas that turn them into plain values: texts cut at
 * TEXT_MAX characters, lists at their limits, absent members at a default. Segment documents pass
 * as the texts that they are; the page parses them. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_Types.html
 */
import * as z from 'zod';

const TEXT_MAX = 2_000;
const SERVICES_MAX = 500;
const EDGES_MAX = 200;

const textSchema = z
  .string()
  .nullish()
  .transform((text) => (text ?? '').slice(0, TEXT_MAX));
const numberSchema = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const flagSchema = z
  .unknown()
  .optional()
  .transform((value) => value === true);
/** Where a page of a list ends; empty at the last one. */
const tokenSchema = z
  .string()
  .nullish()
  .transform((token) => token ?? '');

function listSchema<Item>(item: z.ZodType<Item>, most = Infinity) {
  return z
    .array(item)
    .nullish()
    .transform((items) => (items ?? []).slice(0, most));
}

/** A trace of the list. Times in seconds, as X-Ray has them. */
export interface TraceSummary {
  readonly id: string;
  readonly startS: number;
  readonly durationS: number;
  readonly responseTimeS: number;
  readonly revision: number;
  readonly isPartial: boolean;
  readonly hasError: boolean;
  readonly hasFault: boolean;
  readonly hasThrottle: boolean;
  readonly entry: { readonly name: string; readonly type: string };
  readonly http: { readonly method: string; readonly url: string; readonly status: number };
  readonly services: number;
}

const summarySchema = z
  .object({
    Id: z.string(),
    StartTime: z.number().nullish(),
    Duration: numberSchema,
    ResponseTime: numberSchema,
    Revision: numberSchema,
    IsPartial: flagSchema,
    HasError: flagSchema,
    HasFault: flagSchema,
    HasThrottle: flagSchema,
    EntryPoint: z.object({ Name: textSchema, Type: textSchema }).nullish(),
    Http: z
      .object({ HttpMethod: textSchema, HttpURL: textSchema, HttpStatus: numberSchema })
      .nullish(),
    ServiceIds: listSchema(z.unknown()),
  })
  .transform((summary): TraceSummary => ({
    id: summary.Id,
    startS: summary.StartTime ?? readEpoch(summary.Id),
    durationS: summary.Duration,
    responseTimeS: summary.ResponseTime,
    revision: summary.Revision,
    isPartial: summary.IsPartial,
    hasError: summary.HasError,
    hasFault: summary.HasFault,
    hasThrottle: summary.HasThrottle,
    entry: { name: summary.EntryPoint?.Name ?? '', type: summary.EntryPoint?.Type ?? '' },
    http: {
      method: summary.Http?.HttpMethod ?? '',
      url: summary.Http?.HttpURL ?? '',
      status: summary.Http?.HttpStatus ?? 0,
    },
    services: summary.ServiceIds.length,
  }));

/** The time in a trace id, seconds; answers without a start time come from older traces. */
function readEpoch(id: string): number {
  const seconds = parseInt(id.slice(2, 10), 16);
  return Number.isNaN(seconds) ? 0 : seconds;
}

export const summariesSchema = z
  .object({ TraceSummaries: listSchema(summarySchema), NextToken: tokenSchema })
  .transform((page) => ({ traces: page.TraceSummaries, nextToken: page.NextToken }));

export const tracesSchema = z
  .object({
    Traces: listSchema(
      z.object({
        Id: z.string(),
        Duration: numberSchema,
        LimitExceeded: flagSchema,
        Segments: listSchema(z.object({ Id: textSchema, Document: z.string() })),
      }),
    ),
    UnprocessedTraceIds: listSchema(z.string()),
    NextToken: tokenSchema,
  })
  .transform((page) => ({
    traces: page.Traces.map((trace) => ({
      id: trace.Id,
      durationS: trace.Duration,
      isLimitExceeded: trace.LimitExceeded,
      segments: trace.Segments.map(({ Id, Document }) => ({ id: Id, document: Document })),
    })),
    unprocessed: page.UnprocessedTraceIds,
    nextToken: page.NextToken,
  }));

const statisticsSchema = z
  .object({
    TotalCount: numberSchema,
    TotalResponseTime: numberSchema,
    ErrorStatistics: z.object({ ThrottleCount: numberSchema, TotalCount: numberSchema }).nullish(),
    FaultStatistics: z.object({ TotalCount: numberSchema }).nullish(),
  })
  .nullish()
  .transform((statistics) => ({
    count: statistics?.TotalCount ?? 0,
    errors: statistics?.ErrorStatistics?.TotalCount ?? 0,
    throttles: statistics?.ErrorStatistics?.ThrottleCount ?? 0,
    faults: statistics?.FaultStatistics?.TotalCount ?? 0,
    totalResponseTimeS: statistics?.TotalResponseTime ?? 0,
  }));

export const servicesSchema = z
  .object({
    Services: listSchema(
      z.object({
        ReferenceId: numberSchema,
        Name: textSchema,
        Type: textSchema,
        Root: flagSchema,
        SummaryStatistics: statisticsSchema,
        Edges: listSchema(
          z.object({ ReferenceId: numberSchema, SummaryStatistics: statisticsSchema }),
          EDGES_MAX,
        ),
      }),
      SERVICES_MAX,
    ),
    NextToken: tokenSchema,
  })
  .transform((page) => ({
    services: page.Services.map((service) => ({
      id: service.ReferenceId,
      name: service.Name,
      type: service.Type,
      isRoot: service.Root,
      ...service.SummaryStatistics,
      edges: service.Edges.map((edge) => ({ to: edge.ReferenceId, ...edge.SummaryStatistics })),
    })),
    nextToken: page.NextToken,
  }));
