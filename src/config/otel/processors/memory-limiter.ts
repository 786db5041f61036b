/**
 * The processor `memory_limiter`: every queue and cache of the process is bounded by itself, so
 * each key is checked and has no effect.
 * Source: core's internal/memorylimiter/config.go
 */
import * as z from 'zod';
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
  max_gc_interval_when_soft_limited: ignoredValue(goDurationSchema, WHY),
  max_gc_interval_when_hard_limited: ignoredValue(goDurationSchema, WHY),
});

export const memoryLimiterKind = defineProcessor({
  names: ['memory_limiter'],
  signals: ['metrics', 'traces'],
  schema,
  as: 'the bounds that every queue and cache has',
  minimal: { check_interval: '1s', limit_mib: 100 },
  resolve: (input, { name, at, report }) => {
    for (const { key, message } of listFaults(input))
      report.error(key === undefined ? at : [...at, key], 'CONFIG_VALUE', message);
    report.warn(at, `processor "${name}" ${BOUNDED}`, 'key');
    return [];
  },
});

type LimiterInput = z.output<typeof schema>;

interface Fault {
  readonly key?: keyof LimiterInput;
  readonly message: string;
}

/** What the Collector refuses, though none of it counts here. */
function listFaults(input: LimiterInput): readonly Fault[] {
  const { limit_mib: mib = 0, limit_percentage: percentage = 0 } = input;
  const { spike_limit_mib: spike = 0, spike_limit_percentage: spikePercentage = 0 } = input;
  const faults: Fault[] = [];
  if ((input.check_interval ?? 0) === 0)
    faults.push({ message: 'memory_limiter needs a "check_interval" of more than 0, such as 1s' });
  if (mib === 0 && percentage === 0)
    faults.push({ message: 'memory_limiter needs "limit_mib" or "limit_percentage"' });
  for (const key of ['limit_percentage', 'spike_limit_percentage'] as const)
    if ((input[key] ?? 0) > 100) faults.push({ key, message: `${key} must not be more than 100` });
  if (mib > 0 && spike >= mib)
    faults.push({ key: 'spike_limit_mib', message: 'spike_limit_mib must be less than limit_mib' });
  if (percentage > 0 && spikePercentage >= percentage)
    faults.push({
      key: 'spike_limit_percentage',
      message: 'spike_limit_percentage must be less than limit_percentage',
    });
  return [...faults, ...listGcFaults(input)];
}

/** Of the soft limit each bound is at least that of the hard limit, and no most below its least. */
function listGcFaults(input: LimiterInput): readonly Fault[] {
  const spans = {
    min_gc_interval_when_soft_limited: input.min_gc_interval_when_soft_limited ?? 10_000,
    min_gc_interval_when_hard_limited: input.min_gc_interval_when_hard_limited ?? 0,
    max_gc_interval_when_soft_limited: input.max_gc_interval_when_soft_limited ?? 30_000,
    max_gc_interval_when_hard_limited: input.max_gc_interval_when_hard_limited ?? 30_000,
  };
  const atLeast = (
    [
      ['min_gc_interval_when_soft_limited', 'min_gc_interval_when_hard_limited'],
      ['max_gc_interval_when_soft_limited', 'min_gc_interval_when_soft_limited'],
      ['max_gc_interval_when_hard_limited', 'min_gc_interval_when_hard_limited'],
      ['max_gc_interval_when_soft_limited', 'max_gc_interval_when_hard_limited'],
    ] as const
  ).filter(([key, other]) => {
    // A most of 0 is no bound.
    const isUnbounded = key.startsWith('max') && spans[key] === 0;
    return !isUnbounded && spans[key] < spans[other];
  });
  return atLeast.map(([key, other]) => ({ key, message: `${key} must not be less than ${other}` }));
}
