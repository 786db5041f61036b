/**
 * The list of traces: one link a trace, with time, entry, state, duration to scale and segments.
 * Arrow keys, Home and End move between rows. When new traces come, what is seen stays where it is,
 * and the rows that have the focus or are open stay in the list.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatTime } from '../format.ts';
import type { Reading } from '../polling.ts';
import type { ListedTrace, TraceList } from './ask.ts';
import { formatDuration, measureShare } from './layout.ts';
import { chooseTone, describeState, formatCount, formatPlace, keepUsed } from './words.ts';

interface TraceRowsProps {
  readonly reading: Reading<TraceList>;
  readonly openId: string | undefined;
}

export function TraceRows({ reading: { value, error }, openId }: TraceRowsProps) {
  const [focusId, setFocusId] = useState<string>();
  const shown = useRef<readonly ListedTrace[]>([]);
  const used = new Set([focusId, openId].filter((id) => id !== undefined));
  const traces = keepUsed(value?.traces ?? [], shown.current, used);
  shown.current = traces;
  const list = useKeptPlace();
  if (traces.length === 0) {
    const text = value === undefined ? 'asking X-Ray …' : 'no traces in this range';
    return (
      <div class="empty">
        {value === undefined && error !== undefined ? null : <p role="status">{text}</p>}
      </div>
    );
  }
  const longestS = traces.reduce((most, { durationS }) => Math.max(most, durationS), 0);
  const tabId = traces.some(({ id }) => id === focusId) ? focusId : traces[0]?.id;
  return (
    <ol
      class={error === undefined ? 'trace-rows' : 'trace-rows stale'}
      ref={list}
      onKeyDown={moveFocus}
      onFocusOut={() => setFocusId(undefined)}
    >
      {traces.map((trace) => (
        <li key={trace.id} data-key={trace.id}>
          <a
            href={`#trace=${trace.id}`}
            tabIndex={trace.id === tabId ? 0 : -1}
            aria-current={trace.id === openId ? 'true' : undefined}
            onFocus={() => setFocusId(trace.id)}
          >
            <time>{formatTime(trace.startS)}</time>
            <span class="entry" title={trace.http.url}>
              <b>{trace.entry.name || 'no entry'}</b> {trace.http.method}{' '}
              {formatPlace(trace.http.url)}
            </span>
            <span class={`state-word ${chooseTone(trace)}`}>
              {trace.http.status === 0 ? '' : `${trace.http.status} `}
              {describeState(trace)}
            </span>
            <span class="duration">
              {formatDuration(trace.durationS)}
              <span class="track" aria-hidden="true">
                <span style={{ width: `${measureShare(trace.durationS, longestS)}%` }} />
              </span>
            </span>
            <span class="count">
              {trace.segments === null ? '' : formatCount(trace.segments, 'segment')}
            </span>
          </a>
        </li>
      ))}
    </ol>
  );
}

/** Moves the focus among the links of a list by arrow keys, Home and End. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const links = [...event.currentTarget.querySelectorAll('a')];
  const at = links.findIndex((link) => link === document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  links[Math.min(Math.max(to, 0), links.length - 1)]?.focus();
}

/**
 * Keeps the first row that is seen of a scrolled list where it is, whatever is inserted above it.
 * At its very top the list follows what is new, unless a row has the focus.
 */
function useKeptPlace() {
  const list = useRef<HTMLOListElement>(null);
  const anchor = useRef<{ row: HTMLElement; topPx: number } | undefined>(undefined);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const before = anchor.current;
    if (before?.row.parentNode === element)
      element.scrollTop += before.row.offsetTop - before.topPx;
    const remember = () => {
      anchor.current = findAnchor(element);
    };
    remember();
    element.addEventListener('scroll', remember, { passive: true });
    element.addEventListener('focusin', remember);
    return () => {
      element.removeEventListener('scroll', remember);
      element.removeEventListener('focusin', remember);
    };
  });
  return list;
}

function findAnchor(list: HTMLElement): { row: HTMLElement; topPx: number } | undefined {
  const rows = [...list.children] as HTMLElement[];
  const focused = rows.find((row) => row.contains(document.activeElement));
  const first = rows.find((row) => row.offsetTop + row.offsetHeight > list.scrollTop);
  const row = focused ?? (list.scrollTop > 0 ? first : undefined);
  return row === undefined ? undefined : { row, topPx: row.offsetTop };
}
