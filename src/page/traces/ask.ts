/**
 * What the page asks of the workspace about traces, and the shapes of the answers, which
 * the workspace has checked. Segment documents in them are texts that nobody has checked.
 */
import { askWorkspace } from '../workspace-api.ts';

const TRACES_MAX = 50;

/** A trace of the list. Times in seconds. */
export interface ListedTrace {
  readonly id: string;
  readonly startS: number;
  readonly durationS: number;
  readonly isPartial: boolean;
  readonly hasError: boolean;
  readonly hasFault: boolean;
  readonly hasThrottle: boolean;
  readonly entry: { readonly name: string; readonly type: string };
  readonly http: { readonly method: string; readonly url: string; readonly status: number };
  /** Null where they have not been counted yet. */
  readonly segments: number | null;
}

export interface TraceList {
  readonly traces: readonly ListedTrace[];
  readonly warnings: readonly string[];
}

/** All documents of one trace. */
export interface WholeTrace {
  readonly id: string;
  readonly isLimitExceeded: boolean;
  readonly isCut: boolean;
  readonly documents: readonly string[];
}

/** What went through a service or an edge. */
export interface Statistics {
  readonly count: number;
  readonly errors: number;
  readonly throttles: number;
  readonly faults: number;
  readonly totalResponseTimeS: number;
}

export interface Service extends Statistics {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly isRoot: boolean;
  readonly edges: readonly (Statistics & { readonly to: number })[];
}

/** The newest traces of the span that ends now. @throws AnswerError */
export async function askTraces(
  { spanS, filter }: { readonly spanS: number; readonly filter: string },
  signal: AbortSignal,
): Promise<TraceList> {
  const parameters = { ...readSpan(spanS), limit: String(TRACES_MAX), filter };
  const { data, warnings } = await askWorkspace('xray/traces', parameters, signal);
  return { traces: (data as { traces: ListedTrace[] }).traces, warnings };
}

/** @throws AnswerError */
export async function askTrace(id: string, signal: AbortSignal): Promise<WholeTrace> {
  const { data } = await askWorkspace(`xray/traces/${encodeURIComponent(id)}`, {}, signal);
  const { segments, ...trace } = data as WholeTrace & { segments: { document: string }[] };
  return { ...trace, documents: segments.map(({ document: text }) => text) };
}

/** @throws AnswerError */
export async function askServices(spanS: number, signal: AbortSignal): Promise<readonly Service[]> {
  const { data } = await askWorkspace('xray/services', readSpan(spanS), signal);
  return (data as { services: Service[] }).services;
}

function readSpan(spanS: number): { start: string; end: string } {
  const nowS = Date.now() / 1_000;
  return { start: String(nowS - spanS), end: String(nowS) };
}
