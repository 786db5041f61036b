/**
 * The keys of Prometheus' store and of Go's garbage collector, which have no counterpart in a
 * collector: they are checked as Prometheus does, and what is not taken over is said.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#tsdb
 */
import * as z from 'zod';
import { numberSchema } from '../settings/count.ts';
import { durationSchema } from '../settings/duration.ts';
import type { Reporter } from '../settings/finding.ts';
import { sizeSchema } from '../settings/size.ts';
import { ignoredValue } from '../settings/refused-keys.ts';

const STORE = 'The store of Prometheus has no counterpart here.';

export const storageSchema = z
  .strictObject({
    tsdb: z
      .strictObject({
        out_of_order_time_window: ignoredValue(durationSchema, STORE),
        stale_series_compaction_threshold: ignoredValue(numberSchema, STORE),
        chunk_encoding: z
          .strictObject({ floats: ignoredValue(z.enum(['xor', 'xor2']), STORE) })
          .optional()
          .describe(STORE),
        retention: z
          .strictObject({
            time: ignoredValue(durationSchema, STORE),
            size: ignoredValue(sizeSchema, STORE),
            percentage: ignoredValue(numberSchema, STORE),
          })
          .optional()
          .describe(STORE),
      })
      .optional()
      .describe(STORE),
    exemplars: z
      .strictObject({ max_exemplars: ignoredValue(numberSchema, STORE) })
      .optional()
      .describe(STORE),
  })
  .describe('Has no effect, which a warning says: the queue is below --storage.path.');

export const runtimeSchema = z
  .strictObject({
    gogc: ignoredValue(numberSchema, 'The garbage collector of Go has no counterpart here.'),
  })
  .describe('Has no effect: the garbage collector of Go has no counterpart here.');

/** Says that the store's settings are not taken over. */
export function noteStore(storage: object | undefined, report: Reporter): void {
  if (storage === undefined || Object.keys(storage).length === 0) return;
  report.warn(
    ['storage'],
    'storage is not taken over: a collector has a queue in place of a store; its folder is ' +
      '--storage.path, its bounds are those of queue_config',
    'key',
  );
}
