/**
 * The dialect of the OpenTelemetry Collector, as ADOT has it: pipelines of metrics and traces from
 * receivers to exporters become a plan. Each pipeline becomes a route, each receiver
 * keeps its own `global`, and a component that several pipelines use is made once.
 *
 *     receiver prometheus/a: jobs, global ─┐
 *                                          ├─► pipeline metrics/x, a route ─► exporter, a sink
 *     receiver prometheus/b: jobs, global ─┘
 *
 * A receiver sets its external labels on all series; an exporter adds its own where a series lacks
 * them. Whatever can't be done is reported at its line, never left out silently.
 * Source: https://opentelemetry.io/docs/collector/configuration/,
 * https://aws-otel.github.io/docs/getting-started/prometheus-remote-write-exporter
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { relocated } from '../../settings/finding.ts';
import { boundLabels } from '../../transforms/bound-labels.ts';
import { externalLabels } from '../../transforms/external-labels.ts';
import { resourceLabels } from '../../transforms/resource-labels.ts';
import { scrapedResource } from '../../transforms/scraped-resource.ts';
import { checkListeners, type Listener } from '../listeners.ts';
import { listOtlpListeners } from '../otlp-receivers.ts';
import type { CollectorPlan, OtlpReceiverPlan, RoutePlan, TransformPlan } from '../plan.ts';
import { parseValue } from '../reading.ts';
import { planSinks, type PlannedSinks, type SinkEntry } from '../sinks.ts';
import { describeListener } from '../statsd-receivers.ts';
import type { CollectorContext } from './component.ts';
import { type CollectorInput, collectorSchema, withoutNulls } from './document.ts';
import { type PlannedExporter, planExporter } from './exporter-kinds.ts';
import { type Extensions, resolveExtensions } from './extensions/resolve.ts';
import { applyObservers } from './observed-targets.ts';
import type { ResolvedOtlpReceiver } from './otlp-receivers.ts';
import { type Pipeline, resolvePipelines, type Used } from './pipelines.ts';
import { resolveProcessors, type Processors } from './processors/resolve.ts';
import { resolveReceiver, type ResolvedReceiver } from './receivers.ts';
import { CARRIED } from './signals.ts';
import { resolveTelemetry } from './telemetry.ts';
import { PROXY_SUFFIX } from './trace-receivers.ts';
import { checkUnused } from './unused.ts';
import { planExporterTransforms } from './exporter-transforms.ts';
import { checkQueueStorage } from './queue-storage.ts';
import { checkTemporality, wantsTotals } from './temporality.ts';
import { checkOtlpPipelines } from './otlp-pipelines.ts';

export { expandReferences } from './expand.ts';

/**
 * Makes the plan. Undefined when the sections themselves have faults; all faults are reported.
 *
 * @param value  the configuration; keys without a value are null, references are expanded
 */
export async function planCollector(
  value: unknown,
  context: CollectorContext,
): Promise<CollectorPlan | undefined> {
  const { reading, report } = context;
  const { allowsPartial } = reading;
  const parsed = parseValue(collectorSchema, withoutNulls(value), { allowsPartial, report });
  if (parsed === undefined) return undefined;
  const input = parsed.data;
  const used = resolvePipelines(input, report);
  const extensions = resolveExtensions(input, used.extensions, context);
  const telemetry = resolveTelemetry(input.service.telemetry, report);
  const receivers = await resolveReceivers(input, used.pipelines, context);
  const writers = resolveExporters(input, used, { ...context, extensions });
  const planned = planWriters(writers, context);
  // Only receivers of Prometheus want totals.
  const toPrometheus = [...writers].filter(([, { transforms }]) => transforms !== undefined);
  const names = new Set(toPrometheus.map(([name]) => name));
  checkQueueStorage(input, used, report);
  checkTemporality(used.pipelines, names, { input, report });
  const otlpSinks = planned.sinks.filter(({ kind }) => kind === 'otlp');
  const signals = new Map(otlpSinks.map((sink) => [sink.name, sink.signals]));
  checkOtlpPipelines(used.pipelines, (name) => signals.get(name), { input, report });
  const processors = resolveProcessors(input, used.pipelines, context);
  await checkUnused(input, used, context);
  const labels = [...receivers].flatMap(([name, receiver]) => planExternalLabels(name, receiver));
  const parts = { receivers, processors, writers };
  const routes = used.pipelines.flatMap((one) => planRoutes(one, parts));
  for (const one of used.pipelines) noteSegments(one, parts, report);
  if (routes.length === 0 && allowsPartial)
    report.error(
      ['service', 'pipelines'],
      'CONFIG_UNSUPPORTED',
      'no pipeline is left: none leads from a receiver to an exporter that are built in',
    );
  const received = [...receivers.values()];
  const sources = received.flatMap((one) => one.sources);
  const traceReceivers = received.flatMap((one) => one.traceReceivers);
  const otlpReceivers = received
    .flatMap((one) => one.otlpReceivers)
    .map((one) => withSignals(one, routes));
  const statsdReceivers = received
    .flatMap((one) => one.statsdReceivers)
    .map((one) => ({ ...one, isCumulative: wantsTotals(one.id, used.pipelines, names) }));
  const forwarders = [...extensions.forwarders, ...received.flatMap((one) => one.forwarders)];
  const servers = [...extensions.servers, ...telemetry.servers];
  const listening = { servers, traceReceivers, otlpReceivers, statsdReceivers, forwarders };
  checkListeners(listListeners(listening, input), report);
  return {
    sources: applyObservers(sources, extensions.targets, report),
    taskSources: received.flatMap((one) => one.taskSources),
    traceReceivers,
    otlpReceivers,
    statsdReceivers,
    forwarders,
    transforms: [
      { id: RESOURCE, transform: scrapedResource },
      ...labels,
      ...[...processors.ofMetrics.values()].flat(),
      ...planned.transforms,
    ],
    spanTransforms: [...processors.ofTraces.values()].flat(),
    sinks: planned.sinks,
    routes,
    servers,
    log: telemetry.log,
  };
}

async function resolveReceivers(
  input: CollectorInput,
  pipelines: readonly Pipeline[],
  context: CollectorContext,
): Promise<ReadonlyMap<string, ResolvedReceiver>> {
  const receivers = new Map<string, ResolvedReceiver>();
  for (const name of new Set(pipelines.flatMap((one) => one.receivers))) {
    const receiver = await resolveReceiver(name, input.receivers?.[name] ?? {}, context);
    if (receiver !== undefined) receivers.set(name, receiver);
  }
  checkIds(receivers, context.report);
  return receivers;
}

/** Checks ids of jobs: `prometheus/a` with job `b` has the id of `prometheus` with job `a/b`. */
function checkIds(receivers: ReadonlyMap<string, ResolvedReceiver>, report: Reporter): void {
  const owners = new Map<string, string>();
  for (const [name, { sources }] of receivers)
    for (const { id } of sources) {
      const owner = owners.get(id) ?? name;
      owners.set(id, owner);
      if (owner === name) continue;
      report.error(
        ['receivers', name],
        'CONFIG_DUPLICATE',
        `jobs of receivers "${owner}" and "${name}" are both called "${id}"; rename one`,
      );
    }
}

function resolveExporters(
  input: CollectorInput,
  used: Used,
  { extensions, ...collector }: CollectorContext & { readonly extensions: Extensions },
): ReadonlyMap<string, PlannedExporter> {
  const { authenticators } = extensions;
  const isDefined = (name: string): boolean => Object.hasOwn(input.extensions ?? {}, name);
  const context = { ...collector, authenticators, isDefined };
  const writers = new Map<string, PlannedExporter>();
  for (const name of new Set(used.pipelines.flatMap((one) => one.exporters))) {
    const writer = planExporter(name, input.exporters?.[name] ?? {}, context);
    if (writer !== undefined) writers.set(name, writer);
  }
  return writers;
}

/**
 * Makes sinks of the exporters by the table of sinks, as for entries of the Prometheus dialect. The
 * findings are moved to the keys of the exporter.
 */
function planWriters(
  writers: ReadonlyMap<string, PlannedExporter>,
  { baseDirectory, reading, report }: CollectorContext,
): PlannedSinks {
  const entries = [...writers].map(([name, { kind, input }]): SinkEntry => ({
    kind,
    input,
    path: ['exporters', name],
  }));
  const move = ([section, name, ...rest]: ConfigPath): ConfigPath =>
    writers.get(String(name))?.origin(rest) ?? [section ?? '', name ?? '', ...rest];
  const { env } = reading;
  const planned = planSinks(entries, { baseDirectory, env, report: relocated(report, move) });
  return planExporterTransforms(planned, (name) => writers.get(name)?.transforms, [
    { id: LABELS, transform: resourceLabels },
    { id: BOUNDS, transform: boundLabels },
  ]);
}

/** Ids of the transforms at both ends of a route: into a resource, and back to labels. */
const RESOURCE = 'resource';
const LABELS = 'labels';
const BOUNDS = 'bounds';
const idOfLabels = (receiver: string): string => `external_labels:${receiver}`;

function planExternalLabels(
  receiver: string,
  { externalLabels: labels }: ResolvedReceiver,
): TransformPlan[] {
  return Object.keys(labels).length === 0
    ? []
    : [{ id: idOfLabels(receiver), transform: externalLabels(labels, 'set') }];
}

interface Parts {
  readonly receivers: ReadonlyMap<string, ResolvedReceiver>;
  readonly processors: Processors;
  readonly writers: ReadonlyMap<string, PlannedExporter>;
}

/**
 * The routes of a pipeline: of metrics one for each receiver, since each sets its own external
 * labels; of traces one for all of them.
 */
function planRoutes(
  { name, signal, receivers: used, processors: between, exporters }: Pipeline,
  { receivers, processors, writers }: Parts,
): RoutePlan[] {
  const sinks = exporters.flatMap((one) => {
    const writer = writers.get(one);
    return writer === undefined ? [] : `${writer.kind.kind}/${one}`;
  });
  const found = used.flatMap((one): (readonly [string, ResolvedReceiver])[] => {
    const receiver = receivers.get(one);
    return receiver === undefined ? [] : [[one, receiver]];
  });
  if (sinks.length === 0 || found.length === 0) return [];
  if (signal === 'traces') {
    const all = found.flatMap(([, one]) => [...one.traceReceivers, ...one.otlpReceivers]);
    const transforms = between.flatMap((one) => processors.ofTraces.get(one) ?? []);
    const sources = all.map(({ id }) => id);
    return [{ id: name, signal, sources, transforms: transforms.map(({ id }) => id), sinks }];
  }
  const steps = between.flatMap((one) => processors.ofMetrics.get(one) ?? []).map(({ id }) => id);
  return found.map(([receiver, resolved]) => ({
    id: used.length === 1 ? name : `${name}:${receiver}`,
    signal,
    sources: [
      ...resolved.sources,
      ...resolved.taskSources,
      ...resolved.otlpReceivers,
      ...resolved.statsdReceivers,
    ].map(({ id }) => id),
    transforms: [
      ...planExternalLabels(receiver, resolved).map(({ id }) => id),
      // What is not scraped has no job and instance to make a resource of.
      ...(resolved.sources.length > 0 ? [RESOURCE] : []),
      ...steps,
    ],
    sinks,
  }));
}

/** Segment documents are no spans: what would change spans passes them by. */
function noteSegments(
  { name, signal, receivers: used, processors: between }: Pipeline,
  { receivers, processors }: Parts,
  report: Reporter,
): void {
  if (signal !== 'traces') return;
  const segments = used.filter((one) => (receivers.get(one)?.traceReceivers.length ?? 0) > 0);
  const changing = between.filter((one) => (processors.ofTraces.get(one)?.length ?? 0) > 0);
  if (segments.length === 0 || changing.length === 0) return;
  report.warn(
    ['service', 'pipelines', name, 'processors'],
    `${changing.join(', ')} act on spans alone: segments that ${segments.join(', ')} receives in ` +
      "X-Ray's own form pass unchanged",
  );
}

/** A receiver of OTLP takes the signals of the pipelines that name it. */
function withSignals(
  receiver: ResolvedOtlpReceiver,
  routes: readonly RoutePlan[],
): OtlpReceiverPlan {
  const own = routes.filter(({ sources }) => sources.includes(receiver.id));
  return {
    ...receiver,
    signals: CARRIED.filter((one) => own.some(({ signal }) => signal === one)),
  };
}

type Listening = Pick<
  CollectorPlan,
  'servers' | 'traceReceivers' | 'otlpReceivers' | 'statsdReceivers' | 'forwarders'
>;

/** All that listens, with the path at which a collision is told. */
function listListeners(
  { servers, traceReceivers, otlpReceivers, statsdReceivers, forwarders }: Listening,
  { extensions = {} }: Pick<CollectorInput, 'extensions'>,
): readonly Listener[] {
  const isExtension = (id: string): boolean => Object.hasOwn(extensions, id);
  return [
    ...servers.map(({ id, listen }): Listener => {
      const at = isExtension(id) ? ['extensions', id] : id.split('.');
      return { id, listen, protocol: 'tcp', at };
    }),
    ...forwarders.map(({ id, listen }): Listener => {
      const receiver = id.slice(0, -PROXY_SUFFIX.length);
      const at = isExtension(id) ? ['extensions', id] : ['receivers', receiver];
      return { id, listen, protocol: 'tcp', at };
    }),
    ...listOtlpListeners(otlpReceivers, ({ id }) => ['receivers', id]),
    ...statsdReceivers.map((one) => describeListener(one, ['receivers', one.id])),
    ...traceReceivers.map(({ id, listen }): Listener => ({
      id,
      listen,
      protocol: 'udp',
      at: ['receivers', id],
    })),
  ];
}
