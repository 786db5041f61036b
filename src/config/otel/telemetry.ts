/**
 * `service.telemetry`: where the process serves its own metrics, and how it logs.
 * Not here: traces of the process, which it makes none of.
 * Source: core's service/telemetry/otelconftelemetry/{config,factory}.go and its internal/migration
 */
import type * as z from 'zod';
import type { LogLevel } from '../../kernel/logger.ts';
import { relocated, type Reporter } from '../../settings/finding.ts';
import type { LogPlan, ServerPlan } from '../plan.ts';
import { formatListen, resolveEndpoint } from './server-settings.ts';
import type {
  telemetryLogsSchema,
  telemetryMetricsSchema,
  telemetrySchema,
} from './telemetry-schema.ts';

export const METRICS_DEFAULT = { host: 'localhost', port: 8888 } as const;

export interface Telemetry {
  readonly servers: readonly ServerPlan[];
  readonly log: LogPlan;
}

export function resolveTelemetry(
  input: z.output<typeof telemetrySchema> | undefined,
  documentReport: Reporter,
): Telemetry {
  if (input === undefined) return { servers: [], log: {} };
  const report = relocated(documentReport, (path) => ['service', 'telemetry', ...path]);
  const { traces, resource } = input;
  if (isAsked(traces?.processors) || isAsked(traces?.propagators) || isAsked(traces?.sampler))
    report.lacks(['traces'], '"traces": the process makes no traces of itself; remove it');
  else if (traces?.level !== undefined && traces.level !== 'none')
    report.warn(['traces'], 'traces has no effect: the process makes none of itself', 'key');
  if (resource !== undefined) checkResource(resource, report);
  return {
    servers: input.metrics === undefined ? [] : resolveMetrics(input.metrics, report),
    log: input.logs === undefined ? {} : resolveLog(input.logs, report),
  };
}

function isAsked(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined;
}

function checkResource(resource: Readonly<Record<string, unknown>>, report: Reporter): void {
  const { attributes, schema_url: _url, detectors, attributes_list: list, ...legacy } = resource;
  if (list !== undefined)
    report.error(
      ['resource', 'attributes_list'],
      'CONFIG_VALUE',
      '"attributes_list" is not taken, as in the Collector; use "attributes"',
    );
  for (const [name, value] of Object.entries(legacy))
    if (typeof value === 'object' && value !== null)
      report.error(
        ['resource', name],
        'CONFIG_TYPE',
        `attribute "${name}" of the resource must be a text or empty`,
      );
  if (isAsked(attributes) && Object.keys(legacy).length > 0)
    report.error(
      ['resource', 'attributes'],
      'CONFIG_VALUE',
      '"attributes" goes with no attribute written beside it; write all of them in one way',
    );
  if (detectors !== undefined)
    report.warn(['resource', 'detectors'], 'detectors has no effect', 'key');
  report.warn(
    ['resource'],
    "resource has no effect: the process' own metrics and log lines carry none; use " +
      'initial_fields of logs',
    'key',
  );
}

type MetricsInput = z.output<typeof telemetryMetricsSchema>;

/** A listener for each reader that is pulled; the default one where no reader is written. */
function resolveMetrics(input: MetricsInput, report: Reporter): ServerPlan[] {
  const { level = 'normal', address, readers, views } = input;
  if (isAsked(views))
    report.lacks(
      ['metrics', 'views'],
      '"views" of metrics: the process\' own metrics are served whole; drop them where they are ' +
        'scraped',
    );
  if (address !== undefined && readers !== undefined)
    report.error(
      ['metrics', 'address'],
      'CONFIG_VALUE',
      'only one of "address" and "readers" may be set',
    );
  const addresses = readReaders(input, report);
  if (level === 'none') return [];
  if (readers !== undefined && readers.length === 0)
    report.error(
      ['metrics', 'readers'],
      'CONFIG_VALUE',
      '"readers" is empty; name one, leave the key out, or write "level: none"',
    );
  return [...new Set(addresses)].map((listen) => ({
    id: 'service.telemetry.metrics',
    listen,
    content: { is: 'metrics' },
    headers: {},
  }));
}

function readReaders({ address, readers }: MetricsInput, report: Reporter): string[] {
  const { host, port } = METRICS_DEFAULT;
  if (readers === undefined) {
    if (address === undefined) return [formatListen(host, port)];
    const listen = resolveEndpoint(address, ['metrics', 'address'], report);
    return listen === undefined ? [] : [listen];
  }
  return readers.flatMap(({ pull, periodic }, index) => {
    const at = ['metrics', 'readers', index];
    if (periodic !== undefined)
      report.lacks(
        [...at, 'periodic'],
        '"periodic": the process\' own metrics are not sent; scrape them with a job, from a ' +
          '"pull" reader or --web.listen-address',
      );
    const prometheus = pull?.exporter?.prometheus;
    if (prometheus === undefined) {
      if (periodic === undefined || pull !== undefined)
        report.error(at, 'CONFIG_VALUE', 'a reader needs pull.exporter.prometheus');
      return [];
    }
    for (const key of ['host', 'port'] as const)
      if (prometheus[key] === undefined)
        report.error(
          [...at, 'pull', 'exporter', 'prometheus'],
          'CONFIG_VALUE',
          `prometheus needs a "${key}"`,
        );
    for (const key of Object.keys(prometheus))
      if (key !== 'host' && key !== 'port')
        report.warn(
          [...at, 'pull', 'exporter', 'prometheus', key],
          `${key} has no effect: metrics of the process are served under their own names`,
          'key',
        );
    return prometheus.host === undefined || prometheus.port === undefined
      ? []
      : [formatListen(prometheus.host, prometheus.port)];
  });
}

type LogsInput = z.output<typeof telemetryLogsSchema>;

const LEVELS: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  // What is above an error ends the process in Go; nothing here does.
  dpanic: 'error',
  panic: 'error',
  fatal: 'error',
};

/** The sampling of the Collector, as far as it is written. */
const SAMPLING_DEFAULT = { tick: 10_000, initial: 10 } as const;

function resolveLog(input: LogsInput, report: Reporter): LogPlan {
  const { level, encoding, sampling, initial_fields: fields } = input;
  noteWithoutEffect(input, report);
  if (isAsked(input.processors))
    report.lacks(
      ['logs', 'processors'],
      '"processors" of logs: lines are written to stderr or stdout and sent nowhere; let the log ' +
        'driver of the container do it',
    );
  return {
    level: level === undefined ? undefined : LEVELS[level],
    format: encoding === undefined ? undefined : encoding === 'json' ? 'json' : 'logfmt',
    outputs: resolveOutputs(input, report),
    fields: fields !== undefined && Object.keys(fields).length > 0 ? fields : undefined,
    repeats:
      sampling === undefined
        ? undefined
        : sampling.enabled === false
          ? { max: Infinity, windowMs: SAMPLING_DEFAULT.tick }
          : {
              max: sampling.initial ?? SAMPLING_DEFAULT.initial,
              windowMs: sampling.tick || SAMPLING_DEFAULT.tick,
            },
  };
}

function resolveOutputs({ output_paths: paths }: LogsInput, report: Reporter): LogPlan['outputs'] {
  if (paths === undefined || paths.length === 0) return undefined;
  paths.forEach((path, index) => {
    if (path !== 'stdout' && path !== 'stderr')
      report.warn(
        ['logs', 'output_paths', index],
        `the log is not written to ${JSON.stringify(path)} but to stderr; name stdout or stderr`,
      );
  });
  const known = (['stdout', 'stderr'] as const).filter((one) => paths.includes(one));
  return known.length === 0 ? undefined : known;
}

function noteWithoutEffect(input: LogsInput, report: Reporter): void {
  const note = (key: string, why: string): void =>
    report.warn(['logs', key], `${key} has no effect: ${why}`, 'key');
  if (input.development === true) note('development', 'lines are the same');
  if (input.disable_caller === false) note('disable_caller', 'lines name no place in the code');
  if (input.disable_stacktrace === false) note('disable_stacktrace', 'lines carry no stacks');
  if (input.error_output_paths?.some((path) => path !== 'stderr') === true)
    note('error_output_paths', 'the logger has no errors of its own');
  if (input.disable_zap_resource !== undefined)
    note('disable_zap_resource', 'lines carry no resource');
  if (input.sampling?.thereafter !== undefined)
    report.warn(
      ['logs', 'sampling', 'thereafter'],
      'thereafter has no effect: what is above "initial" is held back, and the next line counts it',
      'key',
    );
}
