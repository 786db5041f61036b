/**
 * The processor `deltatocumulative`. Sums are lost at a restart, as in the Collector; they then
 * begin again at 0, which Prometheus takes for a reset of the counter.
 * Source: contrib's processor/deltatocumulativeprocessor/config.go and processor.go
 */
import * as z from 'zod';
import { amountSchema } from '../../../settings/count.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { deltaToCumulative } from '../../../transforms/deltas.ts';
import { defineProcessor } from './processor.ts';

const STALE_DEFAULT_MS = 300_000;

const schema = z.strictObject({
  max_stale: goDurationSchema
    .refine((ms) => ms > 0, 'must be more than 0')
    .optional()
    .meta({
      description: 'How long a sum is remembered after its last delta; it then begins at 0 again.',
      default: '5m',
    }),
  // The largest int64, Go's default, is above the whole numbers that a float64 tells apart.
  max_streams: amountSchema
    .refine(Number.isInteger, 'expected a whole number')
    .optional()
    .meta({
      description:
        'The most sums at a time, of all pipelines together; a delta above it is dropped and ' +
        'counted. A histogram is one sum. 0 drops all.',
      default: 'no limit',
    }),
});

export const deltaToCumulativeKind = defineProcessor({
  names: ['deltatocumulative', 'delta_to_cumulative'],
  schema,
  resolve: ({ max_stale = STALE_DEFAULT_MS, max_streams = Infinity }) => [
    deltaToCumulative({ stalenessMs: max_stale, streamsMax: max_streams }),
  ],
});
