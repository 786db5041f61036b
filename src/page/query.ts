/**
 * Asks the workspace's `query_range` and puts the answers of one panel on one time grid. No drawing
 * and no retries: the caller polls. Limits: MAX_SERIES series per panel, MAX_POINTS steps (one more
 * point than that) per series.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
 */
import type { PanelQuery } from './panels.ts';
import { AnswerError, askWorkspace } from './workspace-api.ts';

/** More lines than this can't be told apart; the others are counted in `Frame.seriesOmitted`. */
export const MAX_SERIES = 12;
const MAX_POINTS = 240;
const MIN_STEP_S = 5;

/** The times of a frame: `startS`, `startS + stepS`, … to `endS`, which is included. */
export interface Grid {
  readonly startS: number;
  readonly endS: number;
  readonly stepS: number;
}

export interface Series {
  readonly label: string;
  /** One value for each time of the frame: null without a sample; NaN and infinities are kept. */
  readonly values: readonly (number | null)[];
}

/** The data of one panel at one poll. */
export interface Frame {
  readonly timesS: readonly number[];
  readonly series: readonly Series[];
  readonly seriesOmitted: number;
}

type LabelSet = Readonly<Record<string, string>>;

/** One element of a `matrix` answer. */
export interface MatrixSeries {
  readonly metric: LabelSet;
  readonly values?: readonly (readonly [number, string])[];
}

interface QueryData {
  readonly resultType: string;
  readonly result: readonly MatrixSeries[];
}

/**
 * The grid of a span that ends now. Its times are multiples of its step, so that a point has the
 * same time at each poll.
 */
export function buildGrid(nowMs: number, spanS: number): Grid {
  const stepS = Math.max(MIN_STEP_S, Math.ceil(spanS / MAX_POINTS));
  const endS = Math.floor(nowMs / 1000 / stepS) * stepS;
  return { startS: endS - spanS, endS, stepS };
}

/**
 * The name of a series: the template with each `{label}` replaced by its value, or the whole label
 * set for an empty template.
 */
export function formatLegend(template: string, metric: LabelSet): string {
  if (template !== '') {
    return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => metric[name] ?? `no ${name}`);
  }
  const labels = Object.entries(metric).filter(([name]) => name !== '__name__');
  const inner = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
  const name = metric['__name__'] ?? '';
  return inner === '' && name !== '' ? name : `${name}{${inner}}`;
}

/** Reads a value as the API writes it, `+Inf` and `NaN` included. */
export function readSampleValue(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/**
 * Asks all queries of a panel at once.
 *
 * @throws AnswerError, with a message to show, when any of them fails
 */
export async function fetchFrame(
  queries: readonly PanelQuery[],
  grid: Grid,
  signal: AbortSignal,
): Promise<Frame> {
  const answers = await Promise.all(queries.map(({ query }) => ask(query, grid, signal)));
  return buildFrame(
    grid,
    queries.map(({ legend }, index) => ({ legend, result: answers[index] ?? [] })),
  );
}

/** Puts answers on a grid; points outside of it are left out. Pure. */
export function buildFrame(
  grid: Grid,
  answers: readonly { readonly legend: string; readonly result: readonly MatrixSeries[] }[],
): Frame {
  const length = Math.round((grid.endS - grid.startS) / grid.stepS) + 1;
  const timesS = Array.from({ length }, (_, index) => grid.startS + index * grid.stepS);
  const all = answers.flatMap(({ legend, result }) =>
    result.map(({ metric, values }) => ({
      label: formatLegend(legend, metric),
      points: values ?? [],
    })),
  );
  const series = all.slice(0, MAX_SERIES).map(({ label, points }): Series => {
    const values = new Array<number | null>(length).fill(null);
    for (const [timeS, text] of points) {
      const index = Math.round((timeS - grid.startS) / grid.stepS);
      if (index >= 0 && index < length) values[index] = readSampleValue(text);
    }
    return { label, values };
  });
  return { timesS, series, seriesOmitted: all.length - series.length };
}

async function ask(
  query: string,
  grid: Grid,
  signal: AbortSignal,
): Promise<readonly MatrixSeries[]> {
  const parameters = {
    query,
    start: String(grid.startS),
    end: String(grid.endS),
    step: String(grid.stepS),
  };
  const { data } = await askWorkspace('query_range', parameters, signal);
  const { resultType, result } = data as QueryData;
  if (resultType === 'matrix') return result;
  const message = `the workspace answered with a ${resultType}, not a matrix`;
  throw new AnswerError(message, { mayPass: false });
}
