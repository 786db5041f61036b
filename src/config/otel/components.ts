/**
 * The table of the Collector's components, with what becomes of each. A component is supported; or
 * has no effect on scraped samples and is accepted with a warning; or is refused with what to use
 * instead. A name is `type` or `type/more`. Components were renamed in 2026; old and new names are
 * both known.
 * Source: https://github.com/open-telemetry/opentelemetry-collector-contrib, its components'
 * folders and changelog
 */

import { processorKinds } from './processors/processors.ts';

export const SECTIONS = [
  'receivers',
  'processors',
  'exporters',
  'connectors',
  'extensions',
] as const;

export type Section = (typeof SECTIONS)[number];

export type Fate =
  | { readonly is: 'done' }
  /** Leaving it out changes no sample; `why` follows "has no effect: ". */
  | { readonly is: 'idle'; readonly why: string }
  /** Known or not, it can't be done; `instead` says what can. */
  | { readonly is: 'lacking'; readonly instead: string };

/** The name of one component of a section, for sentences. */
export const NOUNS: Readonly<Record<Section, string>> = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  connectors: 'connector',
  extensions: 'extension',
};

const RELABEL = 'write it as metric_relabel_configs of the jobs';
const TO_FILE = '"file_write" of a Prometheus configuration writes samples to a file';

/** The advice where only an OpenTelemetry collector can do something. */
export function besideFor(what: string): string {
  return `run an OpenTelemetry collector beside this one for ${what}`;
}

const done: Fate = { is: 'done' };
const idle = (why: string): Fate => ({ is: 'idle', why });
const lacking = (instead: string): Fate => ({ is: 'lacking', instead });

/** All names of a component are in one key, separated by blanks. */
const TABLE: Readonly<Record<Section, Readonly<Record<string, Fate>>>> = {
  receivers: {
    prometheus: done,
    'prometheus_simple prometheussimple': lacking('write it as a job of a prometheus receiver'),
    'awsecscontainermetrics aws_ecs_container_metrics': done,
    'awscontainerinsightreceiver awscontainerinsight aws_container_insight': lacking(
      'run a node exporter on the instance and scrape it with a job',
    ),
    'hostmetrics host_metrics': lacking('run a node exporter on the host and scrape it with a job'),
    telegraf_prometheus: lacking('write its jobs in a prometheus receiver'),
    'awsxray aws_xray': lacking(besideFor('trace segments')),
    otlp: lacking(`let the application serve /metrics and scrape it, or ${besideFor('OTLP')}`),
    statsd: lacking(besideFor('StatsD')),
    'prometheusremotewrite prometheus_remote_write': lacking(
      'let the sender write to the workspace itself',
    ),
  },
  processors: {
    ...Object.fromEntries(processorKinds.map(({ names }) => [names.join(' '), done])),
    'deltatocumulative delta_to_cumulative': idle('what is scraped is cumulative already'),
    filter: lacking(`${RELABEL}: action keep or drop by __name__`),
    'metricstransform metrics_transform': lacking(`${RELABEL}: names and labels by action replace`),
    'transform attributes resource': lacking(RELABEL),
    'cumulativetodelta cumulative_to_delta': lacking(
      'remove it: remote write carries cumulative series',
    ),
  },
  exporters: {
    'prometheusremotewrite prometheus_remote_write awsprometheusremotewrite': done,
    'awsxray aws_xray': lacking(besideFor('traces')),
    'awsemf aws_emf awscloudwatch aws_cloudwatch': lacking(besideFor('CloudWatch')),
    'awscloudwatchlogs aws_cloudwatch_logs': lacking(besideFor('CloudWatch')),
    'otlp otlp_grpc otlphttp otlp_http': lacking(besideFor('OTLP')),
    prometheus: lacking('query the workspace: what was scraped is not served again'),
    'debug logging file': lacking(TO_FILE),
  },
  connectors: {},
  extensions: {
    'sigv4auth basicauth bearertokenauth': done,
    'health_check healthcheckv2 health_check_v2': idle(
      'the health of the collector is /-/healthy and /-/ready at --web.listen-address',
    ),
    pprof: idle('the collector serves no profiles'),
    zpages: idle('the web page at --web.listen-address shows targets, and /metrics the queues'),
    'file_storage filestorage': idle('queues are on disk, below --storage.path'),
    memory_ballast: idle('the memory of the process needs no ballast'),
    'agenthealth entitystore': idle("it tells CloudWatch of CloudWatch's own agent"),
    'awsproxy aws_proxy': lacking('"amperage proxy" signs requests of programs that cannot'),
    'ecs_observer ecsobserver': lacking(
      'use amperage_ecs_sd_configs with labels: ecsobserver in the job, or "amperage discover"',
    ),
    'headers_setter headerssetter': lacking('use "headers" of the exporter'),
    'oauth2client oauth2_client': lacking(
      'use "oauth2" of remote_write in a Prometheus configuration',
    ),
  },
};

const FATES: Readonly<Record<Section, ReadonlyMap<string, Fate>>> = Object.fromEntries(
  SECTIONS.map((section) => [
    section,
    new Map(
      Object.entries(TABLE[section]).flatMap(([names, fate]) =>
        names.split(' ').map((name) => [name, fate] as const),
      ),
    ),
  ]),
) as unknown as Record<Section, ReadonlyMap<string, Fate>>;

/** The type in a component's name: `prometheus` for `prometheus/ecs`. */
export function typeOf(name: string): string {
  return name.split('/', 1)[0] ?? '';
}

/** Undefined for a type that the table does not name. */
export function fateOf(section: Section, name: string): Fate | undefined {
  return FATES[section].get(typeOf(name));
}

export function knownTypes(section: Section): readonly string[] {
  return [...FATES[section].keys()];
}

/** The advice for a type that the table does not name. */
export function insteadOfUnknown(section: Section, name: string): string {
  return besideFor(`${NOUNS[section]} ${typeOf(name)}`);
}
