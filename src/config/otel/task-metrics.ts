/**
 * The receiver `awsecscontainermetrics`: metrics of the task that the collector runs in. Whether it
 * runs in one is known at the start only.
 * Source: contrib's receiver/awsecscontainermetricsreceiver/{config,factory}.go
 */
import * as z from 'zod';
import { goDurationSchema } from '../../settings/go-duration.ts';
import type { TaskSourcePlan } from '../plan.ts';
import { parseValue } from '../reading.ts';
import type { CollectorContext, ComponentKind } from './component.ts';
import { typeOf } from './components.ts';
import type { OtelComponent } from './document.ts';

const INTERVAL_DEFAULT_MS = 20_000;
/** Agents sample at most once a second. */
const INTERVAL_MIN_MS = 1_000;

const schema = z.strictObject({
  collection_interval: goDurationSchema.optional().meta({
    description: 'How often the task metadata endpoint is read; at least 1s.',
    default: '20s',
  }),
});

export const taskMetricsKind: ComponentKind<typeof schema> = {
  names: ['awsecscontainermetrics', 'aws_ecs_container_metrics'],
  schema,
};

export function isTaskMetrics(name: string): boolean {
  return taskMetricsKind.names.includes(typeOf(name));
}

/** Undefined when the receiver has faults, which are then reported. */
export function resolveTaskMetrics(
  name: string,
  receiver: OtelComponent,
  { reading: { allowsPartial }, report }: CollectorContext,
): TaskSourcePlan | undefined {
  const at = ['receivers', name];
  const parsed = parseValue(schema, receiver, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const { collection_interval: intervalMs = INTERVAL_DEFAULT_MS } = parsed.data;
  if (intervalMs < INTERVAL_MIN_MS) {
    report.error(
      [...at, 'collection_interval'],
      'CONFIG_VALUE',
      'collection_interval must be at least 1s: agents take a sample once a second at best',
    );
    return undefined;
  }
  return { id: name, intervalMs, position: report.positionOf(at) };
}
