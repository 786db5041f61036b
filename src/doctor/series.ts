/**
 * What becomes of the series of one scrape on their way to the sinks: relabelling, limits, the
 * transforms of routes and sinks, and what AMP takes.
 * Limits: 20,000 series of a body are looked at.
 */
import { type CollectorPlan, type SourcePlan, transformsBetween } from '../config/plan.ts';
import { type Borrowed, peek } from '../model/borrowed.ts';
import { formatLabelSet, type LabelSet, labelValue, makeLabelSet } from '../model/labels.ts';
import { applyAll, isStreamTransform } from '../model/transform.ts';
import { buildSeriesLabels } from '../scrape/series-labels.ts';
import type { Target } from '../scrape/target.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import { readTextInSteps } from '../wire/exposition/text-samples.ts';
import { describeBriefly, oneLine } from './faults.ts';
import type { Subject } from './subject.ts';

export type SeriesFault =
  | 'target-relabelling-fails'
  | 'series-all-dropped'
  | 'write-drops-all'
  | 'samples-too-old'
  | 'labels-above-amp'
  | 'replica-without-cluster';

export interface JudgedSeries {
  readonly series: number;
  readonly faults: ReadonlyMap<SeriesFault, string>;
}

export interface ScrapedBody {
  readonly body: Borrowed<Uint8Array>;
  readonly kind: ExpositionKind;
  readonly target: Target;
  readonly source: SourcePlan;
  readonly plan: CollectorPlan;
}

const SERIES_MAX = 20_000;
/** Of AMP: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html */
const LABELS_MAX = 150;
const AGE_MAX_MS = 3_600_000;
const NOTHING = makeLabelSet([]);

/** @throws ExpositionError */
export function judgeSeries(given: ScrapedBody, subject: Subject): JudgedSeries {
  const { source, plan } = given;
  const faults = new Map<SeriesFault, string>();
  const kept: LabelSet[] = [];
  const { series, oldestMs } = readSeries(given, kept, faults);
  const ampSinks = new Set(
    subject.uses.filter(({ aws }) => aws?.service === 'aps').map(({ what }) => what),
  );
  const nowMs = subject.world.clock.nowMs();
  if (ampSinks.size > 0 && nowMs - oldestMs > AGE_MAX_MS)
    faults.set('samples-too-old', `a sample is of ${new Date(oldestMs).toISOString()}`);
  if (series > 0 && kept.length === 0 && !faults.has('target-relabelling-fails'))
    faults.set('series-all-dropped', `all of its ${series} series`);
  if (kept.length > 0)
    for (const { id, sinks, signal, ...route } of plan.routes) {
      if (signal !== 'metrics' || !route.sources.includes(source.id)) continue;
      for (const sink of plan.sinks.filter((one) => sinks.includes(one.id))) {
        const transforms = transformsBetween(plan, { id, sinks, signal, ...route }, sink);
        const steps = transforms.flatMap((one) => (isStreamTransform(one) ? [] : [one]));
        // What works on the stream of samples may make series of others.
        if (steps.length < transforms.length) continue;
        const out = kept.flatMap((labels) => {
          const name = labelValue(labels, '__name__');
          const family = { name, type: 'unknown', unit: '' } as const;
          return applyAll(steps, { labels, family, resource: NOTHING, scale: 1 }) ?? [];
        });
        if (out.length === 0) faults.set('write-drops-all', `${sink.id} gets none of its series`);
        if (ampSinks.has(`${sink.kind} "${sink.name}"`))
          judgeForAmp(
            out.map(({ labels }) => labels),
            faults,
          );
      }
    }
  return { series, faults };
}

function readSeries(
  { body, kind, target, source }: ScrapedBody,
  kept: LabelSet[],
  faults: Map<SeriesFault, string>,
): { readonly series: number; readonly oldestMs: number } {
  let series = 0;
  let oldestMs = Infinity;
  const format = kind === 'openmetrics' ? 'openmetrics' : 'text';
  for (const sample of readTextInSteps(peek(body), format)) {
    if (sample === 'pause') continue;
    series += 1;
    if (series > SERIES_MAX) break;
    if (source.scrape.honorTimestamps && sample.tMs !== undefined)
      oldestMs = Math.min(oldestMs, sample.tMs);
    try {
      const labels = buildSeriesLabels(sample.labels, target.labels, source.scrape);
      if (labels !== undefined) kept.push(labels);
    } catch (error) {
      faults.set('target-relabelling-fails', describeBriefly(error));
      break;
    }
  }
  return { series, oldestMs };
}

function judgeForAmp(list: readonly LabelSet[], faults: Map<SeriesFault, string>): void {
  for (const labels of list) {
    const show = oneLine(formatLabelSet(labels));
    if (labels.length > LABELS_MAX)
      faults.set('labels-above-amp', `${labels.length} labels, AMP takes ${LABELS_MAX}: ${show}`);
    if (labelValue(labels, '__replica__') !== '' && labelValue(labels, 'cluster') === '')
      faults.set('replica-without-cluster', show);
  }
}
