/**
 * The components of the Collector that are no kinds of this program (kinds.ts), with what becomes
 * of each: it has no effect on what is carried and is accepted with a warning, or it is refused
 * with what to use instead. A component is named `type` or `type/more`. Components were renamed in
 * 2026; old and new types are both known.
 * Source: https://github.com/open-telemetry/opentelemetry-collector-contrib, its components'
 * folders and changelog; https://github.com/aws-observability/aws-otel-collector,
 * pkg/defaultcomponents/defaults.go
 */

import type { Section } from './sections.ts';

export type Fate = { readonly is: 'done' } | IdleFate | LackingFate;

/** Leaving it out changes nothing that is carried. */
export interface IdleFate {
  readonly is: 'idle';
  /** Follows "has no effect: ". */
  readonly why: string;
  readonly signals?: string;
}

/** Known or not, it can't be done; `instead` says what can. */
export interface LackingFate {
  readonly is: 'lacking';
  readonly instead: string;
  /** The same in a pipeline of traces, where that is something else. */
  readonly insteadForTraces?: string;
  /** The signals that it is for, where not for all: the Collector refuses it for others too. */
  readonly signals?: string;
}

/** The name of one component of a section, for sentences. */
export const NOUNS: Readonly<Record<Section, string>> = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  connectors: 'connector',
  extensions: 'extension',
};

/** The advice where only an OpenTelemetry collector can do something. */
export function besideFor(what: string): string {
  return `run an OpenTelemetry collector beside this one for ${what}`;
}

/** Types of one component, the name that ADOT 0.49 has first. */
export interface FateRow {
  readonly names: readonly string[];
  readonly fate: Exclude<Fate, { is: 'done' }>;
}

const AUTH = 'use sigv4auth, basicauth, bearertokenauth, oauth2client or headers_setter';
const FOR_SERVERS =
  'receivers check no credentials here: use tls with client_ca_file, or a load balancer; ' +
  `for exporters ${AUTH}`;
const AS_DISCOVERY = 'write the discovery as *_sd_configs of a job';

const idle = (names: string, why: string): FateRow => ({
  names: names.split(' '),
  fate: { is: 'idle', why },
});
const lacking = (names: string, instead: string, insteadForTraces = instead): FateRow => ({
  names: names.split(' '),
  fate: { is: 'lacking', instead, insteadForTraces },
});
const only = (signals: string, names: string, instead = besideFor(signals)): FateRow => ({
  names: names.split(' '),
  fate: { is: 'lacking', instead, signals },
});

/** All names of a component are in one text, separated by blanks. */
export const FATE_ROWS: Readonly<Record<Section, readonly FateRow[]>> = {
  receivers: [
    only(
      'metrics',
      'prometheus_simple prometheussimple',
      'write it as a job of a prometheus receiver',
    ),
    only(
      'metrics',
      'awscontainerinsightreceiver awscontainerinsight aws_container_insight',
      'run a node exporter on the instance and scrape it with a job',
    ),
    only(
      'metrics',
      'hostmetrics host_metrics',
      'run a node exporter on the host and scrape it with a job',
    ),
    only('metrics', 'telegraf_prometheus', 'write its jobs in a prometheus receiver'),
    lacking('kafka', besideFor('what is read from Kafka')),
    only(
      'metrics',
      'prometheusremotewrite prometheus_remote_write',
      'let the sender write to the workspace itself',
    ),
    only('traces', 'jaeger'),
    only('traces', 'zipkin'),
    only('logs', 'filelog file_log'),
  ],
  processors: [
    only(
      'metrics',
      'deltatorate delta_to_rate',
      'query rate() of the counter, or make it by a recording rule of the workspace',
    ),
    only(
      'metrics',
      'metricsgeneration metrics_generation experimental_metricsgeneration',
      'calculate it in the query, or by a recording rule of the workspace',
    ),
    lacking(
      'k8sattributes k8s_attributes',
      'it is for Kubernetes; amperage_ecs_sd_configs gives labels of the ECS task',
    ),
    only(
      'traces',
      'tail_sampling',
      'write a sampling rule of X-Ray, by which senders decide before they send, or ' +
        besideFor('traces'),
    ),
    {
      names: ['groupbytrace', 'group_by_trace'],
      fate: { is: 'idle', why: 'X-Ray puts the segments of a trace together', signals: 'traces' },
    },
    only(
      'traces',
      'span',
      `segments pass unchanged: let the sender name them, or ${besideFor('traces')}`,
    ),
  ],
  exporters: [
    only('metrics', 'awscloudwatch aws_cloudwatch', besideFor('CloudWatch')),
    only('metrics', 'prometheus', 'query the workspace: what was scraped is not served again'),
    lacking('kafka', besideFor('Kafka')),
    lacking(
      'loadbalancing load_balancing',
      'name the exporters themselves; collectors divide the targets, see "collect --shard"',
    ),
    lacking('datadog', besideFor('Datadog')),
    lacking('signalfx', besideFor('SignalFx')),
    only('logs', 'awscloudwatchlogs aws_cloudwatch_logs'),
    only('traces or logs', 'logzio'),
  ],
  connectors: [],
  extensions: [
    idle('entitystore', "it tells CloudWatch of CloudWatch's own agent"),
    idle('cgroup_runtime', 'Node reads the limits of the container by itself'),
    lacking('azureauth azure_auth', AUTH),
    lacking('googleclientauth google_client_auth', AUTH),
    lacking('asapclient', AUTH),
    lacking('oidc', FOR_SERVERS),
    lacking('bearerauth', FOR_SERVERS),
    lacking('datadog_auth', FOR_SERVERS),
    lacking('k8s_observer', AS_DISCOVERY),
    lacking('docker_observer', AS_DISCOVERY),
    lacking('host_observer', AS_DISCOVERY),
    lacking('kafkatopics_observer', AS_DISCOVERY),
    lacking('ecs_task_observer', 'use ecs_observer, or amperage_ecs_sd_configs in the job'),
    lacking('opamp', 'remove it'),
    lacking('remotetap remote_tap', 'remove it'),
    lacking('http_forwarder httpforwarder', 'remove it'),
    lacking('jaegerremotesampling', 'remove it'),
    lacking('db_storage', 'queues are on disk, below --storage.path; remove it'),
    lacking('redis_storage', 'queues are on disk, below --storage.path; remove it'),
  ],
};

/** The type in a component's name: `prometheus` for `prometheus/ecs`. */
export function typeOf(name: string): string {
  return name.split('/', 1)[0] ?? '';
}

/** What becomes of a component that is no kind; undefined for a type that the table lacks. */
export function unbuiltFateOf(section: Section, name: string): FateRow['fate'] | undefined {
  const type = typeOf(name);
  return FATE_ROWS[section].find(({ names }) => names.includes(type))?.fate;
}

/** The advice for a type that the table does not name. */
export function insteadOfUnknown(section: Section, name: string): string {
  return besideFor(`${NOUNS[section]} ${typeOf(name)}`);
}
