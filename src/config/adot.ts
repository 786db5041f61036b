/**
 * A configuration of the OpenTelemetry Collector, as ADOT has it, as a Prometheus configuration: the prometheus receivers of
 * its pipelines and their remote write exporters, signed where an authenticator says so. What else it asks for is
 * named, not done.
 * Source: https://aws-otel.github.io/docs/getting-started/prometheus-remote-write-exporter
 */

export interface Translated {
  readonly value: Record<string, unknown>;
  /** In words: parts that are not taken over. */
  readonly notes: readonly string[];
}

type Dict = Readonly<Record<string, unknown>>;

const dict = (value: unknown): Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Dict) : {};
const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const kindOf = (name: string): string => name.split('/')[0] ?? '';

const WRITERS = new Set(['prometheusremotewrite', 'awsprometheusremotewrite']);
/** They change nothing of what is scraped, or nothing that we do otherwise. */
const HARMLESS = new Set([
  'batch',
  'memory_limiter',
  'health_check',
  'pprof',
  'zpages',
  'sigv4auth',
]);

export function isCollectorConfig(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'receivers' in value;
}

export function translateCollector(value: unknown): Translated {
  const root = dict(value);
  const [receivers, exporters, extensions] = [
    dict(root['receivers']),
    dict(root['exporters']),
    dict(root['extensions']),
  ];
  const notes = new Set<string>();
  const scraping = new Set<string>();
  const writing = new Set<string>();
  for (const [name, pipeline] of Object.entries(dict(dict(root['service'])['pipelines']))) {
    const { receivers: from, processors, exporters: to } = dict(pipeline);
    for (const one of list(processors))
      if (!HARMLESS.has(kindOf(one))) notes.add(`processor ${one} of pipeline ${name}`);
    for (const one of list(from))
      if (kindOf(one) === 'prometheus') scraping.add(one);
      else notes.add(`receiver ${one} of pipeline ${name}`);
    for (const one of list(to))
      if (WRITERS.has(kindOf(one))) writing.add(one);
      else notes.add(`exporter ${one} of pipeline ${name}`);
  }
  for (const one of list(dict(root['service'])['extensions']))
    if (!HARMLESS.has(kindOf(one))) notes.add(`extension ${one}`);
  const configs = [...scraping].map((name) => dict(dict(receivers[name])['config']));
  return {
    value: {
      global: Object.assign({}, ...configs.map((config) => dict(config['global']))) as Dict,
      scrape_configs: configs.flatMap((config) => config['scrape_configs'] ?? []),
      remote_write: [...writing].map((name) => writerOf(name, dict(exporters[name]), extensions)),
    },
    notes: [...notes],
  };
}

/** A remote write exporter as an entry of remote_write. */
function writerOf(name: string, exporter: Dict, extensions: Dict): Dict {
  const { endpoint, headers, timeout, external_labels: labels, aws_auth: old, auth } = exporter;
  const authenticator = dict(auth)['authenticator'];
  const signed = authenticator === undefined ? old : extensions[String(authenticator)];
  return {
    name,
    url: endpoint,
    ...(headers === undefined ? {} : { headers }),
    ...(timeout === undefined ? {} : { remote_timeout: timeout }),
    ...(labels === undefined
      ? {}
      : {
          write_relabel_configs: Object.entries(dict(labels)).map(([label, text]) => ({
            target_label: label,
            replacement: text,
          })),
        }),
    ...(signed === undefined && authenticator === undefined
      ? {}
      : { sigv4: sigv4Of(dict(signed)) }),
  };
}

/** Of the extension sigv4auth, or of the block aws_auth that came before it. */
function sigv4Of(signed: Dict): Dict {
  const { region, service, role_arn: role, assume_role: assumed } = signed;
  const { arn, external_id: externalId } = dict(assumed);
  const roleArn = arn ?? role;
  return {
    ...(region === undefined ? {} : { region }),
    ...(service === undefined || service === 'aps' ? {} : { service_name: service }),
    ...(roleArn === undefined ? {} : { role_arn: roleArn }),
    ...(externalId === undefined ? {} : { external_id: externalId }),
  };
}
