/**
 * One panel: title, PromQL, chart, legend with values, a description in words, the values as a
 * table, and the states empty and error. It polls while it is shown. Labels are rendered as text
 * nodes only, so they can't add markup.
 */
import type { ComponentChildren } from 'preact';
import { Alert } from './alert.tsx';
import { useCallback, useEffect, useId, useState } from 'preact/hooks';
import { Chart, COLOR_COUNT, DASHES } from './chart.tsx';
import {
  formatSpan,
  formatTime,
  formatValue,
  hasData,
  findLatest,
  describeFrame,
} from './format.ts';
import type { PanelQuery, Unit } from './panels.ts';
import { type Failure, POLL_MS, usePolling } from './polling.ts';
import { fetchFrame, buildGrid, type Frame } from './query.ts';

/** The settings that all panels of the page share. */
export interface View {
  readonly spanS: number;
  readonly theme: string;
  readonly paused: boolean;
}

interface PanelProps extends View {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit | undefined;
  readonly queries: readonly PanelQuery[];
  /** Called for each answer, with whether there is anything to draw. */
  readonly onFrame?: ((isFilled: boolean) => void) | undefined;
}

/** A panel that polls its own data. */
export function Panel({ id, title, unit, queries, onFrame, ...view }: PanelProps) {
  const { spanS, paused } = view;
  const ask = useCallback(
    (signal: AbortSignal) => fetchFrame(queries, buildGrid(Date.now(), spanS), signal),
    [queries, spanS],
  );
  const { value: frame, error } = usePolling(ask, { paused, periodMs: POLL_MS });
  useEffect(() => {
    if (frame !== undefined) onFrame?.(hasData(frame));
  }, [frame]);
  return (
    <FramePanel {...{ id, title, unit, frame, error, queries }} {...view} wait={RATE_WAIT}>
      {null}
    </FramePanel>
  );
}

const RATE_WAIT = 'a rate needs two scrapes, about ten seconds';

interface FramePanelProps extends View, Pick<PanelProps, 'id' | 'title' | 'unit' | 'queries'> {
  /** Undefined before the first answer. */
  readonly frame: Frame | undefined;
  readonly error: Failure | undefined;
  /** What data has to wait for. */
  readonly wait: string;
  /** Stands below the legend. */
  readonly children: ComponentChildren;
}

/** A panel that draws a frame. */
export function FramePanel({ id, title, unit, frame, error, queries, ...more }: FramePanelProps) {
  const { spanS, theme, wait, children } = more;
  const [cursor, setCursor] = useState<{ index: number | undefined; isSpoken: boolean }>();
  const headingId = useId();
  const summaryId = useId();
  const filled = frame !== undefined && hasData(frame);
  const index = cursor?.index;
  return (
    <section class="panel" aria-labelledby={headingId} data-panel={id}>
      <header>
        <h2 id={headingId}>{title}</h2>
        <span class="unit">
          {index !== undefined && filled ? formatTime(frame.timesS[index] ?? 0) : unit}
        </span>
      </header>
      <Alert error={error} hasOlder={filled} />
      {filled ? (
        <div class={error === undefined ? 'body' : 'body stale'}>
          <Chart
            frame={frame}
            unit={unit}
            name={title}
            summaryId={summaryId}
            theme={theme}
            onCursor={(at, isSpoken) => setCursor({ index: at, isSpoken })}
          />
          <Legend frame={frame} unit={unit} index={index} />
          {children}
          <p id={summaryId} class="unseen">
            {describeFrame(frame, unit, spanS)}
          </p>
          <p class="unseen" aria-live="polite">
            {index !== undefined && cursor?.isSpoken === true
              ? describeValues(frame, unit, index)
              : ''}
          </p>
        </div>
      ) : (
        <Empty
          waiting={frame === undefined}
          failed={error !== undefined}
          spanS={spanS}
          wait={wait}
        />
      )}
      <Queries queries={queries} />
      {filled ? <ValueTable frame={frame} unit={unit} title={title} /> : null}
    </section>
  );
}

interface FrameProps {
  readonly frame: Frame;
  readonly unit: Unit | undefined;
}

function Legend({ frame, unit, index }: FrameProps & { index: number | undefined }) {
  return (
    <>
      <ul class="legend">
        {frame.series.map((series, seriesIndex) => (
          <li key={seriesIndex}>
            <svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
              <line
                x1="0"
                y1="4"
                x2="28"
                y2="4"
                class={`series-${seriesIndex % COLOR_COUNT}`}
                stroke-dasharray={(DASHES[seriesIndex % DASHES.length] ?? []).join(' ')}
              />
            </svg>
            <span class="label" title={series.label}>
              {series.label}
            </span>
            <output>
              {formatValue(
                index === undefined ? findLatest(series) : (series.values[index] ?? null),
                unit,
              )}
            </output>
          </li>
        ))}
      </ul>
      {frame.seriesOmitted > 0 ? (
        <p class="note">
          and {frame.seriesOmitted} more series, not drawn: aggregate with <code>sum by (…)</code>
        </p>
      ) : null}
    </>
  );
}

function Empty(props: { waiting: boolean; failed: boolean; spanS: number; wait: string }) {
  const text = props.waiting
    ? 'asking the workspace …'
    : `no data yet: nothing in the last ${formatSpan(props.spanS)}; ${props.wait}`;
  return (
    <div class="empty">{props.waiting && props.failed ? null : <p role="status">{text}</p>}</div>
  );
}

function Queries({ queries }: { queries: readonly PanelQuery[] }) {
  const [first, ...others] = queries;
  return (
    <div class="promql">
      <code>{first?.query}</code>
      {others.length === 0 ? null : (
        <details>
          <summary>{others.length} more queries</summary>
          {others.map(({ query }) => (
            <code key={query}>{query}</code>
          ))}
        </details>
      )}
    </div>
  );
}

/** The values of the chart as a table, newest first; its rows are made only while it is open. */
function ValueTable({ frame, unit, title }: FrameProps & { title: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="twin" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Table</summary>
      {open ? (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${title}: table`}>
          <table>
            <caption class="unseen">{title}, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {frame.series.map(({ label }, seriesIndex) => (
                  <th scope="col" key={seriesIndex}>
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {frame.timesS
                .map((timeS, row) => (
                  <tr key={timeS}>
                    <th scope="row">{formatTime(timeS)}</th>
                    {frame.series.map(({ values }, seriesIndex) => (
                      <td key={seriesIndex}>{formatValue(values[row] ?? null, unit)}</td>
                    ))}
                  </tr>
                ))
                .toReversed()}
            </tbody>
          </table>
        </div>
      ) : null}
    </details>
  );
}

/** The time and all values at an index, in words for a screen reader. */
function describeValues(frame: Frame, unit: Unit | undefined, index: number): string {
  const values = frame.series.map(
    ({ label, values: all }) => `${label} ${formatValue(all[index] ?? null, unit)}`,
  );
  return `${formatTime(frame.timesS[index] ?? 0)}: ${values.join(', ')}`;
}
