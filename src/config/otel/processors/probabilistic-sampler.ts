/**
 * The processor `probabilistic_sampler`: keeps a share of all traces, in its mode `hash_seed`.
 * Source: contrib's processor/probabilisticsamplerprocessor/{config,sampler_mode}.go
 */
import * as z from 'zod';
import { amountSchema, countSchema, wholeUpTo } from '../../../settings/count.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { switchSchema } from '../../../settings/switch.ts';
import { textSchema } from '../../../settings/text.ts';
import { sampleTraces } from '../../../transforms/spans/sampling.ts';
import { besideFor } from '../components.ts';
import { defineProcessor } from './processor.ts';

/** The least share of which a hash of 56 bits can tell something. */
const RATIO_MIN = 2 ** -56;
const MODES = ['hash_seed', 'equalizing', 'proportional'] as const;
const FOR_LOGS = 'Has no effect: it is for logs.';
const OTHER_MODES = 'Has no effect in mode hash_seed.';

const schema = z.strictObject({
  sampling_percentage: amountSchema.optional().meta({
    description: 'How many percent of all traces are kept; 100 and above are all.',
    default: 0,
  }),
  hash_seed: wholeUpTo(2 ** 32 - 1, 'must be less than 2^32')
    .optional()
    .meta({
      description: 'Collectors behind one another have different ones, others the same.',
      default: 0,
    }),
  mode: z
    .enum(['', ...MODES], { error: `expected one of ${MODES.join(', ')}` })
    .optional()
    .meta({
      description: 'hash_seed; the other modes, which go by the trace state, are refused.',
      default: 'hash_seed',
    }),
  fail_closed: ignoredValue(switchSchema, 'Has no effect: a span without a trace id is refused.'),
  sampling_precision: ignoredValue(countSchema, OTHER_MODES),
  attribute_source: ignoredValue(textSchema, FOR_LOGS),
  from_attribute: ignoredValue(textSchema, FOR_LOGS),
  sampling_priority: ignoredValue(textSchema, FOR_LOGS),
});

const IDLE = [
  'fail_closed', 'sampling_precision', 'attribute_source', 'from_attribute', 'sampling_priority',
] as const; // prettier-ignore

export const probabilisticSamplerKind = defineProcessor({
  names: ['probabilistic_sampler'],
  signals: ['traces'],
  schema,
  as: 'its mode hash_seed; the trace state of spans stays as it came',
  minimal: { sampling_percentage: 15 },
  resolve: () => [],
  resolveSpans: (input, { name, at, report }) => {
    const { sampling_percentage: percentage = 0, hash_seed: seed = 0, mode } = input;
    for (const key of IDLE)
      if (input[key] !== undefined)
        report.warn([...at, key], `${key} has no effect in mode hash_seed for traces`, 'key');
    if (mode === 'equalizing' || mode === 'proportional')
      report.lacks(
        [...at, 'mode'],
        `mode ${mode} goes by the trace state; write hash_seed, or ${besideFor('traces')}`,
      );
    if (percentage > 0 && percentage / 100 < RATIO_MIN)
      report.error([...at, 'sampling_percentage'], 'CONFIG_VALUE', 'the percentage is too small');
    if (percentage === 0)
      report.warn(at, `processor "${name}" keeps no trace: sampling_percentage is 0`, 'key');
    return [sampleTraces(name, percentage, seed)];
  },
});
