/**
 * `otlp_file_write`: metrics as OpenTelemetry's JSON, a request a line, in a file. It is what the
 * exporter `file` of a collector configuration becomes.
 * Source: contrib's exporter/fileexporter
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { Delivery } from '../../delivery/delivery.ts';
import { DELIVERY_DEFAULTS } from '../../delivery/settings.ts';
import { countSchema, positiveUpTo } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import { sizeSchema } from '../../settings/size.ts';
import { switchSchema } from '../../settings/switch.ts';
import { textSchema } from '../../settings/text.ts';
import { MetricsAppender } from '../assembly/appender.ts';
import { defineSink, type Sink, sinkOver } from '../sink.ts';
import { datedFile, type DatedRotation } from './dated-file.ts';
import { createMessages, type MessageFormat } from './messages.ts';

const DAY_MS = 86_400_000;
const MIB = 2 ** 20;
export const ZSTD_LEVEL_MAX = 22;
const ZSTD_LEVEL_DEFAULT = 3;

/** The keys are those of the Collector's exporter. */
export const rotationSchema = z.strictObject({
  max_megabytes: countSchema.optional().meta({
    description: 'Size of a file at which it is renamed, in MiB; 0 is the default too.',
    default: 100,
  }),
  max_days: countSchema
    .optional()
    .meta({ description: 'Age at which an old file is removed; 0: never.', default: 0 }),
  max_backups: countSchema
    .optional()
    .meta({ description: 'Old files that are kept; 0: all.', default: 100 }),
  localtime: switchSchema
    .optional()
    .meta({ description: 'Names old files by local time, else by UTC.', default: false }),
});

const schema = z
  .strictObject({
    path: textSchema
      .refine((path) => path !== '', 'is empty')
      .meta({ description: 'The file.', examples: ['metrics.json'] }),
    name: textSchema
      .optional()
      .describe(
        'Name of the entry in metrics and logs, and of the folder of its queue; made from the ' +
          'path by default.',
      ),
    append: switchSchema.optional().meta({
      description: 'Whether what the file holds at the start of the process stays.',
      default: false,
    }),
    rotation: rotationSchema
      .optional()
      .describe('When the file is renamed and a new one begins; without it, it grows.'),
    compression: z.enum(['', 'zstd']).optional().meta({
      description: 'zstd: each request is compressed, after its length in 4 bytes.',
      default: '',
    }),
    compression_level: positiveUpTo(ZSTD_LEVEL_MAX, `must not be above ${ZSTD_LEVEL_MAX}`)
      .optional()
      .meta({ description: 'Level of zstd, from 1 to 22.', default: ZSTD_LEVEL_DEFAULT }),
    flush_interval: durationSchema
      .optional()
      .meta({ description: 'How long requests may wait to be written.', default: '1s' }),
    directory_permissions: textSchema
      .refine((text) => /^0?[0-7]{1,3}$/.test(text), 'expected an octal number up to 0777')
      .optional()
      .describe('Makes the folder where it is missing, with these permissions, in octal.'),
    disk_size_limit: sizeSchema.optional().meta({
      description:
        'Size of the queue before the file; above it the oldest samples are dropped and counted.',
      default: '1GB',
    }),
  })
  .describe("Metrics as OpenTelemetry's JSON in a file. Prometheus has no such key.");

export interface OtlpFileSettings {
  readonly path: string;
  readonly isAppended: boolean;
  readonly rotation: DatedRotation | undefined;
  readonly format: MessageFormat;
  readonly folderMode: number | undefined;
}

interface OtlpFileSink extends Sink {
  /** The file to which it writes, for the sink that takes over from it. */
  readonly path: string;
}

export const otlpFileKind = defineSink({
  kind: 'otlp_file',
  key: 'otlp_file_write',
  schema,
  hasOneWriter: true,
  resolve: (input, { baseDirectory }) => {
    const path = resolve(baseDirectory, input.path);
    const { name, flush_interval: flushMs = 1_000 } = input;
    const capBytes = input.disk_size_limit || DELIVERY_DEFAULTS.capBytes;
    // One shard only: a second writer would append to a file that the first one has renamed.
    const delivery = { ...DELIVERY_DEFAULTS, capBytes, shardsMax: 1, batchSendDeadlineMs: flushMs };
    const { compression = '', compression_level: level = ZSTD_LEVEL_DEFAULT } = input;
    const mode = input.directory_permissions;
    const settings: OtlpFileSettings = {
      path,
      isAppended: input.append ?? false,
      rotation: resolveRotation(input.rotation),
      format: { zstdLevel: compression === '' ? undefined : level },
      folderMode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    };
    return { name, address: path, shownAddress: path, delivery, transforms: [], settings };
  },
  open: ({ settings, delivery }, { id, queue, world, userAgent, before }): OtlpFileSink => {
    const { path, isAppended, rotation, folderMode, format } = settings;
    // The sink before wrote to the file in this process already: after a reload it goes on.
    const isMine = (before as OtlpFileSink | undefined)?.path === path;
    const isTruncated = !isAppended && !isMine && rotation === undefined;
    const { clock } = world;
    const protocol = datedFile({ path, isTruncated, rotation, folderMode, clock });
    const running = new Delivery({ name: id, queue, protocol, settings: delivery, world });
    const [name = '', version = ''] = userAgent.split('/');
    const scope = { name, version };
    const take = createMessages({ queue, load: running.load, scope, format });
    return { ...sinkOver(running, () => new MetricsAppender(take)), path };
  },
});

function resolveRotation(
  rotation: z.output<typeof rotationSchema> | undefined,
): DatedRotation | undefined {
  if (rotation === undefined) return undefined;
  const { max_megabytes: megabytes, max_days: days = 0, max_backups: backupsMax = 100 } = rotation;
  return {
    maxBytes: (megabytes || 100) * MIB,
    maxAgeMs: days * DAY_MS,
    backupsMax,
    isLocalTime: rotation.localtime ?? false,
  };
}
