/**
 * The exporter `file`: metrics as OpenTelemetry's JSON in a file.
 * Source: contrib's exporter/fileexporter/config.go and factory.go
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { otlpFileKind, rotationSchema, ZSTD_LEVEL_MAX } from '../../sinks/otlp-file/kind.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { countSchema } from '../../settings/count.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { textSchema } from '../../settings/text.ts';
import type { ComponentContext } from './component.ts';
import { defineExporter } from './exporter-kind.ts';

const schema = z.strictObject({
  path: textSchema.optional().describe('The file, relative to the current folder. It must be set.'),
  append: switchSchema.optional().meta({
    description: 'Whether what the file holds at the start stays; not together with rotation.',
    default: false,
  }),
  rotation: rotationSchema
    .optional()
    .describe('When the file is renamed and a new one begins; without it, it grows.'),
  format: textSchema
    .optional()
    .meta({ description: 'Only json is taken; proto is refused.', default: 'json' }),
  encoding: refusedWhereUsed('Refused: extensions that encode are not built in; use format: json.'),
  compression: textSchema.optional().meta({
    description: 'zstd: each request is compressed, after its length in 4 bytes; or empty.',
    default: '',
  }),
  compression_params: z
    .strictObject({
      level: z
        .int({ error: 'expected a whole number' })
        .optional()
        .meta({ description: 'Level of zstd; 0 is the default too.', default: 3 }),
    })
    .optional()
    .describe('How it is compressed.'),
  flush_interval: goDurationSchema.optional().meta({
    description: 'How long requests may wait to be written; 0 is the default too.',
    default: '1s',
  }),
  group_by: z
    .strictObject({
      enabled: switchSchema.optional().meta({ description: 'Refused as true.', default: false }),
      resource_attribute: textSchema.optional().describe('Has no effect without enabled.'),
      max_open_files: countSchema.optional().describe('Has no effect without enabled.'),
    })
    .optional()
    .describe('A file for each value of an attribute; refused where it is enabled.'),
  create_directory: switchSchema
    .optional()
    .meta({ description: 'Makes the folder of the file where it is missing.', default: false }),
  directory_permissions: textSchema.optional().meta({
    description: 'Permissions of that folder, in octal; only with create_directory.',
    default: '0755',
  }),
});

type FileInput = z.output<typeof schema>;

export const fileExporter = defineExporter({
  names: ['file'],
  insteadForTraces: 'write an exporter awsxray, or debug to see that segments come',
  schema,
  as: 'a file behind a queue on disk; format json',
  minimal: { path: 'metrics.json' },
  resolve: (input, context) => {
    const { name, at, report } = context;
    const path = input.path ?? '';
    const faults = listFaults(input, name);
    for (const { key, message } of faults)
      report.error(key === undefined ? at : [...at, ...key], 'CONFIG_VALUE', message);
    const isLacking = refuse(input, context);
    if (faults.length > 0 || isLacking) return undefined;
    if (input.compression_params !== undefined && (input.compression ?? '') === '')
      report.warn(
        [...at, 'compression_params'],
        'compression_params has no effect without compression',
        'key',
      );
    const level = input.compression_params?.level ?? 0;
    const entry = {
      path: resolve(path),
      append: input.append,
      rotation: input.rotation,
      compression: input.compression,
      compression_level: level <= 0 ? undefined : Math.min(level, ZSTD_LEVEL_MAX),
      flush_interval: `${input.flush_interval || 1_000}ms`,
      directory_permissions:
        input.create_directory === true ? input.directory_permissions || '0755' : undefined,
    };
    const kind = otlpFileKind as unknown as SinkKind;
    return { kind, entry, keys: { compression_level: ['compression_params', 'level'] } };
  },
});

interface Fault {
  readonly key?: readonly string[];
  readonly message: string;
}

/** What the Collector refuses, too. */
function listFaults(input: FileInput, name: string): readonly Fault[] {
  const { format = 'json', compression = '', directory_permissions: mode = '' } = input;
  const faults: Fault[] = [];
  if ((input.path ?? '') === '') faults.push({ message: `exporter "${name}" needs a "path"` });
  if (input.append === true && input.rotation !== undefined)
    faults.push({
      key: ['append'],
      message: 'only one of "append" and "rotation" may be set; a file that is renamed stays whole',
    });
  if (!['json', 'proto'].includes(format))
    faults.push({ key: ['format'], message: `format is json, not "${format}"` });
  if (!['', 'zstd'].includes(compression))
    faults.push({ key: ['compression'], message: `compression is zstd, not "${compression}"` });
  if (mode !== '' && input.create_directory !== true)
    faults.push({
      key: ['directory_permissions'],
      message: 'directory_permissions needs "create_directory: true"; set it, or remove the key',
    });
  if (input.create_directory === true && mode !== '' && !/^0*[0-7]{1,3}$/.test(mode))
    faults.push({
      key: ['directory_permissions'],
      message: `permissions are an octal number up to 0777, not "${mode}"`,
    });
  return faults;
}

/** Whether something is asked for that is not built in. */
function refuse(input: FileInput, { at, report }: ComponentContext): boolean {
  const lacks: readonly (readonly [string, boolean, string])[] = [
    ['format', input.format === 'proto', 'requests are written as json; remove it'],
    ['encoding', input.encoding !== undefined, 'encodings are not built in; write format: json'],
    [
      'group_by',
      input.group_by?.enabled === true,
      'all resources go to one file; write an exporter and a pipeline with a filter for each',
    ],
  ];
  const asked = lacks.filter(([, isAsked]) => isAsked);
  for (const [key, , message] of asked) report.lacks([...at, key], `"${key}": ${message}`);
  return asked.length > 0;
}
