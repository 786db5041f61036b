/** An intake of OTLP metrics before appenders that record, one for each resource. */
import { MetricsIntake } from '../../src/otlp/metrics/intake.ts';
import {
  METRICS_INTAKE_DEFAULTS,
  type MetricsIntakeSettings,
} from '../../src/otlp/metrics/settings.ts';
import type { LabelSet } from '../../src/model/labels.ts';
import type { SeriesOrigin, SeriesRef } from '../../src/model/sample.ts';
import type { Transform } from '../../src/model/transform.ts';
import { FanOut } from '../../src/routes/fan-out.ts';
import { RecordingAppender } from './recording-appender.ts';
import { createWorld } from './world.ts';

/** Keeps the origin of each series too. */
export class OriginAppender extends RecordingAppender {
  readonly resource: LabelSet;
  readonly origins: (SeriesOrigin | undefined)[] = [];

  constructor(resource: LabelSet) {
    super();
    this.resource = resource;
  }

  override refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    this.origins.push(origin);
    return super.refOf(labels);
  }
}

/** @param transforms  what stands between the intake and the appenders that record */
export function openIntake(
  settings: Partial<MetricsIntakeSettings> = {},
  transforms: readonly Transform[] = [],
) {
  const world = createWorld();
  /** In the order in which they were opened. */
  const appenders: OriginAppender[] = [];
  const intake = new MetricsIntake({
    id: 'otlp',
    openAppender: (_source, key, resource = []) => {
      const appender = new OriginAppender(resource);
      appenders.push(appender);
      const outlet = { openAppender: () => appender, transforms };
      return transforms.length === 0 ? appender : new FanOut({ key, resource, outlets: [outlet] });
    },
    world,
    settings: { ...METRICS_INTAKE_DEFAULTS, ...settings },
  });
  return {
    intake,
    world,
    appenders,
    /** What was committed since the last call, of all resources. */
    sent: () => appenders.flatMap((appender) => appender.take()),
  };
}
