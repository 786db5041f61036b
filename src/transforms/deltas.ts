/**
 * Counters and histograms between cumulative and delta: a sample is either what was counted since
 * the start of the counter, or since the sample before. Gauges and summaries pass unchanged.
 * Source: contrib's processor/cumulativetodeltaprocessor/internal/tracking/tracker.go,
 * processor/deltatocumulativeprocessor/processor.go and internal/delta/delta.go
 */
import { type CountDropped, formatIdentity, type StreamTransform } from '../model/transform.ts';
import { type PointRule, type Refusal, MetricPointAppender, type Stream } from './metric-points.ts';
import type { Point } from '../model/point.ts';
import { NativeSumsAppender } from './native-sums.ts';

/**
 * What becomes of the first sample of a counter: `keep` sends it whole, `drop` does not, `auto`
 * sends it if the counter is known to have started since the transform did, but not just then.
 */
export const INITIAL_VALUES = ['auto', 'keep', 'drop'] as const;
export type InitialValue = (typeof INITIAL_VALUES)[number];

export interface DeltaSettings {
  /** Which metrics are converted, as settled text; `converts` must follow from it. */
  readonly selection: string;
  readonly converts: (name: string, type: 'sum' | 'histogram') => boolean;
  readonly initialValue: InitialValue;
  /** How long a stream is remembered after its last sample; 0: as long as its target has it. */
  readonly stalenessMs: number;
  /** When the transform started. */
  readonly startMs: number;
}

/**
 * Cumulative to delta. The sample at which a counter has fallen is not sent, and is what the next
 * one is compared with.
 */
export function cumulativeToDelta(settings: DeltaSettings): StreamTransform {
  const { selection, converts, initialValue, stalenessMs, startMs } = settings;
  const judgeFirst = ({ nextStartMs, openMs }: Stream): 'whole' | 'initial' => {
    const isKnown = nextStartMs !== undefined && nextStartMs >= startMs && nextStartMs !== openMs;
    return initialValue === 'keep' || (initialValue === 'auto' && isKnown) ? 'whole' : 'initial';
  };
  const makeRule = (countDropped: CountDropped): PointRule => ({
    mayConvert: ({ type, isDelta }) =>
      isDelta !== true && (type === 'counter' || type === 'histogram'),
    convert: (point, family) => {
      const type = findType(point);
      const isConverted = type !== undefined && !point.isDelta && converts(point.name, type);
      return isConverted ? { ...family, isDelta: true } : undefined;
    },
    judge: (stream, isFirst) => {
      if (isFirst) return judgeFirst(stream);
      if (!hasSameMembers(stream)) return 'bucket_mismatch';
      return hasFallen(stream) ? 'reset' : 'joined';
    },
    join: (kept, value) => value - kept,
    keeps: 'value',
    stalenessMs: stalenessMs === 0 ? Infinity : stalenessMs,
    beginsAtStart: true,
    letGo: () => undefined,
    countDropped: (reason, samples) => countDropped('cumulativetodelta', reason, samples),
  });
  return {
    // Without the start: a reload that changes nothing else leaves the state of counters alone.
    identity: formatIdentity('cumulative_to_delta', { selection, initialValue, stalenessMs }),
    openAppender: (next, countDropped) => new MetricPointAppender(next, makeRule(countDropped)),
  };
}

export interface CumulativeSettings {
  /** How long a stream is remembered after its last sample. */
  readonly stalenessMs: number;
  /** The most streams at a time; what is above is not sent. Infinity: no limit. */
  readonly streamsMax: number;
}

/** Delta to cumulative. A sum begins with the first delta that is seen. */
export function deltaToCumulative({
  stalenessMs,
  streamsMax,
}: CumulativeSettings): StreamTransform {
  let streams = 0;
  const isCounted = ({ lastMs }: Stream): boolean => lastMs !== -Infinity;
  const judge = (stream: Stream, isFirst: boolean): 'whole' | 'joined' | Refusal => {
    if (!isCounted(stream)) {
      if (streams >= streamsMax) return 'limit';
      streams += 1;
    }
    return isFirst || !hasSameMembers(stream) ? 'whole' : 'joined';
  };
  const makeRule = (countDropped: CountDropped): PointRule => ({
    mayConvert: ({ isDelta }) => isDelta === true,
    convert: (point, { isDelta: _isDelta, ...family }) => {
      const isSum = findType(point) !== undefined || family.isSum === true;
      return point.isDelta && isSum ? family : undefined;
    },
    judge,
    join: (kept, value) => (Number.isNaN(kept) ? value : kept + value),
    keeps: 'sent',
    stalenessMs,
    beginsAtStart: false,
    letGo: (stream) => {
      if (isCounted(stream)) streams -= 1;
    },
    countDropped: (reason, samples) => countDropped('deltatocumulative', reason, samples),
  });
  return {
    identity: formatIdentity('delta_to_cumulative', { stalenessMs, streamsMax }),
    openAppender: (next, countDropped) => {
      const natives = new NativeSumsAppender(next, {
        stalenessMs,
        countDropped: (reason, samples) => countDropped('deltatocumulative', reason, samples),
      });
      return new MetricPointAppender(natives, makeRule(countDropped));
    },
  };
}

/**
 * What OpenTelemetry calls the metric of a series that can be a delta. Increases of what is no
 * counter and no histogram are those of a sum that may fall.
 */
function findType({ type, suffix, isDelta }: Point): 'sum' | 'histogram' | undefined {
  if (type === 'counter' || (isDelta && type === 'gauge')) return 'sum';
  return type === 'histogram' && PARTS.has(suffix) ? 'histogram' : undefined;
}

const PARTS: ReadonlySet<string> = new Set(['_bucket', '_sum', '_count']);

function hasSameMembers({ members }: Stream): boolean {
  for (const { isOpen, isInLast } of members) if (isOpen !== isInLast) return false;
  return true;
}

/**
 * Whether a counter fell, or the count or one bucket of a histogram. A bucket has the observations
 * of all buckets below it in Prometheus, and is compared without them. The sum may fall.
 */
function hasFallen({ members }: Stream): boolean {
  let below = 0;
  for (const { suffix, value, kept } of members) {
    const rise = value - kept;
    if (suffix !== '_sum' && rise < 0) return true;
    if (suffix !== '_bucket') continue;
    if (rise < below) return true;
    below = rise;
  }
  return false;
}
