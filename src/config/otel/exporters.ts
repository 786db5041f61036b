/**
 * Turns a remote write exporter into an entry of remote_write. Each of its keys is taken over, or
 * has no effect, which a warning says, or is refused. A value that can't be done is refused; one
 * that is the Collector's default is a warning.
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { MESSAGE_2 } from '../../sinks/remote-write/config.ts';
import { remoteWriteSchema } from '../../sinks/remote-write/schema.ts';
import { buildLabelName } from '../../transforms/prometheus-names.ts';
import { withoutUndefined } from '../mapping.ts';
import { parseValue } from '../reading.ts';
import {
  type AuthenticatorContext,
  changeHeaders,
  type Credentials,
  resolveAuthenticator,
  pickSigv4,
} from './authenticators.ts';
import { resolveClientProxy } from './client-proxy.ts';
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
import { resolveExporterHeaders } from './exporter-headers.ts';
import { resolveExporterQueue } from './exporter-queue.ts';
import { type ExporterTransforms, resolveExporterTransforms } from './exporter-transforms.ts';

export interface Writer {
  /** An entry of remote_write, as its schema gives it. */
  readonly input: unknown;
  /** The same entry as one would write it. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Maps a path in that entry to the path in the document that it comes from. */
  readonly origin: Origin;
  /** What is done to series on their way to the entry. */
  readonly transforms: ExporterTransforms;
}

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
  checkStrategy(input, at, report);
  refuseInClient(client, clientAt, report);
  const credentials = resolveCredentials(name, input, client, { ...context, at, clientAt });
  if (credentials === 'impossible') return undefined;
  const { endpoint } = client;
  if (endpoint === undefined || endpoint === '') {
    const message = `exporter "${name}" needs an "endpoint"`;
    report.error(clientAt, 'CONFIG_VALUE', message);
    return undefined;
  }
  const headersAt = [...clientAt, 'headers'];
  const headers = changeHeaders(client.headers, credentials?.headers);
  const written = resolveExporterHeaders(headers, headersAt, report);
  const hasOwn = Object.keys(credentials?.input ?? {}).length > 0;
  if (written.credentials !== undefined && hasOwn)
    report.error(
      headersAt,
      'CONFIG_VALUE',
      'only one of a header Authorization and credentials may be set; remove the header',
    );
  const raw = withoutUndefined({
    name,
    url: endpoint,
    headers: written.headers,
    // The exporter sends what it is given.
    send_exemplars: true,
    send_native_histograms: true,
    // The Collector's default is 5s; without the key it is 30s here, and failures are retried.
    remote_timeout: resolveTimeout(input, { at, report }),
    protobuf_message: input.protobuf_message === '' ? undefined : input.protobuf_message,
    ...resolveExporterTls(client.tls, [...clientAt, 'tls'], report),
    ...resolveClientProxy(client.proxy_url, env),
    write_relabel_configs: externalLabelRules(input, at, report),
    metadata_config: input.send_metadata === undefined ? undefined : { send: input.send_metadata },
    queue_config: resolveExporterQueue(input, at, report),
    ...written.credentials,
    ...credentials?.input,
  });
  const credentialsAt = hasOwn ? credentials?.at : written.credentials && headersAt;
  const origin = makeOrigin({ at, clientAt, credentialsAt });
  const entry = parseValue(remoteWriteSchema, raw, { allowsPartial: false, report, at });
  return entry === undefined
    ? undefined
    : {
        input: entry.data,
        written: raw,
        origin,
        transforms: resolveExporterTransforms(input),
      };
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

function noteWithoutEffect(input: ExporterInput, at: ConfigPath, report: Reporter): void {
  if (input.keep_classic_histograms !== undefined)
    report.warn(
      [...at, 'keep_classic_histograms'],
      'keep_classic_histograms has no effect: classic histograms are sent as they are scraped',
      'key',
    );
  // The Collector adds its own name and version to each series, which then is another one after
  // each upgrade.
  if (input.disable_scope_info === false)
    report.warn(
      [...at, 'disable_scope_info'],
      'labels of instrumentation scopes are not made; those that a target serves stay',
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

/** Refuses keys that ask for series which are not made. */
function refuseChanges(input: ExporterInput, at: ConfigPath, report: Reporter): void {
  const refuse = (path: ConfigPath, isAsked: boolean | undefined, message: string): void => {
    if (isAsked === true) report.lacks([...at, ...path], `"${path.join('.')}": ${message}`);
  };
  const { resource_to_telemetry_conversion: copying = {} } = input;
  const all = 'all attributes are copied; the processor "resource" deletes those that are unwanted';
  refuse(['resource_to_telemetry_conversion', 'included'], isFilled(copying.included), all);
  refuse(['resource_to_telemetry_conversion', 'excluded'], isFilled(copying.excluded), all);
  refuse(
    ['resource_to_telemetry_conversion', 'clear_after_copy'],
    copying.clear_after_copy,
    'target_info keeps the attributes; remove it, or switch target_info off',
  );
  refuse(
    ['resource_constant_labels'],
    isFilled(input.resource_constant_labels?.included),
    'use "resource_to_telemetry_conversion: { enabled: true }"',
  );
  refuse(
    ['export_created_metric'],
    input.export_created_metric?.enabled,
    '_created series are sent only where a target serves them; remove it',
  );
  refuse(['scope_info'], input.scope_info?.enabled, 'otel_scope_info is not made; remove it');
  refuse(
    ['include_metadata_keys'],
    isFilled(input.include_metadata_keys),
    'there is no metadata of clients to forward; use "headers"',
  );
  refuse(
    ['convert_explicit_histograms_to_nhcb'],
    input.convert_explicit_histograms_to_nhcb,
    'classic histograms stay classic; remove it',
  );
}

/** Receivers of remote write 1.0 take no names with other characters than letters and digits. */
function checkStrategy(
  { translation_strategy: strategy = '', protobuf_message: message }: ExporterInput,
  at: ConfigPath,
  report: Reporter,
): void {
  const isUtf8 = strategy === 'NoUTF8EscapingWithSuffixes' || strategy === 'NoTranslation';
  if (isUtf8 && message !== MESSAGE_2)
    report.error(
      [...at, 'translation_strategy'],
      'CONFIG_VALUE',
      `translation_strategy ${strategy} needs "protobuf_message: ${MESSAGE_2}"`,
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
    const name = buildLabelName(label, false);
    if (name !== label)
      report.error(
        path,
        'CONFIG_VALUE',
        `${JSON.stringify(label)} is not a label name that an exporter writes; write ${name}`,
      );
    if (value === '')
      report.error(path, 'CONFIG_VALUE', `label "${label}" has no value; remove it`);
    const replacement = value.replaceAll('$', '$$$$');
    return [{ source_labels: [label], regex: '', target_label: label, replacement }];
  });
  return rules.length === 0 ? undefined : rules;
}
