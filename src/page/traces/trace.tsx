/**
 * One trace: what it is in a line, its timeline, and what of it cannot be shown. It is asked for
 * again while more of it may come: while a part of it is in progress, in its first minute, and
 * while X-Ray does not have it.
 */
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import { Alert } from '../alert.tsx';
import { formatTime } from '../format.ts';
import { POLL_MS, type Reading, usePolling } from '../polling.ts';
import { askTrace, type WholeTrace } from './ask.ts';
import { formatDuration } from './layout.ts';
import { Timeline } from './timeline.tsx';
import { buildTraceTree, type TraceTree } from './tree.ts';
import { formatCount } from './words.ts';

const YOUNG_MS = 60_000;

interface ReadTrace {
  readonly trace: WholeTrace;
  readonly tree: TraceTree;
}

function isFinal({ value, error }: Reading<ReadTrace>): boolean {
  if (error !== undefined) return !error.mayPass;
  if (value === undefined || value.tree.inProgress > 0) return false;
  return Date.now() - value.tree.endS * 1_000 > YOUNG_MS;
}

export function TraceView({ id, paused }: { id: string; paused: boolean }) {
  const ask = useCallback(
    async (signal: AbortSignal): Promise<ReadTrace> => {
      const trace = await askTrace(id, signal);
      return { trace, tree: buildTraceTree(trace.documents) };
    },
    [id],
  );
  const reading = usePolling(ask, { paused, periodMs: POLL_MS, isFinal });
  const { value, error } = reading;
  const section = useRef<HTMLElement>(null);
  useEffect(() => section.current?.scrollIntoView({ block: 'nearest' }), [value === undefined]);
  return (
    <section class="panel trace" aria-labelledby="trace-title" ref={section}>
      <header>
        <h3 id="trace-title">
          Trace <code>{id}</code>
        </h3>
        <button type="button" onClick={() => closeTrace(id)}>
          Close
        </button>
      </header>
      <Alert error={reading.error} hasOlder={reading.value !== undefined} />
      {value === undefined ? (
        <div class="empty">{error === undefined ? <p role="status">asking X-Ray …</p> : null}</div>
      ) : (
        <Whole {...value} />
      )}
    </section>
  );
}

/** Takes the trace out of the URL without a jump to the top, and gives the focus to its row. */
function closeTrace(id: string): void {
  history.pushState(null, '', location.pathname + location.search);
  dispatchEvent(new HashChangeEvent('hashchange'));
  const row = document.querySelector<HTMLElement>(`.trace-rows a[href="#trace=${id}"]`);
  (row ?? document.querySelector<HTMLElement>('#trace-filter'))?.focus();
}

function Whole({ trace, tree }: ReadTrace) {
  const notes = useMemo(() => listNotes(trace, tree), [trace, tree]);
  return (
    <>
      <p class="note">{describeTrace(tree)}</p>
      {notes.map((note) => (
        <p class="note" key={note}>
          {note}
        </p>
      ))}
      {tree.roots.length === 0 ? (
        <div class="empty">
          <p role="status">nothing of this trace can be shown</p>
        </div>
      ) : (
        <Timeline tree={tree} />
      )}
      {tree.broken.length === 0 ? null : <Broken tree={tree} />}
    </>
  );
}

function describeTrace({ startS, endS, segments, subsegments, inProgress }: TraceTree): string {
  const parts = [
    new Date(startS * 1_000).toISOString().slice(0, 10),
    formatTime(startS),
    formatDuration(endS - startS),
    formatCount(segments, 'segment'),
    formatCount(subsegments, 'subsegment'),
    ...(inProgress > 0 ? [`${inProgress} in progress`] : []),
  ];
  return parts.join(' · ');
}

function listNotes({ isLimitExceeded, isCut }: WholeTrace, tree: TraceTree): string[] {
  return [
    ...(isLimitExceeded ? ['X-Ray has not kept all of this trace: it is above its limit'] : []),
    ...(isCut ? ['the trace has more documents than are shown'] : []),
    ...(tree.omitted > 0 ? [`${tree.omitted} or more of its parts are not shown`] : []),
    ...(tree.missing > 0
      ? [`${formatCount(tree.missing, 'parent')} named by parts of it did not come`]
      : []),
  ];
}

function Broken({ tree: { broken } }: { tree: TraceTree }) {
  return (
    <details class="twin">
      <summary>{formatCount(broken.length, 'document')} that cannot be read</summary>
      <ul class="broken">
        {broken.map(({ reason, excerpt }, index) => (
          <li key={index}>
            {reason}: <code>{excerpt}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
