/**
 * Maps paths in an entry of remote_write to the keys of the exporter that the entry was made of, so
 * that a finding about the entry is reported at the line that the user wrote. Not here: how the
 * entry is made (exporters.ts).
 */
import type { ConfigPath } from '../../settings/finding.ts';
import { CLIENT_KEYS } from './exporter-schema.ts';
import { TLS_KEYS } from './exporter-tls.ts';

/** From a path in the entry to the path in the document. */
export type Origin = (path: ConfigPath) => ConfigPath;

/** Paths in the document: of the exporter, and of the keys of its HTTP client. */
export interface ExporterPaths {
  readonly at: ConfigPath;
  readonly clientAt: ConfigPath;
}

export function makeOrigin({
  at,
  clientAt,
  credentialsAt = at,
}: ExporterPaths & { readonly credentialsAt?: ConfigPath | undefined }): Origin {
  const own: Readonly<Record<string, string>> = {
    write_relabel_configs: 'external_labels',
    metadata_config: 'send_metadata',
    queue_config: 'max_batch_size_bytes',
    remote_timeout: 'timeout',
  };
  const ofClient: Readonly<Record<string, string>> = { url: 'endpoint', tls_config: 'tls' };
  const ofToken: Readonly<Record<string, string>> = {
    credentials: 'token',
    credentials_file: 'filename',
    type: 'scheme',
  };
  return ([key, inner, ...rest]) => {
    if (typeof key !== 'string') return at;
    const below = inner === undefined ? [] : [inner, ...rest];
    if (['sigv4', 'basic_auth', 'oauth2'].includes(key)) return [...credentialsAt, ...below];
    if (key === 'authorization')
      return [...credentialsAt, ...below.map((step) => ofToken[step] ?? step)];
    const owned = own[key];
    if (owned !== undefined) return [...at, owned];
    if (key === 'tls_config')
      return [...clientAt, 'tls', ...below.map((step) => TLS_KEYS[step] ?? step)];
    if (key in ofClient || CLIENT_KEYS.includes(key))
      return [...clientAt, ofClient[key] ?? key, ...below];
    return [...at, key, ...below];
  };
}
