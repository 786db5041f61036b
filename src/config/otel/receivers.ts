/**
 * Receivers. One of Prometheus has a Prometheus configuration of jobs under `config`, with its own
 * `global`, and keys of the receiver beside it; that of a task's metrics is in task-metrics.ts,
 * that of OTLP in otlp-receivers.ts, that of StatsD in statsd-receivers.ts, and that of X-Ray's
 * traces in trace-receivers.ts.
 * Source: contrib's receiver/prometheusreceiver/config.go
 */
import * as z from 'zod';
import { ignored, refusedWhereUsed, unsupported } from '../../settings/refused-keys.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { switchSchema } from '../../settings/switch.ts';
import { relocated, type Reporter } from '../../settings/finding.ts';
import { sinkKinds } from '../../sinks/sinks.ts';
import type {
  ForwarderPlan,
  SourcePlan,
  StatsdReceiverPlan,
  TaskSourcePlan,
  TraceReceiverPlan,
} from '../plan.ts';
import { prometheusSchema, resolveExternalLabels, resolveJobs } from '../prometheus.ts';
import { parseLongList, parseValue } from '../reading.ts';
import { resolveGlobalTiming } from '../scrape.ts';
import { withScrapeFiles } from '../scrape-files.ts';
import type { CollectorContext } from './component.ts';
import type { OtelComponent } from './document.ts';
import {
  isOtlpReceiver,
  resolveOtlpReceiver,
  type ResolvedOtlpReceiver,
} from './otlp-receivers.ts';
import { isStatsdReceiver, resolveStatsdReceiver } from './statsd-receivers.ts';
import { isTraceReceiver, resolveTraceReceiver } from './trace-receivers.ts';
import { isTaskMetrics, resolveTaskMetrics } from './task-metrics.ts';

const SINK = 'a receiver sends nothing; write it as an exporter';

/** The keys of sinks are known and refused, so that the message can say what to do instead. */
export const receiverConfigSchema = prometheusSchema.extend({
  ...Object.fromEntries(sinkKinds.map(({ key }) => [key, unsupported(SINK)])),
  xray_receivers: unsupported('write it as a receiver awsxray'),
  otlp_receivers: unsupported('write it as a receiver otlp'),
  statsd_receivers: unsupported('write it as a receiver statsd'),
}) as unknown as typeof prometheusSchema;

export const receiverSchema = z.strictObject({
  config: z
    .unknown()
    .optional()
    .describe('A Prometheus configuration of jobs, with its own global.'),
  report_extra_scrape_metrics: switchSchema
    .optional()
    .meta({ description: 'As extra_scrape_metrics of global.', default: false }),
  trim_metric_suffixes: switchSchema
    .optional()
    .meta({ description: 'Refused as true: names are sent as they are scraped.', default: false }),
  use_start_time_metric: switchSchema
    .optional()
    .describe('Has no effect: remote write 1.0 carries no start times.'),
  start_time_metric_regex: ignored('Has no effect: remote write 1.0 carries no start times.'),
  target_allocator: refusedWhereUsed(
    'collectors divide the targets by themselves, see "collect --shard".',
  ),
  enable_prometheus_ui_server: switchSchema
    .optional()
    .describe('Has no effect: the API of targets and a page are at --web.listen-address.'),
  prometheus_ui_server: ignored(
    'Has no effect: the API of targets and a page are at --web.listen-address.',
  ),
  api_server: ignored('Has no effect: the API of targets and a page are at --web.listen-address.'),
  scrape_on_shutdown: switchSchema
    .optional()
    .meta({ description: 'Refused as true: use the flag --final-scrape.', default: false }),
  discovery_reload_on_startup: switchSchema
    .optional()
    .describe('Has no effect: targets are found at the start in any case.'),
  initial_scrape_offset: goDurationSchema.optional().meta({
    description: 'Refused above 0: first scrapes are spread over the interval.',
    default: '0',
  }),
  // Collectors before 2023 had these two keys, and ignored them too.
  buffer_period: ignored('Has no effect, as in the Collector.'),
  buffer_count: ignored('Has no effect, as in the Collector.'),
});

type ReceiverInput = z.output<typeof receiverSchema>;

/** What a receiver of any kind becomes: the sources that it has. */
export interface ResolvedReceiver {
  readonly sources: readonly SourcePlan[];
  readonly taskSources: readonly TaskSourcePlan[];
  readonly traceReceivers: readonly TraceReceiverPlan[];
  /** Without their signals, which are those of pipelines. */
  readonly otlpReceivers: readonly ResolvedOtlpReceiver[];
  readonly statsdReceivers: readonly StatsdReceiverPlan[];
  /** What it listens on beside that. */
  readonly forwarders: readonly ForwarderPlan[];
  /** They replace labels that a series has already, as in the Collector. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** Undefined when the receiver can't be done; the findings then say why. */
export async function resolveReceiver(
  name: string,
  receiver: OtelComponent,
  context: CollectorContext,
): Promise<ResolvedReceiver | undefined> {
  if (isTraceReceiver(name)) {
    const found = resolveTraceReceiver(name, receiver, context);
    return found && { ...NOTHING, traceReceivers: [found.receiver], forwarders: [found.forwarder] };
  }
  if (isOtlpReceiver(name)) {
    const found = resolveOtlpReceiver(name, receiver, context);
    return found && { ...NOTHING, otlpReceivers: [found] };
  }
  if (isStatsdReceiver(name)) {
    const found = resolveStatsdReceiver(name, receiver, context);
    return found && { ...NOTHING, statsdReceivers: [found] };
  }
  if (!isTaskMetrics(name)) return resolveScraper(name, receiver, context);
  const source = resolveTaskMetrics(name, receiver, context);
  return source && { ...NOTHING, taskSources: [source] };
}

const NOTHING: ResolvedReceiver = {
  sources: [],
  taskSources: [],
  traceReceivers: [],
  otlpReceivers: [],
  statsdReceivers: [],
  forwarders: [],
  externalLabels: {},
};

async function resolveScraper(
  name: string,
  receiver: OtelComponent,
  { baseDirectory, reading, report }: CollectorContext,
): Promise<ResolvedReceiver | undefined> {
  const at = ['receivers', name];
  const { allowsPartial, env } = reading;
  const parsed = parseValue(receiverSchema, receiver, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  noteDifferences(
    parsed.data,
    relocated(report, (path) => [...at, ...path]),
  );
  const configAt = [...at, 'config'];
  const written = parsed.data.config ?? {};
  const context = { allowsPartial, report, at: configAt };
  const config = await parseLongList(receiverConfigSchema, 'scrape_configs', written, context);
  const { data: input, raw, report: own, isWhole } = config;
  const main = { inputs: input.scrape_configs ?? [], raw, baseDirectory, report: own };
  const files = await withScrapeFiles(main, input.scrape_config_files, reading);
  if (isWhole && main.inputs.length === 0 && input.scrape_config_files === undefined) {
    if (parsed.data.target_allocator === undefined)
      report.error(at, 'CONFIG_VALUE', `receiver "${name}" needs "scrape_configs" in its "config"`);
    return undefined;
  }
  const { report_extra_scrape_metrics: hasExtra } = parsed.data;
  const global = {
    ...(hasExtra === undefined ? {} : { extra_scrape_metrics: hasExtra }),
    ...input.global,
  };
  resolveGlobalTiming(global, own);
  const externalLabels = resolveExternalLabels(global, env, own);
  const idOf = (job: string): string => `${name}/${job}`;
  const sources = await resolveJobs(files, { global, externalLabels, idOf });
  return { ...NOTHING, sources, externalLabels };
}

function noteDifferences(input: ReceiverInput, report: Reporter): void {
  if (input.trim_metric_suffixes === true)
    report.lacks(
      ['trim_metric_suffixes'],
      '"trim_metric_suffixes": names are sent as they are scraped; remove it',
    );
  if (input.target_allocator !== undefined)
    report.lacks(
      ['target_allocator'],
      '"target_allocator": jobs are not asked from the operator; collectors divide targets by ' +
        'themselves, see "collect --shard"',
    );
  if (input.scrape_on_shutdown === true)
    report.lacks(
      ['scrape_on_shutdown'],
      '"scrape_on_shutdown": a scrape at the end is asked for by the flag --final-scrape; ' +
        'remove it',
    );
  if ((input.initial_scrape_offset ?? 0) > 0)
    report.lacks(
      ['initial_scrape_offset'],
      '"initial_scrape_offset": first scrapes are spread over the interval, with no wait before; ' +
        'remove it',
    );
  if (input.discovery_reload_on_startup === true)
    report.warn(
      ['discovery_reload_on_startup'],
      'discovery_reload_on_startup has no effect: targets are found at the start in any case',
      'key',
    );
  const isSet = (value: unknown): boolean => value !== undefined && value !== false && value !== '';
  for (const key of ['use_start_time_metric', 'start_time_metric_regex'] as const)
    if (isSet(input[key]))
      report.warn([key], `${key} has no effect: remote write 1.0 carries no start times`, 'key');
  for (const key of ['enable_prometheus_ui_server', 'prometheus_ui_server', 'api_server'] as const)
    if (isSet(input[key]))
      report.warn(
        [key],
        `${key} has no effect: the API of targets and a page are at --web.listen-address`,
        'key',
      );
  for (const key of ['buffer_period', 'buffer_count'] as const)
    if (isSet(input[key])) report.warn([key], `${key} has no effect, as in the Collector`, 'key');
}
