/**
 * `--web.config.file`: TLS and basic auth of a listener, in the format of the Prometheus exporter
 * toolkit. Before each connection and request it is checked whether the file, a certificate or a
 * key has changed, and then all are read again, so certificates are renewed without a restart. If
 * the new ones can't be used, the old ones stay, and an error is logged.
 * Not here: http2 (only HTTP/1.1 is served), rate limits, the toolkit's checks of header values.
 * Source: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import * as z from 'zod';
import { ConfigError, describeError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import type { WebConfig, WebTls } from '../kernel/web-config.ts';
import { PasswordChecks } from './password-checks.ts';
import { secretSchema } from './secret.ts';
import { switchSchema } from './switch.ts';
import { listOf, textSchema } from './text.ts';
import { TLS_VERSIONS, tlsVersionSchema } from './tls.ts';

const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

export const tlsServerSchema = z.strictObject({
  cert_file: textSchema
    .optional()
    .describe('File of the certificate, PEM; read again when it changes.'),
  key_file: textSchema.optional().describe('File of its key, PEM; read again when it changes.'),
  cert: textSchema.optional().describe('The certificate itself, in place of cert_file.'),
  key: secretSchema.optional().describe('Its key itself, in place of key_file.'),
  client_auth_type: z
    .enum(CLIENT_AUTH)
    .default('NoClientCert')
    .describe('Whether clients must show a certificate, and whether it is verified.'),
  client_ca_file: textSchema
    .optional()
    .describe('File of the authorities that may sign the certificates of clients.'),
  client_ca: textSchema
    .optional()
    .describe('Those authorities themselves, in place of client_ca_file.'),
  min_version: tlsVersionSchema.default('TLS12').describe('Least version of TLS that is spoken.'),
  max_version: tlsVersionSchema.default('TLS13').describe('Highest version of TLS that is spoken.'),
  cipher_suites: listOf(textSchema)
    .optional()
    .describe('Cipher suites of TLS up to 1.2, by the names of OpenSSL; those of Node by default.'),
  prefer_server_cipher_suites: switchSchema
    .optional()
    .describe('Has no effect, as in the exporter toolkit.'),
  curve_preferences: listOf(textSchema)
    .optional()
    .describe('Curves, most wanted first; those of Node by default.'),
});

export const webConfigSchema = z.strictObject({
  tls_server_config: tlsServerSchema
    .optional()
    .describe('TLS of the listener; without it plain HTTP is served.'),
  http_server_config: z
    .strictObject({
      http2: switchSchema.optional().describe('Has no effect: HTTP/1.1 is served.'),
      headers: z
        .record(z.string(), textSchema)
        .optional()
        .meta({
          description: 'Further headers of every answer.',
          examples: [{ 'X-Frame-Options': 'deny' }],
        }),
    })
    .optional()
    .describe('How answers are made.'),
  basic_auth_users: z
    .record(z.string(), secretSchema)
    .optional()
    .describe('Users, and the bcrypt hashes of their passwords; without any nobody is asked.'),
});
type WebFile = z.infer<typeof webConfigSchema>;

/** TLS of a listener, checked and with its defaults. */
export type TlsServerInput = z.output<typeof tlsServerSchema>;

/**
 * Each step of the cost doubles the time of a check: at 10 it is some 60 ms, at 17 eight seconds,
 * at 31, the most that a hash can say, days. Checks wait for each other, wrong passwords included.
 */
const BCRYPT_COST_MAX = 17;
/** A hash to compare with for unknown users, so that they take as long as known ones. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8Z8W5f0pYV8v3bZbqQeYQk5r5b7i2K';

/** Loads the file. Rejects with a ConfigError when it, a certificate or a hash can't be used. */
export async function loadWebConfig(file: string, log: Logger): Promise<WebConfig> {
  const { parseForeignYaml: parse } = await import('../kernel/foreign-yaml.ts');
  const read = (): WebFile => readWebFile(file, parse);
  const current = rereadOnChange(file, () => [file], read, log);
  const first = current();
  const checks = new PasswordChecks();
  const at = dirname(file);
  return {
    tls: first.tls_server_config === undefined ? undefined : loadTls(file, current, at, log),
    asksForPasswords: () => Object.keys(current().basic_auth_users ?? {}).length > 0,
    headers: () => current().http_server_config?.headers ?? {},
    async isAllowed(headers) {
      const users = current().basic_auth_users;
      if (users === undefined || Object.keys(users).length === 0) return true;
      const given = parseBasicAuth(headers.authorization);
      if (given === undefined) return false;
      const hash = Object.hasOwn(users, given.user) ? users[given.user] : undefined;
      const isRight = await checks.check(given.user, { ...given, hash: hash ?? NOBODY });
      return isRight === true ? hash !== undefined : isRight;
    },
  };
}

/**
 * Makes the same of settings that a configuration has. Certificates are read again when their files
 * change.
 *
 * @param name  says in messages whose settings they are
 * @throws ConfigError when a certificate can't be used
 */
export function createWebConfig(
  name: string,
  settings: {
    readonly tls: TlsServerInput | undefined;
    readonly headers: Readonly<Record<string, string>>;
  },
  log: Logger,
): WebConfig {
  const { tls, headers } = settings;
  const current = (): WebFile => ({ tls_server_config: tls });
  return {
    tls: tls === undefined ? undefined : loadTls(name, current, '/', log),
    asksForPasswords: () => false,
    headers: () => headers,
    isAllowed: () => Promise.resolve(true),
  };
}

function readWebFile(file: string, parse: (text: string) => unknown): WebFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      'WEB_CONFIG',
      `--web.config.file: ${file} cannot be read: ${describeError(error)}`,
      { cause: error },
    );
  }
  let parsed;
  try {
    parsed = webConfigSchema.safeParse(parse(text) ?? {});
  } catch (error) {
    throw new ConfigError('WEB_CONFIG', `${file}: ${describeError(error)}`, { cause: error });
  }
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError('WEB_CONFIG', `${file}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  for (const [user, hash] of Object.entries(parsed.data.basic_auth_users ?? {})) {
    const cost = /^\$2[abxy]?\$(\d\d)\$/.exec(hash)?.[1];
    if (Number(cost) > BCRYPT_COST_MAX)
      throw new ConfigError(
        'WEB_CONFIG',
        `${file}: basic_auth_users.${user}: the hash has a cost of ${cost}, which is more than ` +
          `${BCRYPT_COST_MAX}: each check would take minutes or hours; make one with ` +
          `"htpasswd -nBC 10 ''"`,
      );
    if (cost === undefined)
      throw new ConfigError(
        'WEB_CONFIG',
        `${file}: basic_auth_users.${user}: the password must be a bcrypt hash; make one with ` +
          `"htpasswd -nBC 10 ''"`,
      );
  }
  return parsed.data;
}

function loadTls(file: string, current: () => WebFile, at: string, log: Logger): WebTls {
  const settings = (): NonNullable<WebFile['tls_server_config']> =>
    current().tls_server_config ?? {
      client_auth_type: 'NoClientCert',
      min_version: 'TLS12',
      max_version: 'TLS13',
    };
  const path = (name: string): string => (isAbsolute(name) ? name : join(at, name));
  const files = (): string[] => {
    const { cert_file, key_file, client_ca_file } = settings();
    return [
      file,
      ...[cert_file, key_file, client_ca_file].flatMap((name) =>
        name === undefined ? [] : [path(name)],
      ),
    ];
  };
  const make = (): SecureContextOptions => {
    const { cert, cert_file, key, key_file, client_ca, client_ca_file, ...rest } = settings();
    const inline = (text: string | undefined, name: string | undefined): string | undefined =>
      text ?? (name === undefined ? undefined : readFileSync(path(name), 'utf8'));
    try {
      const certificate = inline(cert, cert_file);
      const secret = inline(key, key_file);
      if (certificate === undefined || secret === undefined)
        throw new Error('cert_file and key_file are both needed');
      const ca = inline(client_ca, client_ca_file);
      const secrets: SecureContextOptions = {
        cert: certificate,
        key: secret,
        ...(ca === undefined ? {} : { ca }),
        ...(rest.cipher_suites === undefined ? {} : { ciphers: rest.cipher_suites.join(':') }),
        minVersion: TLS_VERSIONS[rest.min_version],
        maxVersion: TLS_VERSIONS[rest.max_version],
      };
      // Throws for certificates and keys that can't be used, before they replace the present ones.
      createSecureContext(secrets);
      return secrets;
    } catch (error) {
      throw new ConfigError('WEB_CONFIG', `${file}: tls_server_config: ${describeError(error)}`, {
        cause: error,
      });
    }
  };
  const secrets = rereadOnChange(file, files, make, log);
  secrets();
  const kind = settings().client_auth_type;
  return {
    secrets,
    requestsCertificate: kind !== 'NoClientCert',
    rejectsUnverified: kind === 'RequireAndVerifyClientCert',
  };
}

/**
 * A function that gives a value made of files, and makes it again when one of them has changed. If
 * that fails, the last good value stays; the first time, the error is thrown.
 */
function rereadOnChange<T>(
  name: string,
  files: () => string[],
  make: () => T,
  log: Logger,
): () => T {
  let value: { readonly of: T } | undefined;
  let stamp = '';
  return () => {
    const now = files().map(stampFile).join();
    if (value !== undefined && now === stamp) return value.of;
    stamp = now;
    try {
      value = { of: make() };
    } catch (error) {
      if (value === undefined) throw error;
      log.error('the web configuration has changed and cannot be used; the one before stays', {
        file: name,
        error: describeError(error),
      });
    }
    return value.of;
  };
}

function stampFile(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs}/${size}/${ino}`;
  } catch {
    return 'absent';
  }
}

function parseBasicAuth(
  header: string | undefined,
): { user: string; password: string } | undefined {
  const match = /^basic\s+(\S+)$/i.exec(header ?? '');
  if (match === null) return undefined;
  const text = Buffer.from(match[1] ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
