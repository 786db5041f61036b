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

/** Reads traces; for each that is there, its id and the number of its segments. */
export type CountSegments = (
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
  async learn(traces: readonly TraceSummary[], count: CountSegments): Promise<void> {
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
