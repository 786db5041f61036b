/**
 * One line chart: uPlot, redrawn when its size, the theme or the data change. Colours are those of
 * the style sheet (`--series-N`) and dashes those of DASHES, which the legend uses too. Labels of
 * series are not drawn here. Keyboard: arrows move the cursor, Home and End move it to the ends,
 * Escape removes it.
 */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatTime, formatValue } from './format.ts';
import type { Unit } from './panels.ts';
import type { Frame } from './query.ts';

/** The number of colours in the style sheet; further series repeat a colour with another dash. */
export const COLOR_COUNT = 6;
/** Dash patterns in CSS pixels, by the index of the series. */
export const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 4],
  [2, 3],
  [10, 3, 2, 3],
  [14, 4],
  [4, 2, 1, 2],
  [1, 4],
];
const WIDTH_MIN_PX = 200;
const HEIGHT_MIN_PX = 160;
const AXIS_FONT = '11px system-ui, sans-serif';

interface ChartProps {
  readonly frame: Frame;
  readonly unit: Unit | undefined;
  readonly name: string;
  readonly summaryId: string;
  /** A value that changes whenever the colours do. */
  readonly theme: string;
  /** Gets the index of the point at the cursor, and `spoken` where the keyboard moved it there. */
  readonly onCursor: (index: number | undefined, spoken: boolean) => void;
}

/** Draws a frame. uPlot is made anew only when the number of series, unit or theme changes. */
export function Chart({ frame, unit, name, summaryId, theme, onCursor }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const report = useRef(onCursor);
  report.current = onCursor;
  const count = frame.series.length;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const options = buildOptions(element, { count, unit });
    options.hooks = {
      setCursor: [(chart) => report.current(chart.cursor.idx ?? undefined, false)],
    };
    const chart = new uPlot(options, alignData(frame), element);
    plot.current = chart;
    const observer = new ResizeObserver(() => {
      const next = measure(element);
      if (next.width !== chart.width || next.height !== chart.height) chart.setSize(next);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
    // `frame` is not a dependency: the effect below sets the data of later frames.
  }, [count, unit, theme]);

  useEffect(() => plot.current?.setData(alignData(frame)), [frame]);

  const onKeyDown = (event: KeyboardEvent) => {
    const chart = plot.current;
    if (chart === undefined) return;
    const last = frame.timesS.length - 1;
    const index = chooseIndex(event.key, chart.cursor.idx ?? undefined, last);
    if (index === undefined) return;
    event.preventDefault();
    const timeS = frame.timesS[index];
    const left = timeS === undefined ? -10 : chart.valToPos(timeS, 'x');
    chart.setCursor({ left, top: timeS === undefined ? -10 : chart.height / 3 }, false);
    report.current(timeS === undefined ? undefined : index, true);
  };

  return (
    <div
      class="chart"
      ref={box}
      tabIndex={0}
      role="group"
      aria-roledescription="line chart"
      aria-label={`${name}: chart; arrow keys read values`}
      aria-describedby={summaryId}
      onKeyDown={onKeyDown}
    />
  );
}

/** The index that a key moves the cursor to; -1 to remove it, undefined for any other key. */
function chooseIndex(key: string, now: number | undefined, last: number): number | undefined {
  if (key === 'ArrowLeft') return Math.max(0, (now ?? last + 1) - 1);
  if (key === 'ArrowRight') return Math.min(last, (now ?? last - 1) + 1);
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  return key === 'Escape' && now !== undefined ? -1 : undefined;
}

function alignData(frame: Frame): uPlot.AlignedData {
  const lines = frame.series.map(({ values }) =>
    values.map((value) => (value !== null && Number.isFinite(value) ? value : null)),
  );
  return [[...frame.timesS], ...lines];
}

/** The size of the box, CSS px. The chart is positioned over the box and can't stretch it. */
function measure(element: HTMLElement): { width: number; height: number } {
  return {
    width: Math.max(WIDTH_MIN_PX, element.clientWidth),
    height: Math.max(HEIGHT_MIN_PX, element.clientHeight),
  };
}

/** A custom property as a colour for a canvas, which does not understand `light-dark()`. */
function readColor(element: HTMLElement, property: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

function buildOptions(
  element: HTMLElement,
  { count, unit }: { count: number; unit: Unit | undefined },
): uPlot.Options {
  const ink = readColor(element, '--ink-soft');
  const grid = { stroke: readColor(element, '--line'), width: 1 };
  const makeLine = (seriesIndex: number): uPlot.Series => ({
    stroke: readColor(element, `--series-${seriesIndex % COLOR_COUNT}`),
    width: 1.75,
    dash: [...(DASHES[seriesIndex % DASHES.length] ?? [])],
    // A value between two gaps has no line on either side, so it is drawn as a dot.
    points: { size: 4, show: true, filter: (chart, index) => findLonely(chart.data[index] ?? []) },
  });
  const axis = { stroke: ink, font: AXIS_FONT, ticks: { show: false } };
  return {
    ...measure(element),
    legend: { show: false },
    // On the right half of a time label, as labels are centred on their ticks.
    padding: [8, 18, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'amperage' } },
    scales: { y: { range: (_, min, max) => chooseRange(min, max, unit) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_, times) => times.map(formatClock),
        space: 64,
        size: 26,
      },
      {
        ...axis,
        grid,
        size: 62,
        space: 36,
        values: (_, values) => values.map((value) => formatValue(value, unit)),
        ...(unit === 'bytes' ? { incrs: Array.from({ length: 50 }, (_, n) => 2 ** n) } : {}),
      },
    ],
    series: [{}, ...Array.from({ length: count }, (_, index) => makeLine(index))],
  };
}

function formatClock(timeS: number): string {
  const text = formatTime(timeS);
  return text.endsWith(':00') ? text.slice(0, 5) : text;
}

/** The range of values always includes 0; for percentages above 60 it ends just above 100. */
function chooseRange(
  min: number | null,
  max: number | null,
  unit: Unit | undefined,
): [number, number] {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(0, max ?? 0);
  if (unit === 'percent' && low === 0 && high > 60 && high <= 100) return [0, 102];
  if (high === low) return [low, low + 1];
  return [low === 0 ? 0 : low * 1.1, high * 1.1];
}

/** The indices of values without a value on either side. */
function findLonely(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    const alone = (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
    if (alone && (values[index] ?? null) !== null) found.push(index);
  }
  return found;
}
