/**
 * Series and samples through transforms, in the appender that a route has, without a sink.
 */
import { makeLabelSet } from '../../src/model/labels.ts';
import type { TransformedSeries } from '../../src/model/open-series.ts';
import type { Appender, SeriesFamily } from '../../src/model/sample.ts';
import type { Transform } from '../../src/model/transform.ts';
import { FanOut } from '../../src/routes/fan-out.ts';
import { RecordingAppender } from './recording-appender.ts';

export interface SeriesParts {
  readonly family?: Partial<SeriesFamily>;
  readonly resource?: Readonly<Record<string, string>>;
}

/** A series as a route gets it; its family is by default a gauge of its name. */
export function makeSeries(
  labels: Readonly<Record<string, string>>,
  { family, resource = {} }: SeriesParts = {},
): TransformedSeries {
  const name = labels['__name__'] ?? '';
  return {
    labels: makeLabelSet(labels),
    family: { name, type: 'gauge', unit: '', ...family },
    resource: makeLabelSet(resource),
    scale: 1,
  };
}

export interface OpenedRoute {
  readonly appender: Appender;
  readonly recording: RecordingAppender;
  /** What has been committed since the last call: `series value @t`, in order. */
  readonly sent: () => string[];
  /** What transforms have dropped by themselves since the last call: `transform reason count`. */
  readonly dropped: () => string[];
  /** The refs of these series. */
  readonly refs: (...series: readonly TransformedSeries[]) => number[];
}

/** Opens an appender through the transforms to one that records. */
export function openRoute(...transforms: readonly Transform[]): OpenedRoute {
  const recording = new RecordingAppender();
  const outlet = { openAppender: () => recording, transforms };
  const dropped: string[] = [];
  const appender = new FanOut({
    key: 'target',
    resource: [],
    outlets: [outlet],
    countDropped: (...drop) => void dropped.push(drop.join(' ')),
  });
  return {
    appender,
    recording,
    sent: () => recording.committed.splice(0),
    dropped: () => dropped.splice(0),
    refs: (...series) => series.map((one) => appender.refOf(one.labels, one)),
  };
}
