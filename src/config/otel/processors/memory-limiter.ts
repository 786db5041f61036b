/**
 * The processor `memory_limiter`: every queue and cache of the process is bounded by itself, so
 * each key is checked and has no effect.
 * Source: core's internal/memorylimiter/config.go
 */
import { z } from 'zod';
import { countSchema } from '../../../settings/count.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { defineProcessor } from './processor.ts';

const BOUNDED = 'has no effect: every queue and cache is bounded; set the memory of the container';
const WHY = 'Has no effect: every queue and cache is bounded.';

const schema = z.strictObject({
  check_interval: ignoredValue(goDurationSchema, WHY),
  limit_mib: ignoredValue(countSchema, WHY),
  spike_limit_mib: ignoredValue(countSchema, WHY),
  limit_percentage: ignoredValue(countSchema, WHY),
  spike_limit_percentage: ignoredValue(countSchema, WHY),
  min_gc_interval_when_soft_limited: ignoredValue(goDurationSchema, WHY),
  min_gc_interval_when_hard_limited: ignoredValue(goDurationSchema, WHY),
});

export const memoryLimiterKind = defineProcessor({
  names: ['memory_limiter'],
  schema,
  as: 'the bounds that every queue and cache has',
  resolve: (_input, { name, at, report }) => {
    report.warn(at, `processor "${name}" ${BOUNDED}`, 'key');
    return [];
  },
});
