/**
 * The processors `batch` and `queuebatch`: samples are queued on disk and sent in batches in any
 * case, so each key is checked and has no effect.
 * Source: core's processor/batchprocessor/config.go
 */
import { z } from 'zod';
import { countSchema } from '../../../settings/count.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import { defineProcessor } from './processor.ts';

const QUEUED = 'has no effect: samples are queued on disk and sent in batches by themselves';

const schema = z.strictObject({
  timeout: ignoredValue(goDurationSchema, `Has no effect: samples are sent within seconds.`),
  send_batch_size: ignoredValue(countSchema, 'Has no effect: a request is as large as its bytes.'),
  send_batch_max_size: ignoredValue(
    countSchema,
    'Has no effect: max_batch_size_bytes of the exporter bounds a request.',
  ),
  metadata_keys: ignoredValue(listOf(textSchema), 'Has no effect: there are no clients.'),
  metadata_cardinality_limit: ignoredValue(countSchema, 'Has no effect: there are no clients.'),
});

export const batchKind = defineProcessor({
  names: ['batch', 'queuebatch', 'queue_batch'],
  schema,
  as: 'the queue on disk, which sends in batches by itself',
  resolve: (_input, { name, at, report }) => {
    report.warn(at, `processor "${name}" ${QUEUED}`, 'key');
    return [];
  },
});
