/**
 * The JSON file of CloudWatch's own agent, which is no configuration of a collector: it is told
 * from one by its sections, and each part that it has becomes an error that names what to write
 * instead. Pure.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
 * CloudWatch-Agent-Configuration-File-Details.html
 */
import type { ConfigPath, Reporter } from '../settings/finding.ts';
import { isMapping, type Mapping } from './mapping.ts';

/** The sections with what is collected below them; a collector's configuration has none of them. */
const PARTS = {
  logs: ['metrics_collected', 'logs_collected'],
  metrics: ['metrics_collected'],
  traces: ['traces_collected'],
} as const;

const SECTIONS = ['agent', ...Object.keys(PARTS)];

/** What is written instead of a part; others have no counterpart. */
const INSTEAD: Readonly<Record<string, string>> = {
  'logs.prometheus':
    '"amperage check convert" writes it as a configuration of Prometheus: the jobs of ' +
    'its "prometheus_config_path", with emf_write and amperage_ecs_sd_configs',
  'metrics.prometheus':
    '"amperage check convert" writes it as a configuration of Prometheus: the jobs of its ' +
    '"prometheus_config_path", with remote_write',
  otlp: 'write otlp_receivers, docs/otlp.md',
  statsd: 'write statsd_receivers, docs/statsd.md',
  xray: 'write xray_receivers and xray_write, docs/traces.md',
  collectd: 'let collectd serve its metrics by its plugin write_prometheus, and scrape that',
  jmx: 'run the JMX exporter beside the application and scrape it',
  nvidia_smi: 'run the exporter of DCGM on the instance and scrape it',
  procstat: 'run a process exporter on the instance and scrape it',
  emf: 'let the application write its events to stdout, which the log driver awslogs takes',
  ecs: 'leave Container Insights of instances to the agent',
  kubernetes: 'leave it to the agent',
  files: 'leave log files to the agent, or to the log driver of the container',
  windows_events: 'leave logs to the agent',
  journald: 'leave logs to the agent',
};

/** Metrics of the machine, which a node exporter has, too. */
const OF_HOST: ReadonlySet<string> = new Set([
  'cpu', 'disk', 'diskio', 'efa', 'ethtool', 'mem', 'net', 'netstat', 'processes', 'swap',
]); // prettier-ignore

/** What to do in place of a part of the agent's section logs, metrics or traces. */
export function adviceForPart(section: string, part: string): string {
  const instead = INSTEAD[`${section}.${part}`] ?? INSTEAD[part];
  if (instead !== undefined) return instead;
  if (OF_HOST.has(part)) return 'run a node exporter on the instance and scrape it';
  return 'it has no counterpart here; leave it to the agent';
}

/** Whether a document is such a file: it has the agent's sections and nothing else but them. */
export function isAgentConfig(document: unknown): document is Mapping {
  if (!isMapping(document)) return false;
  const keys = Object.keys(document);
  const isOfAgent = 'agent' in document || listParts(document).length > 0;
  return isOfAgent && keys.some((key) => SECTIONS.includes(key)) && !keys.some(isOfCollector);
}

/** Reports that it is one, then each of its parts, at its line. */
export function reportAgentConfig(document: Mapping, report: Reporter): void {
  const [first = ''] = Object.keys(document).filter((key) => SECTIONS.includes(key));
  report.error(
    [first],
    'CONFIG_UNSUPPORTED',
    "this is a file of CloudWatch's agent, not a configuration of Prometheus or the " +
      'OpenTelemetry Collector: what to write instead is in docs/cloudwatch.md, "From the ' +
      'CloudWatch agent", and "amperage check convert" writes it',
  );
  for (const path of listParts(document)) {
    const [section, , part] = path;
    const words = adviceForPart(String(section), String(part));
    report.error(path, 'CONFIG_UNSUPPORTED', `"${part}" of the agent: ${words}`);
  }
}

/** The paths of what such a file collects, such as `logs.metrics_collected.prometheus`. */
function listParts(document: Mapping): ConfigPath[] {
  return Object.entries(PARTS).flatMap(([section, lists]) =>
    lists.flatMap((list) => {
      const sectionValue = document[section];
      const collected = isMapping(sectionValue) ? sectionValue[list] : undefined;
      return isMapping(collected)
        ? Object.keys(collected).map((part) => [section, list, part])
        : [];
    }),
  );
}

/** Keys that only a configuration of a collector has, in either dialect. */
function isOfCollector(key: string): boolean {
  const keys = ['global', 'scrape_configs', 'receivers', 'exporters', 'service'];
  return keys.includes(key) || key.endsWith('_write');
}
