/**
 * The JSON file of CloudWatch's own agent, which is no configuration of a collector: it is told
 * from one by its sections, and each part that it has becomes an error that names what to write
 * instead. Pure.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
 * CloudWatch-Agent-Configuration-File-Details.html
 */
import type { ConfigPath, Reporter } from '../settings/finding.ts';

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
    'check the file of its "prometheus_config_path" instead, which is a configuration of ' +
    'Prometheus and read as it is, and add an entry emf_write with its "log_group_name" and ' +
    '"emf_processor" there; "ecs_service_discovery" becomes amperage_ecs_sd_configs of a job',
  'metrics.prometheus':
    'check the file of its "prometheus_config_path" instead, which is a configuration of ' +
    'Prometheus and read as it is, and add an entry remote_write there; ' +
    '"ecs_service_discovery" becomes amperage_ecs_sd_configs of a job',
  otlp: 'write otlp_receivers, docs/otlp.md',
  statsd: 'write statsd_receivers, docs/statsd.md',
  xray: 'write xray_receivers and xray_write, docs/traces.md',
};

/** Whether a document is such a file: it has the agent's sections and nothing else but them. */
export function isAgentConfig(document: unknown): document is Readonly<Record<string, unknown>> {
  if (!isMap(document)) return false;
  const keys = Object.keys(document);
  const isOfAgent = 'agent' in document || listParts(document).length > 0;
  return isOfAgent && keys.some((key) => SECTIONS.includes(key)) && !keys.some(isOfCollector);
}

/** Reports that it is one, then each of its parts, at its line. */
export function reportAgentConfig(
  document: Readonly<Record<string, unknown>>,
  report: Reporter,
): void {
  const [first = ''] = Object.keys(document).filter((key) => SECTIONS.includes(key));
  report.error(
    [first],
    'CONFIG_UNSUPPORTED',
    "this is a file of CloudWatch's agent, not a configuration of Prometheus or the " +
      'OpenTelemetry Collector: what to write instead is in docs/cloudwatch.md, "From the ' +
      'CloudWatch agent"',
  );
  for (const path of listParts(document)) {
    const [section, , part] = path;
    const instead = INSTEAD[`${section}.${part}`] ?? INSTEAD[String(part)];
    const words = instead ?? 'it has no counterpart here; leave it to the agent';
    report.error(path, 'CONFIG_UNSUPPORTED', `"${part}" of the agent: ${words}`);
  }
}

/** The paths of what such a file collects, such as `logs.metrics_collected.prometheus`. */
function listParts(document: Readonly<Record<string, unknown>>): ConfigPath[] {
  return Object.entries(PARTS).flatMap(([section, lists]) =>
    lists.flatMap((list) => {
      const sectionValue = document[section];
      const collected = isMap(sectionValue) ? sectionValue[list] : undefined;
      return isMap(collected) ? Object.keys(collected).map((part) => [section, list, part]) : [];
    }),
  );
}

/** Keys that only a configuration of a collector has, in either dialect. */
function isOfCollector(key: string): boolean {
  const keys = ['global', 'scrape_configs', 'receivers', 'exporters', 'service'];
  return keys.includes(key) || key.endsWith('_write');
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
