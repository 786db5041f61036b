/**
 * The receiver `statsd`: metrics of StatsD and DogStatsD by UDP, TCP or a socket of the file
 * system. Keys are the Collector's; that `unix` is a transport is this program's own.
 * Source: contrib's receiver/statsdreceiver/{config,factory}.go
 */
import * as z from 'zod';
import { compileSearch } from '../../relabel/search.ts';
import { countSchema, numberSchema } from '../../settings/count.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { ignored } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import type {
  ExplicitBuckets,
  ObservedType,
  Observer,
  StatsdTransport,
} from '../../statsd/settings.ts';
import type { StatsdReceiverPlan } from '../plan.ts';
import { parseValue } from '../reading.ts';
import {
  BUCKETS_DEFAULT,
  findBoundsFault,
  PERCENTILES_DEFAULT,
  resolvePermissions,
  STATSD_DEFAULTS,
} from '../statsd-receivers.ts';
import type { CollectorContext, ComponentKind } from './component.ts';
import { typeOf } from './components.ts';
import type { OtelComponent } from './document.ts';
import { resolveEndpoint } from './server-settings.ts';

const ENDPOINT_DEFAULT = 'localhost:8125';
const PATH_DEFAULT = '/var/run/statsd-receiver.sock';
const INTERVAL_DEFAULT_MS = 60_000;
/** As the Collector's histograms have it. */
const BUCKETS_MIN = 2;
const BUCKETS_MAX = 16_384;

const SAME = 'senders are not told apart: a series has its name and tags, whoever sends it';

const histogramSchema = z.strictObject({
  max_size: countSchema.optional().meta({
    description: `Most exponential buckets on a side of zero, ${BUCKETS_MIN} to ${BUCKETS_MAX}.`,
    default: BUCKETS_DEFAULT,
  }),
  explicit_buckets: listOf(
    z.strictObject({
      matcher_pattern: textSchema.describe('A regular expression that is found in the name.'),
      buckets: listOf(numberSchema).describe('Upper bounds, ascending, without +Inf.'),
    }),
  )
    .optional()
    .describe('Explicit buckets for names; the first whose pattern is found counts.'),
});

const mappingSchema = z.strictObject({
  statsd_type: z
    .enum(['timing', 'timer', 'histogram', 'distribution'])
    .describe('The type that is mapped; timer and timing are one.'),
  observer_type: z
    .enum(['gauge', 'summary', 'histogram'])
    .describe('What its values become: points of their own, a summary, or a histogram.'),
  histogram: histogramSchema.optional().describe('With observer_type histogram.'),
  summary: z
    .strictObject({
      percentiles: listOf(numberSchema).optional().meta({
        description: 'From 0 to 100.',
        default: PERCENTILES_DEFAULT,
      }),
    })
    .optional()
    .describe('With observer_type summary.'),
});

const schema = z.strictObject({
  endpoint: textSchema.optional().meta({
    description:
      'Address to listen on, host:port. Other tasks and hosts reach it only with a host such as ' +
      '0.0.0.0. With transport unix the path of a socket.',
    default: ENDPOINT_DEFAULT,
  }),
  transport: textSchema.optional().meta({
    description:
      'udp, tcp (both with a 4 or 6 behind them, too), or unix for a stream socket of the file ' +
      'system. unixgram is refused: Node has no datagram sockets there.',
    default: 'udp',
  }),
  dialer: ignored('Has no effect, as in the Collector: nothing is dialled to listen.'),
  aggregation_interval: goDurationSchema.optional().meta({
    description: 'How long values are added up before they are sent on; above 0.',
    default: '60s',
  }),
  enable_metric_type: switchSchema
    .optional()
    .meta({ description: 'Tells the type in an attribute metric_type.', default: false }),
  enable_simple_tags: switchSchema.optional().meta({
    description: 'Takes tags without a value; their attribute is "true".',
    default: false,
  }),
  is_monotonic_counter: switchSchema.optional().meta({
    description: 'Whether counters only rise; negative counts are then refused, and counted.',
    default: false,
  }),
  counter_type: z.enum(['', 'int', 'float', 'stochastic_int']).optional().meta({
    description: 'Whether fractions of counts are cut off, kept, or rounded by chance.',
    default: 'int',
  }),
  timer_histogram_mapping: listOf(mappingSchema).optional().describe(
    'What timings, histograms and distributions become; points of their own by default. With ' +
      'this list, a type that it lacks is dropped, and counted.',
  ),
  enable_ip_only_aggregation: switchSchema
    .optional()
    .meta({ description: `Has no effect: ${SAME}.`, default: false }),
  ignore_host: switchSchema
    .optional()
    .meta({ description: `Has no effect: ${SAME}.`, default: false }),
  socket_permissions: textSchema
    .optional()
    .meta({ description: 'Of the socket, with transport unix, in octal.', default: '0622' }),
  socket_buffer_size: countSchema.optional().meta({
    description: 'Receive buffer that is asked of the system, in bytes, with transport udp.',
    default: STATSD_DEFAULTS.socketBufferBytes,
  }),
}); // prettier-ignore

type StatsdInput = z.output<typeof schema>;
type MappingInput = z.output<typeof mappingSchema>;

export const statsdReceiverKind: ComponentKind<typeof schema> = {
  names: ['statsd'],
  signals: ['metrics'],
  as: 'totals where all exporters behind it are of remote write; senders are not told apart',
  schema,
};

export function isStatsdReceiver(name: string): boolean {
  return statsdReceiverKind.names.includes(typeOf(name));
}

/** Undefined when the receiver has faults, which are then reported. */
export function resolveStatsdReceiver(
  name: string,
  receiver: OtelComponent,
  { reading: { allowsPartial }, report }: CollectorContext,
): StatsdReceiverPlan | undefined {
  const at = ['receivers', name];
  const parsed = parseValue(schema, receiver, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const input = parsed.data;
  noteIdle(input, at, report);
  const transport = resolveTransport(input.transport ?? 'udp', [...at, 'transport'], report);
  if (transport === undefined) return undefined;
  const listen = resolveListen(input.endpoint, transport, at, report);
  const { aggregation_interval: intervalMs = INTERVAL_DEFAULT_MS } = input;
  if (intervalMs <= 0)
    report.error(
      [...at, 'aggregation_interval'],
      'CONFIG_VALUE',
      'aggregation_interval must be above 0',
    );
  const observers = resolveObservers(input.timer_histogram_mapping, at, report);
  const permissions = resolvePermissions(input.socket_permissions, at, report);
  if (listen === undefined) return undefined;
  return {
    ...STATSD_DEFAULTS,
    id: name,
    transport,
    listen,
    listenFlag: `endpoint of ${name}`,
    permissions,
    socketBufferBytes: input.socket_buffer_size ?? STATSD_DEFAULTS.socketBufferBytes,
    intervalMs,
    hasMetricType: input.enable_metric_type ?? false,
    takesSimpleTags: input.enable_simple_tags ?? false,
    isMonotonic: input.is_monotonic_counter ?? false,
    counterType: input.counter_type || 'int',
    observers,
    isCumulative: false,
    escapesNames: false,
  };
}

function noteIdle(input: StatsdInput, at: ConfigPath, report: Reporter): void {
  for (const key of ['enable_ip_only_aggregation', 'ignore_host'] as const)
    if (input[key] === true) report.warn([...at, key], `${key} has no effect: ${SAME}`, 'key');
  if (input.dialer !== undefined)
    report.warn([...at, 'dialer'], 'dialer has no effect, as in the Collector', 'key');
  if (input.endpoint === undefined && (input.transport ?? 'udp') !== 'unix')
    report.warn(
      at,
      `it listens at ${ENDPOINT_DEFAULT}, which only this task reaches; for other tasks write ` +
        '"endpoint: 0.0.0.0:8125"',
    );
}

function resolveTransport(
  written: string,
  at: ConfigPath,
  report: Reporter,
): StatsdTransport | undefined {
  const transport = written.toLowerCase();
  if (/^(?:udp|tcp)[46]?$/.test(transport)) return transport.startsWith('udp') ? 'udp' : 'tcp';
  if (transport === 'unix') return 'unix';
  if (transport === 'unixgram')
    report.lacks(
      at,
      '"unixgram": Node has no datagram sockets of the file system; use udp, or unix, a stream ' +
        'socket, to which clients of DogStatsD write as unixstream',
    );
  else report.error(at, 'CONFIG_VALUE', `"${written}" is no transport; write udp, tcp or unix`);
  return undefined;
}

function resolveListen(
  endpoint: string | undefined,
  transport: StatsdTransport,
  at: ConfigPath,
  report: Reporter,
): string | undefined {
  if (transport === 'unix') return endpoint || PATH_DEFAULT;
  return resolveEndpoint(endpoint || ENDPOINT_DEFAULT, [...at, 'endpoint'], report);
}

const POINTS: Observer = { is: 'gauge' };

function resolveObservers(
  mappings: readonly MappingInput[] | undefined,
  at: ConfigPath,
  report: Reporter,
): StatsdReceiverPlan['observers'] {
  if (mappings === undefined) return { timing: POINTS, histogram: POINTS, distribution: POINTS };
  const observers: Partial<Record<ObservedType, Observer>> = {};
  for (const [index, mapping] of mappings.entries()) {
    const { statsd_type: type } = mapping;
    const path = [...at, 'timer_histogram_mapping', index];
    observers[type === 'timer' ? 'timing' : type] = resolveObserver(mapping, path, report);
  }
  // As in the Collector, what is said of one of these two counts for the other.
  const { timing, histogram, distribution } = observers;
  const other = histogram ?? distribution;
  return {
    ...(timing && { timing }),
    ...(other && { histogram: other, distribution: distribution ?? other }),
  };
}

function resolveObserver(mapping: MappingInput, at: ConfigPath, report: Reporter): Observer {
  const { observer_type: is, histogram, summary } = mapping;
  if (is !== 'histogram' && histogram !== undefined)
    report.error([...at, 'histogram'], 'CONFIG_VALUE', 'it needs "observer_type: histogram"');
  if (is !== 'summary' && (summary?.percentiles?.length ?? 0) > 0)
    report.error([...at, 'summary'], 'CONFIG_VALUE', 'it needs "observer_type: summary"');
  if (is === 'gauge') return POINTS;
  if (is === 'summary') {
    const written = summary?.percentiles ?? [];
    const percentiles = written.length === 0 ? PERCENTILES_DEFAULT : written;
    for (const [index, one] of percentiles.entries())
      if (one < 0 || one > 100)
        report.error(
          [...at, 'summary', 'percentiles', index],
          'CONFIG_VALUE',
          `percentile ${one} is not from 0 to 100`,
        );
    return { is, percentiles };
  }
  // As in the Collector, 0 is the default.
  const bucketsMax = histogram?.max_size || BUCKETS_DEFAULT;
  if (bucketsMax < BUCKETS_MIN || bucketsMax > BUCKETS_MAX)
    report.error(
      [...at, 'histogram', 'max_size'],
      'CONFIG_VALUE',
      `max_size ${bucketsMax} is not from ${BUCKETS_MIN} to ${BUCKETS_MAX}`,
    );
  const explicit = (histogram?.explicit_buckets ?? []).flatMap((one, index): ExplicitBuckets[] => {
    const path = [...at, 'histogram', 'explicit_buckets', index];
    const fault = findBoundsFault(one.buckets);
    if (fault !== undefined) report.error([...path, 'buckets'], 'CONFIG_VALUE', fault);
    try {
      if (one.matcher_pattern === '') throw new Error('it is empty');
      return [{ pattern: compileSearch(one.matcher_pattern), bounds: one.buckets }];
    } catch (error) {
      const message = `is no regular expression: ${(error as Error).message}`;
      report.error([...path, 'matcher_pattern'], 'CONFIG_VALUE', `"matcher_pattern" ${message}`);
      return [];
    }
  });
  return { is, bucketsMax, explicit };
}
