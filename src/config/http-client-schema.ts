/**
 * The HTTP client part of scrape_configs and remote_write: credentials and headers. TLS settings, OAuth 2 and proxies are refused with a sentence until they are honoured.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { textSchema } from '../discovery/schema.ts';
import { messageOf } from '../kernel/errors.ts';
import { type ConfigPath, type Reporter } from './finding.ts';
import { ignored, listOf, switchSchema, unsupported } from './values.ts';

const noTls =
  "TLS settings are not supported yet: https works with the system's certificate authorities; for others set NODE_EXTRA_CA_CERTS";
const noProxy = 'proxies are not supported yet; remove it';

export const httpClientShape = {
  basic_auth: z
    .strictObject({
      username: textSchema.optional(),
      username_file: textSchema.optional(),
      password: textSchema.optional(),
      password_file: textSchema.optional(),
    })
    .optional(),
  authorization: z
    .strictObject({
      type: textSchema.optional(),
      credentials: textSchema.optional(),
      credentials_file: textSchema.optional(),
    })
    .optional(),
  bearer_token: textSchema.optional(),
  bearer_token_file: textSchema.optional(),
  oauth2: unsupported('OAuth 2 is not supported yet; use "authorization" with "credentials_file"'),
  tls_config: unsupported(noTls),
  proxy_url: unsupported(noProxy),
  no_proxy: unsupported(noProxy),
  proxy_from_environment: unsupported(noProxy),
  proxy_connect_header: unsupported(noProxy),
  follow_redirects: switchSchema.optional(),
  // HTTP/1.1 with kept connections is what is spoken; the samples are the same.
  enable_http2: ignored,
  http_headers: z
    .record(
      z.string(),
      z.strictObject({
        values: listOf(textSchema).optional(),
        secrets: listOf(textSchema).optional(),
        files: listOf(textSchema).optional(),
      }),
    )
    .optional(),
} as const;

const httpClientSchema = z.strictObject(httpClientShape);

/** Secrets are functions: one in a file is read at each use, so that a rotated one is taken up. */
export interface HttpClientSettings {
  readonly basicAuth?: { readonly username: string; readonly password: () => string };
  readonly authorization?: { readonly type: string; readonly credentials: () => string };
  readonly headers: Readonly<Record<string, string>>;
}

interface Context {
  readonly baseDirectory: string;
  readonly path: ConfigPath;
  readonly report: Reporter;
}

/** Headers that the protocol sets itself. */
const RESERVED = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'accept',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

/** Checks the settings against each other; a secret's file that is not there yet is a warning. */
export function resolveHttpClient(
  input: Partial<z.output<typeof httpClientSchema>>,
  context: Context,
): HttpClientSettings {
  checkChoices(input, context.path, context.report);
  const headers = headersOf(input.http_headers ?? {}, context);
  const { basic_auth: basic, authorization } = input;
  const secret = (value: string | undefined, file: string | undefined, ...keys: string[]) =>
    secretOf(value, file, { ...context, path: [...context.path, ...keys] });
  if (basic !== undefined) {
    const username = secret(basic.username, basic.username_file, 'basic_auth', 'username_file');
    const password = secret(basic.password, basic.password_file, 'basic_auth', 'password_file');
    return {
      headers,
      basicAuth: { username: username?.() ?? '', password: password ?? (() => '') },
    };
  }
  const credentials =
    secret(
      authorization?.credentials,
      authorization?.credentials_file,
      'authorization',
      'credentials_file',
    ) ?? secret(input.bearer_token, input.bearer_token_file, 'bearer_token_file');
  if (credentials === undefined) return { headers };
  return { headers, authorization: { type: authorization?.type ?? 'Bearer', credentials } };
}

function checkChoices(
  input: Partial<z.output<typeof httpClientSchema>>,
  path: ConfigPath,
  report: Reporter,
): void {
  const onlyOne = (owner: object | undefined, at: ConfigPath, keys: readonly string[]): void => {
    const given = keys.filter((key) => key in (owner ?? {}));
    if (given.length < 2) return;
    const names = given.map((key) => `"${key}"`).join(' and ');
    report.error(
      [...path, ...at, given[1] ?? ''],
      'CONFIG_VALUE',
      `only one of ${names} may be set`,
    );
  };
  onlyOne(input, [], ['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file']);
  onlyOne(input.basic_auth, ['basic_auth'], ['username', 'username_file']);
  onlyOne(input.basic_auth, ['basic_auth'], ['password', 'password_file']);
  onlyOne(input.authorization, ['authorization'], ['credentials', 'credentials_file']);
  if (input.authorization?.type?.trim().toLowerCase() === 'basic')
    report.error(
      [...path, 'authorization', 'type'],
      'CONFIG_VALUE',
      'authorization type can\'t be "basic"; use "basic_auth" instead',
    );
}

function headersOf(
  input: NonNullable<z.output<typeof httpClientSchema>['http_headers']>,
  context: Context,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, { values = [], secrets = [], files = [] }] of Object.entries(input)) {
    const path = [...context.path, 'http_headers', name];
    checkHeaderName(name, path, context.report);
    const read = files.map((file) =>
      readNow(secretOf(undefined, file, { ...context, path }), path, context),
    );
    headers[name] = [...values, ...secrets, ...read].join(', ');
  }
  return headers;
}

/** A secret's value at load time; an error, and empty, when its file can't be read. */
export function readNow(
  secret: (() => string) | undefined,
  path: ConfigPath,
  context: Pick<Context, 'report'>,
): string {
  try {
    return secret?.() ?? '';
  } catch (error) {
    context.report.error(path, 'CONFIG_FILE', `the secret can't be read: ${messageOf(error)}`);
    return '';
  }
}

/** Refuses a header that the protocol sets itself, or that is no header name at all. */
export function checkHeaderName(name: string, path: ConfigPath, report: Reporter): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    report.error(path, 'CONFIG_VALUE', `${JSON.stringify(name)} is not a header name`);
  else if (RESERVED.has(name.toLowerCase()))
    report.error(path, 'CONFIG_VALUE', `header "${name}" is reserved; remove it`);
}

function secretOf(
  value: string | undefined,
  file: string | undefined,
  context: Context,
): (() => string) | undefined {
  if (value !== undefined) return () => value;
  if (file === undefined) return undefined;
  const path = resolve(context.baseDirectory, file);
  if (!existsSync(path))
    context.report.warn(context.path, `file ${JSON.stringify(file)} does not exist yet`);
  return () => readFileSync(path, 'utf8').trim();
}
