/**
 * An entry of remote_write as an exporter prometheusremotewrite, with the extension that holds its
 * credentials. It is written so that it does what the entry does: no suffixes, no target_info.
 * Pure.
 */
import { type Mapping, withoutUndefined } from '../mapping.ts';
import type { Notes } from './notes.ts';

export interface WrittenExporter {
  readonly name: string;
  readonly exporter: Mapping;
  readonly extensions: Mapping;
  /** Its write_relabel_configs, which an exporter does not have. */
  readonly rules: readonly unknown[];
}

export interface EntryContext {
  readonly index: number;
  readonly count: number;
  /** External labels of `global`. */
  readonly labels: Mapping | undefined;
  readonly notes: Notes;
}

const TLS_NAMES: Readonly<Record<string, string>> = {
  ca: 'ca_pem',
  cert: 'cert_pem',
  key: 'key_pem',
  server_name: 'server_name_override',
};
const TLS_VERSIONS: Readonly<Record<string, string>> = {
  TLS10: '1.0',
  TLS11: '1.1',
  TLS12: '1.2',
  TLS13: '1.3',
};

/** Mapping of an entry that an exporter has under the same meaning, with their names there. */
const SAME: Readonly<Record<string, string>> = {
  url: 'endpoint',
  remote_timeout: 'timeout',
  headers: 'headers',
  protobuf_message: 'protobuf_message',
  proxy_url: 'proxy_url',
};

/** Mapping that an exporter does by itself. */
const BY_ITSELF = new Set(['send_exemplars', 'send_native_histograms', 'round_robin_dns', 'name']);

export function convertEntry(entry: Mapping, context: EntryContext): WrittenExporter {
  const { index, count, labels, notes } = context;
  const given = typeof entry['name'] === 'string' ? entry['name'] : String(index + 1);
  const more = count === 1 ? '' : `/${given}`;
  const exporter: Record<string, unknown> = {};
  const { write_relabel_configs: rules, ...rest } = entry;
  let extensions: Mapping = {};
  for (const [key, value] of Object.entries(rest)) {
    const same = SAME[key];
    if (same !== undefined) exporter[same] = value;
    else if (key === 'tls_config') exporter['tls'] = convertTls(value as Mapping);
    else if (key === 'queue_config') convertQueue(value as Mapping, exporter, notes);
    else if (key === 'metadata_config')
      exporter['send_metadata'] = (value as Mapping)['send'] ?? true;
    else if (!BY_ITSELF.has(key)) {
      const made = makeExtension(key, value, more);
      if (made === undefined) notes.obstacle(`"${key}" of remote_write has no counterpart`);
      else {
        extensions = { [made.name]: made.keys };
        exporter['auth'] = { authenticator: made.name };
      }
    }
  }
  if (labels !== undefined) exporter['external_labels'] = labels;
  exporter['add_metric_suffixes'] = false;
  exporter['target_info'] = { enabled: false };
  const name = `prometheusremotewrite${more}`;
  return { name, exporter, extensions, rules: (rules ?? []) as readonly unknown[] };
}

function convertTls(tls: Mapping): Mapping {
  return Object.fromEntries(
    Object.entries(tls).map(([key, value]) => [
      TLS_NAMES[key] ?? key,
      key.endsWith('_version') ? (TLS_VERSIONS[String(value)] ?? value) : value,
    ]),
  );
}

function convertQueue(queue: Mapping, exporter: Record<string, unknown>, notes: Notes): void {
  for (const [key, value] of Object.entries(queue))
    if (key === 'max_bytes_per_send') exporter['max_batch_size_bytes'] = parseBytes(value);
    else notes.change(`"${key}" of queue_config is gone: an exporter has its own queue`);
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20 };

function parseBytes(value: unknown): unknown {
  const [, number, unit = 'B'] = /^(\d+)(B|KB|MB)?$/i.exec(String(value)) ?? [];
  return number === undefined ? value : Number(number) * (UNITS[unit.toUpperCase()] ?? 1);
}

function makeExtension(
  key: string,
  value: unknown,
  more: string,
): { readonly name: string; readonly keys: Mapping } | undefined {
  const keys = value as Mapping;
  switch (key) {
    case 'sigv4':
      return { name: `sigv4auth${more}`, keys: convertSigv4(keys) };
    case 'basic_auth':
      return { name: `basicauth${more}`, keys: { client_auth: keys } };
    case 'authorization': {
      const { type: scheme, credentials: token, credentials_file: filename } = keys;
      const written = withoutUndefined({ scheme, token, filename });
      return { name: `bearertokenauth${more}`, keys: written };
    }
    case 'bearer_token':
      return { name: `bearertokenauth${more}`, keys: { token: value } };
    case 'bearer_token_file':
      return { name: `bearertokenauth${more}`, keys: { filename: value } };
    case 'oauth2': {
      const { tls_config: tls, ...rest } = keys;
      const written = withoutUndefined({ ...rest, tls: tls && convertTls(tls as Mapping) });
      return { name: `oauth2client${more}`, keys: written };
    }
    default:
      return undefined;
  }
} // prettier-ignore

function convertSigv4({ service_name: service, role_arn: arn, external_id: id, ...rest }: Mapping): Mapping {
  return withoutUndefined({
    // The extension knows some of the other keys, and refuses the rest by name.
    ...rest,
    service: service ?? 'aps',
    assume_role: arn === undefined ? undefined : withoutUndefined({ arn, external_id: id }),
  });
} // prettier-ignore
