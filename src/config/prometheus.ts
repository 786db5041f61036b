/**
 * The Prometheus dialect: prometheus.yml as a collector understands it. Keys that mean nothing to a
 * collector are accepted. Keys that can't be honoured are refused, with what to do instead: nothing
 * that would change samples is ignored silently.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/
 */
import * as z from 'zod';
import { durationSchema } from '../settings/duration.ts';
import { ignoredValue, unsupported, unsupportedUnlessEmpty } from '../settings/refused-keys.ts';
import { labelsSchema, listOf, textSchema } from '../settings/text.ts';
import { isLegacyLabelName } from '../model/labels.ts';
import { runGivingWay } from '../kernel/giving-way.ts';
import { type Reporter } from '../settings/finding.ts';
import { externalLabels } from '../transforms/external-labels.ts';
import type { Signal } from '../sinks/sink.ts';
import {
  checkOtlpListeners,
  otlpReceiverSchema,
  type OtlpReceiversContext,
  planOtlpReceivers,
} from './otlp-receivers.ts';
import { otlpSectionSchema, resolveOtlpSection } from './otlp-section.ts';
import type {
  CollectorPlan,
  OtlpReceiverPlan,
  RoutePlan,
  SinkPlan,
  SourcePlan,
  TransformPlan,
} from './plan.ts';
import { resolveGlobalTiming, resolveSource } from './scrape.ts';
import { noteStore, runtimeSchema, storageSchema } from './store-keys.ts';
import { checkStaticTargets } from './static-targets.ts';
import { warnOfLostHistograms } from './lost-histograms.ts';
import { scrapeConfigSchema, type ScrapeInput, sharedShape } from './scrape-schema.ts';
import { planSinks, listSinkEntries, sinkShape } from './sinks.ts';
import { planStatsdReceivers, statsdReceiverSchema } from './statsd-receivers.ts';
import { planXrayReceivers, xrayReceiverSchema } from './xray-receivers.ts';

const globalSchema = z.strictObject({
  ...sharedShape,
  external_labels: labelsSchema.optional().meta({
    description:
      'Labels for all that is sent, added where a series lacks them. $NAME and ${NAME} in a ' +
      'value are taken from the environment.',
    examples: [{ cluster: 'prod' }],
  }),
  // These belong to rules and queries, which a collector does not run.
  evaluation_interval: durationSchema
    .optional()
    .describe('Has no effect: a collector evaluates no rules.'),
  rule_query_offset: durationSchema
    .optional()
    .describe('Has no effect: a collector evaluates no rules.'),
  query_log_file: ignoredValue(textSchema, 'A collector answers no queries.'),
});

export const prometheusSchema = z.strictObject({
  global: globalSchema.optional().describe('Defaults of all jobs; a job may override them.'),
  scrape_configs: listOf(scrapeConfigSchema).optional().describe(
    'The jobs: what is scraped, and how. What a job leaves out is taken from global.',
  ),
  scrape_config_files: listOf(textSchema).optional().meta({
    description: 'Files with more scrape_configs; the last part of a path may hold "*".',
    examples: [['jobs/*.yml']],
  }),
  xray_receivers: listOf(xrayReceiverSchema).optional().describe(
    'Where segment documents of traces are received; they go to every xray_write.',
  ),
  otlp_receivers: listOf(otlpReceiverSchema).optional().describe(
    'Where metrics and traces of OpenTelemetry are received; they go to every sink of theirs.',
  ),
  statsd_receivers: listOf(statsdReceiverSchema).optional().describe(
    'Where metrics of StatsD are received; they go to every sink of metrics.',
  ),
  otlp: otlpSectionSchema.optional(),
  ...sinkShape,
  // These two are about Go's garbage collector and Prometheus' store, which do not exist here.
  runtime: runtimeSchema.optional(),
  storage: storageSchema.optional(),
  alerting: unsupportedUnlessEmpty(
    'a collector sends no alerts; remove it and set up the alert manager of the workspace',
  ),
  rule_files: unsupportedUnlessEmpty(
    'a collector evaluates no rules; remove it and load the rules into the workspace',
  ),
  remote_read: unsupportedUnlessEmpty(
    'a collector answers no queries; remove it and query the workspace',
  ),
  tracing: unsupported('traces of the collector itself are not supported; remove it'),
}); // prettier-ignore

/** The keys of a file that scrape_config_files names. */
export const scrapeFileSchema = z.strictObject({
  scrape_configs: listOf(scrapeConfigSchema).optional().describe('The jobs of this file.'),
});

/** The jobs of one file, as parsed. */
export interface ScrapeSource {
  readonly inputs: readonly ScrapeInput[];
  /** The value before it went through the schema. */
  readonly raw: unknown;
  readonly baseDirectory: string;
  readonly report: Reporter;
}

export interface ResolveOptions {
  readonly input: z.output<typeof prometheusSchema>;
  /** The main file first, then those of scrape_config_files. */
  readonly sources: readonly ScrapeSource[];
  readonly baseDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Reporter;
  /** The id of the source of pushes, whose metrics go where those of jobs go. */
  readonly pushes?: string | undefined;
}

const EXTERNAL_LABELS = 'external_labels';

/**
 * Checks what the schema can't (one value against another), fills in the defaults, and makes the
 * routes: from all jobs and receivers of metrics to all sinks of metrics, and from all receivers of
 * segments to all sinks of traces.
 */
export async function resolvePrometheus(options: ResolveOptions): Promise<CollectorPlan> {
  const { input, baseDirectory, env, report, pushes } = options;
  const global = input.global ?? {};
  resolveGlobalTiming(global, report);
  noteStore(input.storage, report);
  const labels = resolveExternalLabels(global, env, report);
  const sources = await resolveJobs(options.sources, { global, externalLabels: labels });
  const { sinks, transforms } = planSinks(listSinkEntries(input), { baseDirectory, env, report });
  warnOfLostHistograms(sources, input.remote_write ?? [], report);
  const { traceReceivers, forwarders } = planXrayReceivers(input.xray_receivers ?? [], {
    path: ['xray_receivers'],
    baseDirectory,
    env,
    report,
  });
  const at = ['statsd_receivers'];
  const statsdReceivers = planStatsdReceivers(input.statsd_receivers ?? [], at, report);
  const sinksOf = (signal: Signal): string[] =>
    sinks.filter(({ signals }) => signals.includes(signal)).map(({ id }) => id);
  const otlp = resolveOtlpSection(input.otlp ?? {}, report);
  const otlpReceivers = resolveOtlpReceivers(input, {
    signals: (['metrics', 'traces'] as const).filter((one) => sinksOf(one).length > 0),
    metrics: otlp.intake,
    baseDirectory,
    report,
  });
  const received = otlpReceivers.length === 0 ? [] : otlp.transforms;
  const common: TransformPlan[] =
    Object.keys(labels).length === 0
      ? []
      : [{ id: EXTERNAL_LABELS, transform: externalLabels(labels) }];
  const metrics: RoutePlan = {
    id: 'metrics',
    signal: 'metrics',
    sources: [
      ...[...sources, ...statsdReceivers].map(({ id }) => id),
      ...(pushes === undefined ? [] : [pushes]),
    ],
    transforms: common.map(({ id }) => id),
    sinks: sinksOf('metrics'),
  };
  return {
    sources,
    taskSources: [],
    traceReceivers,
    otlpReceivers,
    statsdReceivers,
    forwarders,
    sinks,
    transforms: [...common, ...received, ...transforms],
    spanTransforms: [],
    routes: [
      // Without a job, a configuration of receivers alone has none of what is scraped.
      ...(metrics.sources.length === 0 && traceReceivers.length + otlpReceivers.length > 0
        ? []
        : [metrics]),
      ...planReceivedMetrics(otlpReceivers, sinks, { received, common }),
      ...planTraces([...traceReceivers, ...otlpReceivers], sinksOf('traces')),
    ],
    servers: [],
    log: {},
  };
}

type ReceiversInput = Pick<z.output<typeof prometheusSchema>, 'otlp' | 'otlp_receivers'>;

function resolveOtlpReceivers(
  { otlp, otlp_receivers: inputs = [] }: ReceiversInput,
  context: Omit<OtlpReceiversContext, 'path'>,
): readonly OtlpReceiverPlan[] {
  const { report } = context;
  const path = ['otlp_receivers'];
  if (otlp !== undefined && inputs.length === 0)
    report.warn(['otlp'], 'otlp has no effect: there are no otlp_receivers', 'key');
  const receivers = planOtlpReceivers(inputs, { ...context, path });
  checkOtlpListeners(receivers, path, report);
  return receivers;
}

/** Sinks that hold series as Prometheus names them; the others know metrics of OpenTelemetry. */
const OF_PROMETHEUS = new Set<SinkPlan['kind']>(['remote_write', 'file']);

/**
 * Two routes, by the names that sinks want: to those of Prometheus, what is received becomes series
 * by the section `otlp`, which what is scraped must not; to the others it goes as it came, with its
 * names, resource and deltas.
 */
function planReceivedMetrics(
  receivers: readonly OtlpReceiverPlan[],
  sinks: readonly SinkPlan[],
  { received, common }: Readonly<Record<'received' | 'common', readonly TransformPlan[]>>,
): RoutePlan[] {
  const takers = sinks.filter(({ signals }) => signals.includes('metrics'));
  const translated = takers.filter(({ kind }) => OF_PROMETHEUS.has(kind));
  const plain = takers.filter(({ kind }) => !OF_PROMETHEUS.has(kind));
  const ways = [
    { id: 'otlp', transforms: [...received, ...common], to: translated },
    { id: 'otlp_as_received', transforms: common, to: plain },
  ];
  return ways.flatMap(({ id, transforms, to }): RoutePlan[] =>
    receivers.length === 0 || to.length === 0
      ? []
      : [
          {
            id,
            signal: 'metrics',
            sources: receivers.map((one) => one.id),
            transforms: transforms.map((one) => one.id),
            sinks: to.map((one) => one.id),
          },
        ],
  );
}

/** None where one end is missing, which `check config` and the start say. */
function planTraces(
  receivers: readonly { readonly id: string }[],
  sinks: readonly string[],
): RoutePlan[] {
  if (receivers.length === 0 || sinks.length === 0) return [];
  const sources = receivers.map(({ id }) => id);
  return [{ id: 'traces', signal: 'traces', sources, transforms: [], sinks }];
}

export type GlobalInput = z.output<typeof globalSchema>;

export interface JobsContext {
  readonly global: GlobalInput;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** The id of the source that a job becomes, unique in the plan; the job's name when absent. */
  readonly idOf?: (jobName: string) => string;
}

/**
 * Makes sources of the jobs of a configuration and of the files that it includes. Job names must be
 * unique among all of them.
 */
export function resolveJobs(
  sources: readonly ScrapeSource[],
  context: JobsContext,
): Promise<SourcePlan[]> {
  return runGivingWay(resolveEach(sources, context));
}

function* resolveEach(
  sources: readonly ScrapeSource[],
  { global, externalLabels: labels, idOf = (name) => name }: JobsContext,
): Generator<undefined, SourcePlan[], undefined> {
  const names = new Set<string>();
  const plans: SourcePlan[] = [];
  for (const source of sources)
    for (const [index, job] of source.inputs.entries()) {
      const path = ['scrape_configs', index];
      const { report } = source;
      if (names.has(job.job_name))
        report.error(
          [...path, 'job_name'],
          'CONFIG_DUPLICATE',
          `job_name "${job.job_name}" is used by another scrape config already; names must be ` +
            `unique`,
        );
      names.add(job.job_name);
      const raw = (source.raw as { scrape_configs?: unknown[] }).scrape_configs?.[index];
      const id = idOf(job.job_name);
      const own = { id, global, path, source, externalLabels: labels };
      const plan = resolveSource(job, raw, own);
      plans.push(plan);
      yield* checkStaticTargets(job.static_configs ?? [], plan.scrape, { path, report });
      yield;
    }
  return plans;
}

/** The external labels of `global`, with references to the environment expanded. */
export function resolveExternalLabels(
  global: GlobalInput,
  env: Readonly<Record<string, string | undefined>>,
  report: Reporter,
): Readonly<Record<string, string>> {
  const isLegacy = global.metric_name_validation_scheme === 'legacy';
  const labels: Record<string, string> = {};
  for (const [name, text] of Object.entries(global.external_labels ?? {})) {
    const path = ['global', 'external_labels', name];
    if (isLegacy && !isLegacyLabelName(name))
      report.error(path, 'CONFIG_VALUE', `${JSON.stringify(name)} is not a valid label name`);
    labels[name] = expandEnvironment(text, env, (variable) =>
      report.warn(path, `environment variable "${variable}" is not set and taken as empty`),
    );
  }
  return labels;
}

/** `$name`, `${name}` and `$$`, as Go's os.Expand reads them. */
function expandEnvironment(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  onMissing: (variable: string) => void,
): string {
  return text.replace(
    /\$(?:\$|\{([^}]*)\}|(\w+|[*#@!?-]))/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      const variable = braced ?? bare;
      if (whole === '$$' || variable === '$') return '$';
      const value = env[variable ?? ''] ?? '';
      if (value === '') onMissing(variable ?? '');
      return value;
    },
  );
}
