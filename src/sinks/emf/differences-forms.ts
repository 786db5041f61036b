/**
 * How points of each kind become totals that can be compared, and an increase a point again. Pure.
 */
import type { Extremes } from '../../model/histogram.ts';
import type {
  ExponentialPoint,
  HistogramPoint,
  MetricPoint,
  NumberPoint,
  SummaryPoint,
} from '../../model/otel-metrics.ts';
import {
  readExponential,
  type Subtract,
  subtractCounts,
  subtractExponential,
  subtractNumber,
  type Totals,
  totalsOfExponential,
  totalsOfHistogram,
  totalsOfNumber,
  totalsOfSummary,
} from './differences-totals.ts';

/** How points of one kind become totals, and an increase a point. */
export interface Form<Point extends MetricPoint> {
  readonly letter: string;
  readonly subtract: Subtract;
  totalsOf(point: Point): Totals;
  /** What must be equal for two points to be compared. */
  shapeOf(point: Point): string;
  rewrite(point: Point, totals: Totals, startMs: number | undefined): Point;
}

export const NUMBERS: Form<NumberPoint> = {
  letter: 'n',
  subtract: subtractNumber,
  totalsOf: totalsOfNumber,
  shapeOf: () => '',
  rewrite: (point, [value = 0], startMs) => ({ ...point, startMs, value }),
};

export const HISTOGRAMS: Form<HistogramPoint> = {
  letter: 'h',
  subtract: subtractCounts,
  totalsOf: totalsOfHistogram,
  shapeOf: ({ bounds }) => bounds.join(),
  rewrite: (point, [count = 0, sum = 0, ...counts], startMs) => ({
    ...point,
    startMs,
    count,
    sum: point.sum === undefined ? undefined : sum,
    extremes: chooseExtremes(point, count),
    counts,
  }),
};

export const EXPONENTIALS: Form<ExponentialPoint> = {
  letter: 'e',
  subtract: subtractExponential,
  totalsOf: totalsOfExponential,
  shapeOf: () => '',
  rewrite: (point, totals, startMs) => {
    const figures = readExponential(totals);
    return { ...point, ...figures, startMs, extremes: chooseExtremes(point, figures.count) };
  },
};

export const SUMMARIES: Form<SummaryPoint> = {
  letter: 's',
  subtract: subtractCounts,
  totalsOf: totalsOfSummary,
  shapeOf: () => '',
  rewrite: (point, [count = 0, sum = 0], startMs) => ({
    ...point,
    startMs,
    count,
    sum: point.sum === undefined ? undefined : sum,
  }),
};

/** Those of all observations: they hold for an increase with all of these in it. */
function chooseExtremes(
  { count, extremes }: HistogramPoint | ExponentialPoint,
  added: number,
): Extremes | undefined {
  return added === count ? extremes : undefined;
}
