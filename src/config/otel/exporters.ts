/**
 * Turns a remote write exporter into an entry of remote_write. Each of its keys is taken over, or
 * has no effect, which a warning says, or is refused. A value that can't be done is refused; one
 * that is the Collector's default is a warning.
 */
import { isLegacyLabelName } from '../../model/labels.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { remoteWriteSchema } from '../../sinks/remote-write/schema.ts';
import { parseValue } from '../reading.ts';
import {
  type AuthenticatorContext,
  changeHeaders,
  type Credentials,
  resolveAuthenticator,
  pickSigv4,
} from './authenticators.ts';
import { typeOf } from './components.ts';
import type { OtelComponent } from './document.ts';
import {
  CLIENT_KEYS,
  CONNECTION_KEYS,
  type ExporterInput,
  exporterSchema,
} from './exporter-schema.ts';
import { type ExporterPaths, makeOrigin, type Origin } from './exporter-origin.ts';
import { resolveExporterTls } from './exporter-tls.ts';

export interface Writer {
  /** An entry of remote_write, as its schema gives it. */
  readonly input: unknown;
  /** The same entry as one would write it. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Maps a path in that entry to the path in the document that it comes from. */
  readonly origin: Origin;
}

/** AMP takes at most so many bytes in a request. */
const BATCH_BYTES_MAX = 1_000_000;

/** Undefined when the exporter can't be done; the findings then say why. */
export function resolveExporter(
  name: string,
  exporter: OtelComponent,
  context: AuthenticatorContext,
): Writer | undefined {
  const at = ['exporters', name];
  const { report, reading } = context;
  const { allowsPartial, env } = reading;
  const parsed = parseValue(exporterSchema, exporter, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const input = parsed.data;
  // The block "http" replaces all client keys beside it, as in the Collector.
  const clientAt = input.http === undefined ? at : [...at, 'http'];
  const client = input.http ?? input;
  noteHidden(input, at, report);
  noteWithoutEffect(input, at, report);
  noteConnections(client, clientAt, report);
  refuseChanges(input, at, report);
  refuseInClient(client, clientAt, report);
  const credentials = resolveCredentials(name, input, client, { ...context, at, clientAt });
  if (credentials === 'impossible') return undefined;
  const { endpoint } = client;
  if (endpoint === undefined || endpoint === '') {
    const message = `exporter "${name}" needs an "endpoint"`;
    report.error(clientAt, 'CONFIG_VALUE', message);
    return undefined;
  }
  const raw = withoutUndefined({
    name,
    url: endpoint,
    headers: changeHeaders(client.headers, credentials?.headers),
    // The Collector's default is 5s; without the key it is 30s here, and failures are retried.
    remote_timeout: resolveTimeout(input, { at, report }),
    protobuf_message: input.protobuf_message === '' ? undefined : input.protobuf_message,
    ...resolveExporterTls(client.tls, [...clientAt, 'tls'], report),
    ...resolveExporterProxy(client.proxy_url, env),
    write_relabel_configs: externalLabelRules(input, at, report),
    metadata_config: input.send_metadata === undefined ? undefined : { send: input.send_metadata },
    queue_config: resolveQueue(input, at, report),
    ...credentials?.input,
  });
  const origin = makeOrigin({ at, clientAt, credentialsAt: credentials?.at });
  const entry = parseValue(remoteWriteSchema, raw, { allowsPartial: false, report, at });
  return entry === undefined ? undefined : { input: entry.data, written: raw, origin };
}

type Client = NonNullable<ExporterInput['http']>;

function resolveCredentials(
  name: string,
  input: ExporterInput,
  client: Client,
  { at, clientAt, ...context }: AuthenticatorContext & ExporterPaths,
): Credentials | undefined | 'impossible' {
  const authenticator = client.auth?.authenticator;
  if (authenticator !== undefined) {
    const path = [...clientAt, 'auth', 'authenticator'];
    if (input.aws_auth !== undefined) {
      const message = 'only one of "auth" and "aws_auth" may be set';
      context.report.error([...at, 'aws_auth'], 'CONFIG_VALUE', message);
    }
    return resolveAuthenticator(authenticator, path, context) ?? 'impossible';
  }
  // awsprometheusremotewrite always signs, by default with the region in the endpoint.
  if (input.aws_auth === undefined && typeOf(name) !== 'awsprometheusremotewrite') return undefined;
  const { region, service, role_arn: arn } = input.aws_auth ?? {};
  const path = input.aws_auth === undefined ? at : [...at, 'aws_auth'];
  return { input: pickSigv4({ region, service, arn }), at: path };
}

/** Sentences after "has no effect: ". */
const WITHOUT_EFFECT = {
  remote_write_queue: 'samples wait in a queue on disk, in order, whatever this says',
  sending_queue: 'samples wait in a queue on disk, in order, whatever this says',
  retry_on_failure:
    'what fails for a while is sent again until it is delivered or too old for the receiver',
  wal: 'the queue is on disk in any case, below --storage.path',
  max_batch_request_parallelism: 'as many requests run at once as the load needs',
  keep_classic_histograms: 'classic histograms are sent as they are scraped',
} as const;

function noteWithoutEffect(input: ExporterInput, at: ConfigPath, report: Reporter): void {
  for (const [key, why] of Object.entries(WITHOUT_EFFECT))
    if (input[key as keyof typeof WITHOUT_EFFECT] !== undefined)
      report.warn([...at, key], `${key} has no effect: ${why}`, 'key');
  // The other keys ask for what the Collector does by default when scraped series pass through
  // OTLP, which is not done here.
  if (input.target_info?.enabled === true)
    report.warn(
      [...at, 'target_info'],
      'target_info is not made; one that a target serves is sent as it is',
      'key',
    );
  if (input.disable_scope_info === false)
    report.warn(
      [...at, 'disable_scope_info'],
      'labels of instrumentation scopes are not made',
      'key',
    );
  const named =
    input.translation_strategy === 'UnderscoreEscapingWithSuffixes'
      ? 'translation_strategy'
      : input.add_metric_suffixes === true
        ? 'add_metric_suffixes'
        : undefined;
  if (named !== undefined)
    report.warn(
      [...at, named],
      `${named}: names are sent as they are scraped; a counter without _total gets none`,
      'key',
    );
}

function noteConnections(client: Client, at: ConfigPath, report: Reporter): void {
  for (const key of CONNECTION_KEYS)
    if (key in client)
      report.warn(
        [...at, key],
        `${key} has no effect: connections are kept and bounded by themselves`,
        'key',
      );
}

/** Warns of client keys beside `http`, which replaces them; `timeout` is the exporter's own too. */
function noteHidden(input: ExporterInput, at: ConfigPath, report: Reporter): void {
  if (input.http === undefined) return;
  for (const key of CLIENT_KEYS)
    if (key !== 'timeout' && key in input)
      report.warn([...at, key], `"${key}" has no effect beside "http", which replaces it`, 'key');
}

/** Refuses keys that would change the series that are scraped. */
function refuseChanges(input: ExporterInput, at: ConfigPath, report: Reporter): void {
  const refuse = (key: keyof ExporterInput, isAsked: boolean, message: string): void => {
    if (isAsked) report.lacks([...at, key], `"${key}": ${message}`);
  };
  const resources = input.resource_to_telemetry_conversion;
  const attributes =
    'resource attributes do not become labels; add those that are wanted with ' +
    'relabel_configs of the jobs, such as {source_labels: [__scheme__], target_label: ' +
    'url_scheme}';
  refuse(
    'resource_to_telemetry_conversion',
    resources?.enabled === true || isFilled(resources?.included),
    attributes,
  );
  refuse(
    'resource_constant_labels',
    isFilled(input.resource_constant_labels?.included),
    attributes,
  );
  refuse(
    'namespace',
    (input.namespace ?? '') !== '',
    'names get no prefix; write it as metric_relabel_configs of the jobs: {source_labels: ' +
      '[__name__], target_label: __name__, replacement: prefix_$$1}',
  );
  refuse(
    'export_created_metric',
    input.export_created_metric?.enabled === true,
    '_created series are sent only where a target serves them; remove it',
  );
  refuse(
    'scope_info',
    input.scope_info?.enabled === true,
    'otel_scope_info is not made; remove it',
  );
  refuse(
    'include_metadata_keys',
    isFilled(input.include_metadata_keys),
    'there is no metadata of clients to forward; use "headers"',
  );
  refuse(
    'convert_explicit_histograms_to_nhcb',
    input.convert_explicit_histograms_to_nhcb === true,
    'classic histograms stay classic; remove it',
  );
  const strategy = input.translation_strategy;
  const isStrange =
    strategy === 'UnderscoreEscapingWithoutSuffixes' || strategy === 'NoUTF8EscapingWithSuffixes';
  refuse(
    'translation_strategy',
    isStrange,
    'names are sent as they are scraped (NoTranslation); metric_name_escaping_scheme of the ' +
      'jobs escapes them',
  );
}

function refuseInClient(client: Client, at: ConfigPath, report: Reporter): void {
  if (isFilled(client.middlewares))
    report.lacks([...at, 'middlewares'], '"middlewares": requests go through none; remove it');
  if (client.compression !== undefined && !['', 'snappy'].includes(client.compression))
    report.error(
      [...at, 'compression'],
      'CONFIG_VALUE',
      `compression is snappy in remote write, not "${client.compression}"`,
    );
}

function isFilled(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

function resolveTimeout(
  { timeout, http }: ExporterInput,
  { at, report }: { readonly at: ConfigPath; readonly report: Reporter },
): string | undefined {
  const ms = http?.timeout ?? timeout;
  if (ms === undefined) return undefined;
  if (ms > 0) return `${ms}ms`;
  const path = http?.timeout === undefined ? [...at, 'timeout'] : [...at, 'http', 'timeout'];
  report.warn(path, 'a request is never unlimited: timeout 0 is taken as 30s');
  return undefined;
}

/** The size of a request, which may be smaller than what AMP takes, not larger. */
function resolveQueue(
  { max_batch_size_bytes: bytes }: ExporterInput,
  at: ConfigPath,
  report: Reporter,
): object | undefined {
  if (bytes === undefined || bytes === 0) return undefined;
  if (bytes <= BATCH_BYTES_MAX) return { max_bytes_per_send: `${bytes}B` };
  report.warn(
    [...at, 'max_batch_size_bytes'],
    `max_batch_size_bytes ${bytes} is taken as ${BATCH_BYTES_MAX}, as much as AMP takes at once`,
  );
  return undefined;
}

/**
 * The Collector's clients use the proxy that the environment names, unless `proxy_url` is set.
 */
function resolveExporterProxy(
  url: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): object | undefined {
  if (url !== undefined && url !== '') return { proxy_url: url };
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'];
  return names.some((name) => (env[name] ?? '') !== '')
    ? { proxy_from_environment: true }
    : undefined;
}

/**
 * Rules that add the exporter's external labels to series that lack them: an empty label is the
 * same as an absent one.
 */
function externalLabelRules(
  { external_labels: labels = {} }: ExporterInput,
  at: ConfigPath,
  report: Reporter,
): readonly object[] | undefined {
  const rules = Object.entries(labels).flatMap(([label, value]) => {
    const path = [...at, 'external_labels', label];
    // The Collector would rewrite such a name silently; here the user writes the name that is
    // meant.
    const name = label.replaceAll(/[^A-Za-z0-9_]/g, '_');
    if (!isLegacyLabelName(label))
      report.error(
        path,
        'CONFIG_VALUE',
        `${JSON.stringify(label)} is not a label name; write ${name}`,
      );
    if (value === '')
      report.error(path, 'CONFIG_VALUE', `label "${label}" has no value; remove it`);
    const replacement = value.replaceAll('$', '$$$$');
    return [{ source_labels: [label], regex: '', target_label: label, replacement }];
  });
  return rules.length === 0 ? undefined : rules;
}

function withoutUndefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
