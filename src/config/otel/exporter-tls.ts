/**
 * The block `tls` of the Collector's HTTP clients as a tls_config: of exporters, and of the client
 * that asks for tokens.
 * Source: core's config/configtls/configtls.go
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { pickDefined } from './exporter-kind.ts';
import type { ExporterTlsInput } from './exporter-schema.ts';

/** Keys of tls_config that are called otherwise in the block. */
export const TLS_KEYS: Readonly<Record<string, string>> = {
  ca: 'ca_pem',
  cert: 'cert_pem',
  key: 'key_pem',
  server_name: 'server_name_override',
};

/** Undefined when no key asks for anything. @param at  path of the block */
export function resolveExporterTls(
  tls: ExporterTlsInput | undefined,
  at: ConfigPath,
  report: Reporter,
): { readonly tls_config: object } | undefined {
  if (tls === undefined) return undefined;
  const { insecure, reload_interval: reload, ...rest } = tls;
  if (insecure === true && Object.keys(rest).length > 0) {
    // In the Collector it switches the other keys off, unless one of them names a CA.
    const message =
      '"insecure" is for http:// and goes with no other key of "tls"; remove it, or use ' +
      'insecure_skip_verify';
    report.error([...at, 'insecure'], 'CONFIG_VALUE', message);
  }
  if (reload !== undefined)
    report.warn(
      [...at, 'reload_interval'],
      'reload_interval has no effect: files that change are read again by themselves',
      'key',
    );
  const hasCa = [rest.ca_file, rest.ca_pem].some((one) => (one ?? '') !== '');
  const refused = {
    include_system_ca_certs_pool: rest.include_system_ca_certs_pool === true && hasCa,
    cipher_suites: isFilled(rest.cipher_suites),
    include_insecure_cipher_suites: rest.include_insecure_cipher_suites === true,
    curve_preferences: isFilled(rest.curve_preferences),
    tpm: (rest.tpm as { readonly enabled?: unknown } | undefined)?.enabled === true,
  };
  for (const [key, isAsked] of Object.entries(refused))
    if (isAsked)
      report.lacks(
        [...at, key],
        `"${key}" of tls can't be set; remove it, or connect through a proxy that does it`,
      );
  const tlsConfig = pickDefined({
    // Generated configurations write an empty text for an absent key.
    ca: rest.ca_pem || undefined,
    ca_file: rest.ca_file || undefined,
    cert: rest.cert_pem || undefined,
    cert_file: rest.cert_file || undefined,
    key: rest.key_pem || undefined,
    key_file: rest.key_file || undefined,
    server_name: rest.server_name_override || undefined,
    insecure_skip_verify: rest.insecure_skip_verify,
    min_version: rest.min_version,
    max_version: rest.max_version,
  });
  return Object.keys(tlsConfig).length === 0 ? undefined : { tls_config: tlsConfig };
}

function isFilled(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}
