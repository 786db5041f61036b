/**
 * `file_write`: samples as newline-delimited JSON in a file that is rotated by size, to be looked
 * at or read by other programs.
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { Delivery } from '../../delivery/delivery.ts';
import { Rows } from '../../delivery/rows.ts';
import { DELIVERY_DEFAULTS } from '../../delivery/settings.ts';
import { positiveSchema } from '../../settings/count.ts';
import { sizeSchema } from '../../settings/size.ts';
import { textSchema } from '../../settings/text.ts';
import { defineSink, sinkOver } from '../sink.ts';
import { LineAppender } from './lines.ts';
import { rotatedFile } from './rotated-file.ts';

const schema = z
  .strictObject({
    path: textSchema
      .refine((path) => path !== '', 'is empty')
      .meta({
        description: 'The file; older ones are path.1, path.2 and so on.',
        examples: ['samples.jsonl'],
      }),
    name: textSchema
      .optional()
      .describe(
        'Name of the entry in metrics and logs, and of the folder of its queue; made from the ' +
          'path by default.',
      ),
    max_size: sizeSchema.optional().meta({
      description: 'Size of a file at which it is rotated; 0 never rotates.',
      default: '100MB',
    }),
    max_files: positiveSchema
      .optional()
      .meta({ description: 'Files that are kept, the present one among them.', default: 5 }),
    disk_size_limit: sizeSchema.optional().meta({
      description:
        'Size of the queue before the file; above it the oldest samples are dropped and counted.',
      default: '1GB',
    }),
  })
  .describe('Samples as lines of JSON in a file that is rotated. Prometheus has no such key.');

export const fileKind = defineSink({
  kind: 'file',
  key: 'file_write',
  schema,
  hasOneWriter: true,
  resolve: (input, { baseDirectory }) => {
    const path = resolve(baseDirectory, input.path);
    const { max_size: maxBytes = 100 * 2 ** 20, max_files: filesMax = 5, name } = input;
    const capBytes = input.disk_size_limit || DELIVERY_DEFAULTS.capBytes;
    // One shard only: a second writer would append to a file that the first one has rotated.
    const delivery = { ...DELIVERY_DEFAULTS, capBytes, shardsMax: 1, batchSendDeadlineMs: 1_000 };
    const settings = { path, maxBytes: maxBytes || Infinity, filesMax };
    return { name, address: path, shownAddress: path, delivery, transforms: [], settings };
  },
  open: ({ settings, delivery }, { id, queue, world }) => {
    const protocol = rotatedFile(settings);
    const running = new Delivery({ name: id, queue, protocol, settings: delivery, world });
    return sinkOver(running, () => new LineAppender(new Rows(queue, running.load)));
  },
});
