/**
 * `statsd_receivers` of the Prometheus dialect: metrics of StatsD as series of Prometheus. Counts
 * are totals, and names have underscores.
 */
import * as z from 'zod';
import { splitListen } from '../kernel/listen-address.ts';
import { compileSearch } from '../relabel/search.ts';
import { countSchema, numberSchema, positiveSchema } from '../settings/count.ts';
import { durationSchema } from '../settings/duration.ts';
import type { ConfigPath, Reporter } from '../settings/finding.ts';
import { switchSchema } from '../settings/switch.ts';
import { listOf, textSchema } from '../settings/text.ts';
import type { Observer, StatsdReceiverSettings } from '../statsd/settings.ts';
import { checkListeners, type Listener } from './listeners.ts';
import type { StatsdReceiverPlan } from './plan.ts';

const LISTEN_DEFAULT = '127.0.0.1:8125';
const INTERVAL_DEFAULT_MS = 15_000;

/** Those of the Collector. */
export const PERCENTILES_DEFAULT: readonly number[] = [0, 10, 50, 90, 95, 100];
export const BUCKETS_DEFAULT = 160;

/** What no dialect says otherwise. */
export const STATSD_DEFAULTS: Pick<
  StatsdReceiverSettings,
  'permissions' | 'socketBufferBytes' | 'seriesMax' | 'expireMs'
> = {
  permissions: 0o622,
  socketBufferBytes: 4 * 1024 * 1024,
  seriesMax: 50_000,
  expireMs: 300_000,
};

export const statsdReceiverSchema = z
  .strictObject({
    name: textSchema
      .optional()
      .meta({ description: 'Its name in metrics and logs; unique.', default: 'statsd' }),
    listen: textSchema.optional().meta({
      description:
        'Address to listen on, host:port; the path of a socket with transport unix. Other tasks ' +
        'and hosts reach it only with a host such as 0.0.0.0; without a host it is 127.0.0.1.',
      default: LISTEN_DEFAULT,
      examples: ['0.0.0.0:8125'],
    }),
    transport: z
      .enum(['udp', 'tcp', 'unix'])
      .optional()
      .meta({ description: 'unix is a stream socket of the file system.', default: 'udp' }),
    interval: durationSchema
      .optional()
      .meta({ description: 'How often what came is sent on.', default: '15s' }),
    observe: z
      .enum(['histogram', 'summary', 'gauge'])
      .optional()
      .meta({
        description:
          'What timings, histograms and distributions become: a native histogram, or a classic ' +
          'one with buckets; quantiles of an interval; or each value a sample.',
        default: 'histogram',
      }),
    buckets: listOf(numberSchema).optional().describe(
      'Upper bounds of a classic histogram, ascending, without +Inf, in the unit of the values ' +
        '(timings are milliseconds).',
    ),
    percentiles: listOf(numberSchema).optional().meta({
      description: 'Of a summary, from 0 to 100.',
      default: PERCENTILES_DEFAULT,
    }),
    simple_tags: switchSchema.optional().meta({
      description: 'Takes tags without a value; their label is "true".',
      default: true,
    }),
    expire_after: durationSchema.optional().meta({
      description: 'A series ends when nothing has come for it for so long.',
      default: '5m',
    }),
    series_limit: positiveSchema.optional().meta({
      description: 'Most series at a time; lines of further ones are dropped, and counted.',
      default: STATSD_DEFAULTS.seriesMax,
    }),
    socket_permissions: textSchema.optional().meta({
      description: 'Of the socket, with transport unix, in octal.',
      default: '0622',
    }),
    socket_buffer_bytes: countSchema.optional().meta({
      description: 'Receive buffer that is asked of the system, with transport udp; 0: none.',
      default: STATSD_DEFAULTS.socketBufferBytes,
    }),
  })
  .describe('Metrics of StatsD and DogStatsD. Prometheus has no such key.'); // prettier-ignore

type ReceiverInput = z.output<typeof statsdReceiverSchema>;

/** @param path  that of the list */
export function planStatsdReceivers(
  inputs: readonly ReceiverInput[],
  path: ConfigPath,
  report: Reporter,
): readonly StatsdReceiverPlan[] {
  const names = new Set<string>();
  const listeners: Listener[] = [];
  const receivers = inputs.flatMap((input, index): StatsdReceiverPlan[] => {
    const at = [...path, index];
    const { name: id = 'statsd', transport = 'udp' } = input;
    if (id === '') report.error([...at, 'name'], 'CONFIG_VALUE', 'a name is empty');
    if (names.has(id))
      report.error(
        input.name === undefined ? at : [...at, 'name'],
        'CONFIG_DUPLICATE',
        `name "${id}" is used by another entry of statsd_receivers already; names must be unique`,
      );
    names.add(id);
    const { interval: intervalMs = INTERVAL_DEFAULT_MS } = input;
    if (intervalMs <= 0)
      report.error([...at, 'interval'], 'CONFIG_VALUE', 'interval must be above 0');
    const observer = resolveObserver(input, at, report);
    const permissions = resolvePermissions(input.socket_permissions, at, report);
    const listen = resolveListen(input, [...at, 'listen'], report);
    if (listen === undefined) return [];
    const receiver: StatsdReceiverPlan = {
      id,
      transport,
      listen,
      listenFlag: `statsd_receivers: listen of ${id}`,
      permissions,
      socketBufferBytes: input.socket_buffer_bytes ?? STATSD_DEFAULTS.socketBufferBytes,
      intervalMs,
      hasMetricType: false,
      takesSimpleTags: input.simple_tags ?? true,
      isMonotonic: true,
      counterType: 'float',
      observers: { timing: observer, histogram: observer, distribution: observer },
      isCumulative: true,
      escapesNames: true,
      seriesMax: input.series_limit ?? STATSD_DEFAULTS.seriesMax,
      expireMs: input.expire_after ?? STATSD_DEFAULTS.expireMs,
    };
    listeners.push(describeListener(receiver, at));
    return [receiver];
  });
  checkListeners(listeners, report);
  return receivers;
}

/** What a receiver of either dialect listens on, for collisions. @param at  where it is written */
export function describeListener(
  { id, listen, transport }: StatsdReceiverPlan,
  at: ConfigPath,
): Listener {
  return { id: `receiver "${id}"`, listen, protocol: transport, at };
}

/** What is wrong with bounds of buckets; undefined if nothing. */
export function findBoundsFault(bounds: readonly number[]): string | undefined {
  if (bounds.length === 0) return 'no bound is written; write them ascending, without +Inf';
  const isAscending = bounds.every((one, index) => index === 0 || one > (bounds[index - 1] ?? one));
  return isAscending ? undefined : 'bounds must ascend, each written once';
}

function resolveObserver(input: ReceiverInput, at: ConfigPath, report: Reporter): Observer {
  const { observe: is = 'histogram', buckets, percentiles } = input;
  if (buckets !== undefined && is !== 'histogram')
    report.error([...at, 'buckets'], 'CONFIG_VALUE', 'buckets need "observe: histogram"');
  if (percentiles !== undefined && is !== 'summary')
    report.error([...at, 'percentiles'], 'CONFIG_VALUE', 'percentiles need "observe: summary"');
  for (const [index, one] of (percentiles ?? []).entries())
    if (one < 0 || one > 100)
      report.error(
        [...at, 'percentiles', index],
        'CONFIG_VALUE',
        `percentile ${one} is not from 0 to 100`,
      );
  if (is === 'gauge') return { is };
  if (is === 'summary') return { is, percentiles: percentiles ?? PERCENTILES_DEFAULT };
  const fault = buckets === undefined ? undefined : findBoundsFault(buckets);
  if (fault !== undefined) report.error([...at, 'buckets'], 'CONFIG_VALUE', fault);
  const explicit = buckets === undefined ? [] : [{ pattern: compileSearch(''), bounds: buckets }];
  return { is, bucketsMax: BUCKETS_DEFAULT, explicit };
}

function resolveListen(
  { listen, transport }: ReceiverInput,
  at: ConfigPath,
  report: Reporter,
): string | undefined {
  if (transport === 'unix') {
    if (listen !== undefined && listen !== '') return listen;
    report.error(at, 'CONFIG_VALUE', 'transport unix needs the path of its socket as "listen"');
    return undefined;
  }
  const text = listen ?? LISTEN_DEFAULT;
  const address = splitListen(text);
  if (address === undefined) {
    const message = `"${text}" is not host:port; write for example ${LISTEN_DEFAULT}`;
    report.error(at, 'CONFIG_VALUE', message);
    return undefined;
  }
  const { host, port } = address;
  const found = host === '' || host === 'localhost' ? '127.0.0.1' : host;
  return found.includes(':') ? `[${found}]:${port}` : `${found}:${port}`;
}

const PERMISSIONS_MAX = 0o777;

/** Digits of permissions in octal, as chmod takes them; the default for none. */
export function resolvePermissions(
  written: string | undefined,
  at: ConfigPath,
  report: Reporter,
): number {
  if (written === undefined) return STATSD_DEFAULTS.permissions;
  // A reader of YAML 1.2 makes 622 of 0622; in either case the digits are octal.
  const digits = written.replace(/^0o?/, '');
  const mode = /^[0-7]{1,4}$/.test(digits) ? Number.parseInt(digits, 8) : NaN;
  if (mode <= PERMISSIONS_MAX) return mode;
  report.error(
    [...at, 'socket_permissions'],
    'CONFIG_VALUE',
    `"${written}" are no permissions of a file; write them in octal, as 0622`,
  );
  return STATSD_DEFAULTS.permissions;
}
