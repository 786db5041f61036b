/**
 * The extension `file_storage`: queues are on disk in any case, in the folder that --storage.path
 * names, which also bounds and compacts itself. The keys are checked as the Collector checks them.
 * Source: contrib's extension/storage/filestorage/config.go
 */
import * as z from 'zod';
import { countSchema } from '../../../settings/count.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { switchSchema } from '../../../settings/switch.ts';
import { textSchema } from '../../../settings/text.ts';
import { defineExtension } from './extension.ts';

const WHY = 'Has no effect: queues are below --storage.path, within their own limits.';
const checked = <Schema extends z.ZodType>(schema: Schema) => ignoredValue(schema, WHY);
const octalSchema = textSchema.pipe(
  z.string().regex(/^0?[0-7]{1,3}$/, 'must be permissions of a folder in octal, as in 0750'),
);

const schema = z.strictObject({
  directory: textSchema
    .optional()
    .describe('Has no effect: queues are below --storage.path; mount the volume there.'),
  timeout: checked(goDurationSchema),
  max_size: checked(countSchema),
  fsync: checked(switchSchema),
  create_directory: checked(switchSchema),
  directory_permissions: checked(octalSchema),
  recreate: checked(switchSchema),
  compaction: z
    .strictObject({
      on_start: checked(switchSchema),
      on_rebound: checked(switchSchema),
      directory: checked(textSchema),
      rebound_needed_threshold_mib: checked(countSchema),
      rebound_trigger_threshold_mib: checked(countSchema),
      max_transaction_size: checked(countSchema),
      check_interval: checked(goDurationSchema),
      cleanup_on_start: checked(switchSchema),
    })
    .optional()
    .meta({ description: WHY, fate: 'idle' }),
});

export const fileStorageKind = defineExtension({
  names: ['file_storage', 'filestorage'],
  schema,
  as: 'the queue on disk, in the folder that --storage.path names',
  resolve(input, { name, at, report }) {
    const { compaction, max_size: size = 0 } = input;
    if (compaction?.on_rebound === true && compaction.check_interval === 0)
      report.error(
        [...at, 'compaction', 'check_interval'],
        'CONFIG_VALUE',
        'check_interval must be more than 0 where on_rebound is true',
      );
    for (const key of ['rebound_needed_threshold_mib', 'rebound_trigger_threshold_mib'] as const) {
      const mib = compaction?.[key] ?? 0;
      if (compaction?.on_rebound === true && size > 0 && mib * 1_048_576 > size)
        report.error([...at, 'compaction', key], 'CONFIG_VALUE', `${key} is more than max_size`);
    }
    const { directory } = input;
    const folder = directory === undefined ? '' : ` in place of ${JSON.stringify(directory)}`;
    report.warn(
      at,
      `extension "${name}" is the queue on disk: --storage.path names its folder${folder}, and ` +
        'its other keys have no effect',
      'key',
    );
    return {};
  },
});
