/**
 * The exporter `debug`, and `logging`, which it replaced: metrics as lines of text.
 * Source: core's exporter/debugexporter/config.go and factory.go; for `logging`, which was removed
 * in 0.111, its README
 */
import * as z from 'zod';
import { debugKind } from '../../sinks/debug/kind.ts';
import type { DirectSinkKind } from '../../sinks/sink.ts';
import { countSchema } from '../../settings/count.ts';
import { ignored, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import type { ComponentContext } from './component.ts';
import { typeOf } from './components.ts';
import { defineExporter } from './exporter-kind.ts';

const QUEUE = 'lines are written when a scrape is committed, and wait for nothing';

const queueKeys = [
  'enabled',
  'num_consumers',
  'wait_for_result',
  'block_on_overflow',
  'sizer',
  'queue_size',
  'storage',
  'batch',
];

const schema = z.strictObject({
  verbosity: textSchema.optional().meta({
    description:
      'basic: a line for each scrape of a target; normal: also a line for each data point; ' +
      'detailed: also all that is known of it.',
    default: 'basic',
  }),
  sampling_initial: countSchema.optional().meta({
    description: 'How many equal messages are written in each second, before sampling.',
    default: 2,
  }),
  sampling_thereafter: countSchema.optional().meta({
    description: 'Of the rest, every one of so many; 0: none. For logging, 500 by default.',
    default: 1,
  }),
  use_internal_logger: switchSchema.optional().meta({
    description: 'Writes into the log of the process; false: plain text on output_paths.',
    default: true,
  }),
  output_paths: listOf(textSchema)
    .optional()
    .meta({
      description: 'stdout and stderr; files are refused. Only without the internal logger.',
      default: ['stdout'],
    }),
  sending_queue: z
    .strictObject(
      Object.fromEntries(queueKeys.map((key) => [key, ignored('Has no effect, as the block.')])),
    )
    .optional()
    .describe(`Has no effect: ${QUEUE}.`),
  loglevel: refusedWhereUsed(
    'Of logging alone, before verbosity: debug is detailed, info normal, warn and error basic.',
  ),
});

type DebugInput = z.output<typeof schema>;

/** In logging, `normal` wrote no more than `basic`. */
const VERBOSITY_OF_LEVEL: Readonly<Record<string, string>> = {
  debug: 'detailed',
  info: 'basic',
  warn: 'basic',
  error: 'basic',
};

export const debugExporter = defineExporter({
  names: ['debug', 'logging'],
  signals: ['metrics', 'traces'],
  schema,
  as: 'lines in the log of the process, or on its outputs',
  resolve: (input, context) => {
    const { name, at, report } = context;
    const isOld = typeOf(name) === 'logging';
    if (isOld)
      report.warn(at, `exporter "${name}" was removed from the Collector; write debug`, 'key');
    if (input.sending_queue !== undefined)
      report.warn([...at, 'sending_queue'], `sending_queue has no effect: ${QUEUE}`, 'key');
    const verbosity = resolveVerbosity(input, context);
    const outputs = resolveOutputs(input, context);
    if (verbosity === undefined || outputs === undefined) return undefined;
    const { sampling_initial: initial, sampling_thereafter: thereafter } = input;
    const entry = {
      verbosity,
      sampling_initial: initial ?? 2,
      sampling_thereafter: thereafter ?? (isOld ? 500 : 1),
      outputs,
    };
    const kind = debugKind as unknown as DirectSinkKind;
    return { kind, entry, keys: { outputs: ['output_paths'] } };
  },
});

function resolveVerbosity(
  { verbosity, loglevel: level }: DebugInput,
  { name, at, report }: ComponentContext,
): string | undefined {
  const isOld = typeOf(name) === 'logging';
  if (level !== undefined) {
    const message = !isOld
      ? 'loglevel is a key of the old exporter logging; write verbosity: basic, normal or detailed'
      : verbosity !== undefined
        ? 'only one of "loglevel" and "verbosity" may be set; remove loglevel'
        : undefined;
    const meant = typeof level === 'string' ? VERBOSITY_OF_LEVEL[level.toLowerCase()] : undefined;
    if (message === undefined && meant !== undefined) return meant;
    report.error(
      [...at, 'loglevel'],
      'CONFIG_VALUE',
      message ?? 'loglevel is debug, info, warn or error; better write verbosity',
    );
    return undefined;
  }
  const text = (verbosity ?? (isOld ? 'normal' : 'basic')).toLowerCase();
  if (!['basic', 'normal', 'detailed'].includes(text)) {
    const message = `verbosity "${verbosity ?? ''}" is not known; write basic, normal or detailed`;
    report.error([...at, 'verbosity'], 'CONFIG_VALUE', message);
    return undefined;
  }
  return isOld && text === 'normal' ? 'basic' : text;
}

function resolveOutputs(
  { use_internal_logger: isLogged = true, output_paths: paths }: DebugInput,
  { at, report }: ComponentContext,
): readonly string[] | undefined {
  const path = [...at, 'output_paths'];
  if (isLogged) {
    if (paths === undefined) return ['log'];
    const message = 'output_paths needs "use_internal_logger: false"; set it, or remove the paths';
    report.error(path, 'CONFIG_VALUE', message);
    return undefined;
  }
  if (paths?.length === 0) {
    report.error(path, 'CONFIG_VALUE', 'output_paths names no output; write stdout or stderr');
    return undefined;
  }
  const outputs = paths ?? ['stdout'];
  const file = outputs.findIndex((one) => one !== 'stdout' && one !== 'stderr');
  if (file < 0) return outputs;
  report.lacks(
    [...path, file],
    `output "${outputs[file] ?? ''}": lines go to stdout and stderr; for a file, use the ` +
      'exporter file, which has bounds',
  );
  return undefined;
}
