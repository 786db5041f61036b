/**
 * What the page asks about the metric of CloudWatch: its sums by minute, and beside them what
 * PromQL says of the same minutes, with the totals of both.
 */
import type { Frame } from '../query.ts';
import { buildFrame, readSampleValue, type MatrixSeries } from '../query.ts';
import { askWorkspace } from '../workspace-api.ts';
import { formatIncrease, METRIC } from './metric.ts';

const MINUTE_S = 60;

export interface Comparison {
  /** Times are the beginnings of minutes. */
  readonly frame: Frame;
  readonly totals: { readonly cloudwatch: number; readonly promql: number };
  readonly warnings: readonly string[];
}

/** The answer of `cloudwatch/sums`. */
export interface Sums {
  readonly periodS: number;
  readonly series: readonly { readonly points: readonly (readonly [number, number])[] }[];
}

interface PromqlData {
  readonly result: readonly (MatrixSeries & { readonly value?: readonly [number, string] })[];
}

/**
 * The minutes that lie in the span before now, with the one that is under way.
 *
 * @throws AnswerError
 */
export async function askComparison(
  nowMs: number,
  spanS: number,
  signal: AbortSignal,
): Promise<Comparison> {
  const endS = Math.floor(nowMs / 1_000 / MINUTE_S) * MINUTE_S;
  const startS = endS - spanS;
  const untilS = endS + MINUTE_S;
  const range = { start: String(startS), end: String(untilS) };
  const ask = async (path: string, parameters: Record<string, string>): Promise<PromqlData> =>
    (await askWorkspace(path, parameters, signal)).data as PromqlData;
  // Without CloudWatch nothing is to be compared: it is asked first, and alone.
  const { data, warnings } = await askWorkspace('cloudwatch/sums', { ...METRIC, ...range }, signal);
  const [byMinute, whole] = await Promise.all([
    ask('query_range', {
      query: formatIncrease(MINUTE_S),
      start: String(startS + MINUTE_S),
      end: String(untilS),
      step: String(MINUTE_S),
    }),
    ask('query', { query: formatIncrease(untilS - startS), time: String(untilS) }),
  ]);
  const sums = addUp(data as Sums);
  const grid = { startS, endS, stepS: MINUTE_S };
  const values = byMinute.result.map(({ metric, values: all = [] }) => ({
    metric,
    // An increase is that of the minute before its time.
    values: all.map(([timeS, value]) => [timeS - MINUTE_S, value] as const),
  }));
  const cloudwatch = sums.length === 0 ? [] : [{ metric: {}, values: sums.map(asSample) }];
  return {
    frame: buildFrame(grid, [
      { legend: 'CloudWatch', result: cloudwatch },
      { legend: 'PromQL', result: values },
    ]),
    totals: {
      cloudwatch: sums.reduce((total, [, value]) => total + value, 0),
      promql: readSampleValue(whole.result[0]?.value?.[1] ?? '0'),
    },
    warnings,
  };
}

/** The sums of all series by their time, in order of time. */
function addUp({ series }: Sums): (readonly [number, number])[] {
  const totals = new Map<number, number>();
  for (const { points } of series)
    for (const [timeS, value] of points) totals.set(timeS, (totals.get(timeS) ?? 0) + value);
  return [...totals].toSorted(([a], [b]) => a - b);
}

function asSample([timeS, value]: readonly [number, number]): readonly [number, string] {
  return [timeS, String(value)];
}
