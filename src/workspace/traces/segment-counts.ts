/**
 * How many segments each trace of a list has, which X-Ray's summaries do not say: the traces are
 * read, a few calls at a time, and the counts are kept. A trace is read again when its summary has
 * changed, as it does when more of the trace has arrived.
 * Limits: CALLS_PER_LIST calls for a list (what is left is counted for the next one), COUNTS_MAX
 * counts, of which the oldest give way.
 */
import type { TraceSummary } from './answers.ts';

/** BatchGetTraces takes no more. */
export const IDS_PER_CALL = 5;
const CALLS_PER_LIST = 4;
const COUNTS_MAX = 5_000;

/** About the year 5138. What is above is not in seconds. */
const TIME_MAX_S = 1e11;

/**
 * How many segments the tree of a trace shows: a segment of which there is a document in progress
 * and a complete one counts once; subsegments that were sent apart do not, nor does what is no JSON
 * or has no time, which the page lists as broken.
 */
export function countSegments(documents: readonly string[]): number {
  const segments = documents.map(readSegment).filter((segment) => segment !== undefined);
  const ids = segments.map(({ id }) => readId(id)).filter((id) => id !== '');
  return new Set(ids).size + segments.length - ids.length;
}

/** A segment without an id counts for itself. */
function readId(id: unknown): string {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
}

function readSegment(document: string): { readonly id?: unknown } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const segment = parsed as Readonly<Record<string, unknown>>;
  const { type, start_time: start, end_time: end } = segment;
  if (type === 'subsegment' || !isTime(start)) return undefined;
  return end === undefined || end === null || isTime(end) ? segment : undefined;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < TIME_MAX_S;
}

/** Reads traces; for each that is there, its id and the number of its segments. */
export type CountTraces = (
  ids: readonly string[],
) => Promise<readonly { readonly id: string; readonly segments: number }[]>;

export class SegmentCounts {
  readonly #counts = new Map<string, { readonly state: string; readonly segments: number }>();

  /** The count for a trace in the state of its summary; null where it is not known. */
  find(trace: TraceSummary): number | null {
    const known = this.#counts.get(trace.id);
    return known?.state === describeState(trace) ? known.segments : null;
  }

  /** Counts the segments of the first traces that are not known. @throws what `count` throws */
  async learn(traces: readonly TraceSummary[], count: CountTraces): Promise<void> {
    const unknown = new Map(
      traces
        .filter((trace) => this.find(trace) === null)
        .slice(0, CALLS_PER_LIST * IDS_PER_CALL)
        .map((trace) => [trace.id, describeState(trace)]),
    );
    const ids = [...unknown.keys()];
    const calls: Promise<void>[] = [];
    for (let from = 0; from < ids.length; from += IDS_PER_CALL) {
      const some = ids.slice(from, from + IDS_PER_CALL);
      calls.push(
        count(some).then((found) => {
          for (const { id, segments } of found) {
            const state = unknown.get(id);
            if (state !== undefined) this.#keep(id, state, segments);
          }
        }),
      );
    }
    // All are waited for: a call that fails must not end the request while others go on.
    const failed = (await Promise.allSettled(calls)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  #keep(id: string, state: string, segments: number): void {
    this.#counts.delete(id);
    this.#counts.set(id, { state, segments });
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > COUNTS_MAX && oldest !== undefined) this.#counts.delete(oldest);
  }
}

function describeState({ revision, durationS, services, isPartial }: TraceSummary): string {
  return `${revision} ${durationS} ${services} ${isPartial}`;
}
