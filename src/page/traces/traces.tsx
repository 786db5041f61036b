/**
 * The part of the page that shows traces: the newest in a list that can be filtered, the timeline
 * of the one that the hash of the URL names, and the services between which they went. Where the
 * workspace has no X-Ray, it says how to give it one, and asks no more.
 */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Alert } from '../alert.tsx';
import type { View } from '../panel.tsx';
import { POLL_MS, type Reading, usePolling } from '../polling.ts';
import { askTraces, type TraceList } from './ask.ts';
import { TraceRows } from './list.tsx';
import { Services } from './services.tsx';
import { TraceView } from './trace.tsx';
import { readTraceHash } from './words.ts';

/** A workspace without X-Ray answers 404, and only a new start changes that. */
function isOff({ error }: Reading<unknown>): boolean {
  return error?.status === 404;
}

/** A filter that is not valid stays so until another is given. */
function isListFinal(reading: Reading<unknown>): boolean {
  return isOff(reading) || reading.error?.mayPass === false;
}

interface TracesProps {
  readonly view: View;
  /** Called when the first traces have come. */
  readonly onTraces: () => void;
}

export function Traces({ view, onTraces }: TracesProps) {
  const { spanS, paused } = view;
  const [filter, setFilter] = useState('');
  const openId = useTraceHash();
  const ask = useCallback(
    (signal: AbortSignal) => askTraces({ spanS, filter }, signal),
    [spanS, filter],
  );
  const reading = usePolling(ask, { paused, periodMs: POLL_MS, isFinal: isListFinal });
  const hasTraces = (reading.value?.traces.length ?? 0) > 0;
  useEffect(() => {
    if (hasTraces) onTraces();
  }, [hasTraces, onTraces]);
  return (
    <section class="traces" aria-labelledby="traces-title">
      <h2 id="traces-title">Traces</h2>
      {isOff(reading) ? (
        <p class="note">{reading.error?.message}</p>
      ) : (
        <>
          <FilterForm onFilter={setFilter} />
          <div class="trace-panels">
            <section class="panel trace-list" aria-labelledby="newest-title">
              <header>
                <h3 id="newest-title">Newest</h3>
                <span class="unit">{describeList(reading.value)}</span>
              </header>
              <Alert error={reading.error} hasOlder={reading.value !== undefined} />
              <TraceRows reading={reading} openId={openId} />
              {(reading.value?.warnings ?? []).map((warning) => (
                <p class="note" key={warning}>
                  {warning}
                </p>
              ))}
            </section>
            <Services spanS={spanS} paused={paused} />
          </div>
          {openId === undefined ? null : <TraceView key={openId} id={openId} paused={paused} />}
        </>
      )}
    </section>
  );
}

function describeList(list: TraceList | undefined): string {
  if (list === undefined) return '';
  return list.traces.length === 0 ? '' : `${list.traces.length} shown`;
}

function FilterForm({ onFilter }: { onFilter: (filter: string) => void }) {
  const [draft, setDraft] = useState('');
  return (
    <form
      class="ask"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onFilter(draft.trim());
      }}
    >
      <label class="unseen" for="trace-filter">
        Filter expression of X-Ray
      </label>
      <input
        id="trace-filter"
        type="text"
        value={draft}
        placeholder={'a filter expression, such as fault = true'}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={4_000}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <button type="submit">Filter</button>
    </form>
  );
}

/** The trace that the hash names; it follows the links of the page and the browser's back. */
function useTraceHash(): string | undefined {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onHash = () => setHash(location.hash);
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  return useMemo(() => readTraceHash(hash), [hash]);
}
