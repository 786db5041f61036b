/**
 * The processors `batch` and `queuebatch`: samples and segments are queued on disk and sent in
 * batches in any case, so each key is checked and has no effect.
 * Source: core's processor/batchprocessor/config.go
 */
import * as z from 'zod';
import { countSchema } from '../../../settings/count.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import { defineProcessor } from './processor.ts';

const QUEUED = 'has no effect: what is taken is queued on disk and sent in batches';

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
  signals: ['metrics', 'traces'],
  schema,
  as: 'the queue on disk, which sends in batches by itself',
  resolve: (input, { name, at, report }) => {
    checkSizes(input, at, report);
    report.warn(at, `processor "${name}" ${QUEUED}`, 'key');
    return [];
  },
});

/** What the Collector refuses, though none of it counts here. */
function checkSizes(input: z.output<typeof schema>, at: ConfigPath, report: Reporter): void {
  const { send_batch_size: size = SIZE_DEFAULT, send_batch_max_size: most = 0 } = input;
  if (most > 0 && most < size)
    report.error(
      [...at, 'send_batch_max_size'],
      'CONFIG_VALUE',
      `send_batch_max_size ${most} is less than send_batch_size, which is ${size}; raise it`,
    );
  const keys = (input.metadata_keys ?? []).map((key) => key.toLowerCase());
  const twice = keys.findIndex((key, index) => keys.indexOf(key) !== index);
  if (twice >= 0)
    report.error(
      [...at, 'metadata_keys', twice],
      'CONFIG_DUPLICATE',
      `metadata_keys names "${keys[twice] ?? ''}" twice, whatever the case; keep one`,
    );
}

const SIZE_DEFAULT = 8_192;
