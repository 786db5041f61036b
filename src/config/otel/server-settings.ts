/**
 * The keys of listeners, which extensions share: address, TLS and headers of answers. What bounds
 * requests has no effect: the listeners answer a GET within limits of their own.
 * Source: core's config/confighttp/server.go, config/confignet and config/configtls
 */
import { resolve } from 'node:path';
import type * as z from 'zod';
import { splitListen } from '../../kernel/listen-address.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { checkHeaders } from '../../settings/http-headers.ts';
import { ignored, ignoredValue, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { textSchema } from '../../settings/text.ts';
import type { TlsServerInput } from '../../settings/web-config.ts';
import { headersSchema } from './exporter-schema.ts';
import { serverTlsSchema } from './server-tls-schema.ts';

const BOUNDED = 'Has no effect: requests have limits of their own.';
const IDLE = [
  'read_timeout',
  'read_header_timeout',
  'write_timeout',
  'idle_timeout',
  'keep_alives_enabled',
  'max_request_body_size',
  'compression_algorithms',
  'include_metadata',
  'dialer',
] as const;
const REFUSED = {
  auth: 'requests are not authenticated here; listen on localhost only',
  cors: 'answers carry no CORS headers; write those that are wanted in response_headers',
  middlewares: 'requests go through none; remove it',
} as const;

export const endpointShape = {
  endpoint: textSchema.optional().describe('Address to listen on, host:port.'),
  transport: textSchema.optional().meta({ description: 'Only tcp is taken.', default: 'tcp' }),
  dialer: ignored(BOUNDED),
};

export const serverShape = {
  ...endpointShape,
  tls: serverTlsSchema.optional().describe('TLS of the listener; plain HTTP without it.'),
  response_headers: headersSchema.optional().describe('Further headers of every answer.'),
  read_timeout: ignored(BOUNDED),
  read_header_timeout: ignored(BOUNDED),
  write_timeout: ignored(BOUNDED),
  idle_timeout: ignored(BOUNDED),
  keep_alives_enabled: ignoredValue(switchSchema, BOUNDED),
  max_request_body_size: ignored(BOUNDED),
  compression_algorithms: ignored(BOUNDED),
  include_metadata: ignoredValue(switchSchema, BOUNDED),
  auth: refusedWhereUsed('requests are not authenticated here.'),
  cors: refusedWhereUsed('answers carry no CORS headers; use response_headers.'),
  middlewares: refusedWhereUsed('requests go through none.'),
};

export type ServerInput = Partial<z.output<z.ZodObject<typeof serverShape>>>;

export interface ServerSettings {
  readonly listen: string;
  readonly tls?: TlsServerInput | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServerContext {
  readonly at: ConfigPath;
  readonly baseDirectory: string;
  readonly report: Reporter;
}

/** @param fallback  the address when none is written */
export function resolveServer(
  input: ServerInput,
  fallback: string,
  { at, baseDirectory, report }: ServerContext,
): ServerSettings | undefined {
  for (const key of IDLE)
    if (input[key] !== undefined)
      report.warn([...at, key], `${key} has no effect: requests have limits of their own`, 'key');
  for (const [key, why] of Object.entries(REFUSED)) {
    const value = input[key as keyof typeof REFUSED];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0))
      report.lacks([...at, key], `"${key}": ${why}`);
  }
  if (!['', 'tcp', 'tcp4', undefined].includes(input.transport))
    report.lacks([...at, 'transport'], `"transport": only tcp is listened on; remove it`);
  const { response_headers: headers = {} } = input;
  checkHeaders(headers, [...at, 'response_headers'], report);
  const listen = resolveEndpoint(input.endpoint ?? fallback, [...at, 'endpoint'], report);
  if (listen === undefined) return undefined;
  const tls = input.tls && resolveServerTls(input.tls, { at, baseDirectory, report });
  return { listen, tls, headers };
}

/**
 * The address as a listener here takes it. As in Go, `localhost` is IPv4 first, and no host means
 * all interfaces. Undefined for none, which is reported.
 */
export function resolveEndpoint(
  text: string,
  at: ConfigPath,
  report: Reporter,
): string | undefined {
  if (text === '') {
    report.error(at, 'CONFIG_VALUE', '"endpoint" is empty; write host:port, or leave it out');
    return undefined;
  }
  const address = splitListen(text);
  if (address === undefined) {
    const message = `"${text}" is not host:port; write for example localhost:13133`;
    report.error(at, 'CONFIG_VALUE', message);
    return undefined;
  }
  return formatListen(address.host, address.port);
}

export function formatListen(host: string, port: number): string {
  const found = host === '' ? '0.0.0.0' : host === 'localhost' ? '127.0.0.1' : host;
  return found.includes(':') ? `[${found}]:${port}` : `${found}:${port}`;
}

function resolveServerTls(
  tls: z.output<typeof serverTlsSchema>,
  { at, baseDirectory, report }: ServerContext,
): TlsServerInput | undefined {
  const tlsAt = [...at, 'tls'];
  for (const key of ['reload_interval', 'client_ca_file_reload'] as const)
    if (tls[key] !== undefined)
      report.warn(
        [...tlsAt, key],
        `${key} has no effect: files that change are read again by themselves`,
        'key',
      );
  const refused = {
    ca_file: tls.ca_file,
    ca_pem: tls.ca_pem,
    cipher_suites: tls.cipher_suites,
    curve_preferences: tls.curve_preferences,
    include_insecure_cipher_suites: tls.include_insecure_cipher_suites === true || undefined,
    include_system_ca_certs_pool: tls.include_system_ca_certs_pool === true || undefined,
    tpm: tls.tpm,
  };
  for (const [key, value] of Object.entries(refused))
    if (value !== undefined && value !== '')
      report.lacks([...tlsAt, key], `"${key}" of a listener's tls can't be set; remove it`);
  const filled = (text: string | undefined): string | undefined => text || undefined;
  const absolute = (file: string | undefined): string | undefined =>
    filled(file) && resolve(baseDirectory, file ?? '');
  const cert = filled(tls.cert_pem) ?? absolute(tls.cert_file);
  const key = filled(tls.key_pem) ?? absolute(tls.key_file);
  if (cert === undefined || key === undefined) {
    report.error(tlsAt, 'CONFIG_VALUE', 'tls of a listener needs a "cert_file" and a "key_file"');
    return undefined;
  }
  for (const part of ['cert', 'key'] as const)
    if (filled(tls[`${part}_pem`]) !== undefined && filled(tls[`${part}_file`]) !== undefined)
      report.error(
        [...tlsAt, `${part}_pem`],
        'CONFIG_VALUE',
        `only one of "${part}_file" and "${part}_pem" may be set`,
      );
  const { min_version: least = 'TLS12', max_version: most = 'TLS13' } = tls;
  if (least > most)
    report.error(
      [...tlsAt, tls.min_version === undefined ? 'max_version' : 'min_version'],
      'CONFIG_VALUE',
      'no version of TLS is left: min_version is above max_version; change one',
    );
  const clientCa = absolute(tls.client_ca_file);
  return {
    ...(filled(tls.cert_pem) === undefined ? { cert_file: cert } : { cert }),
    ...(filled(tls.key_pem) === undefined ? { key_file: key } : { key }),
    ...(clientCa === undefined ? {} : { client_ca_file: clientCa }),
    client_auth_type: clientCa === undefined ? 'NoClientCert' : 'RequireAndVerifyClientCert',
    min_version: least,
    max_version: most,
  };
}
