/**
 * The HTTP client part of scrape_configs and remote_write: credentials and headers, TLS, proxies and OAuth 2.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ignored, listOf, switchSchema, textSchema } from './values.ts';
import { messageOf } from '../kernel/errors.ts';
import type { HttpConnection, ProxySettings } from '../kernel/http-connection.ts';
import { createTokenSource } from '../kernel/oauth2.ts';
import { type ConfigPath, type Reporter } from './finding.ts';

const VERSIONS = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
const versionSchema = z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']);

const tlsSchema = z.strictObject({
  ca: textSchema.optional(),
  ca_file: textSchema.optional(),
  cert: textSchema.optional(),
  cert_file: textSchema.optional(),
  key: textSchema.optional(),
  key_file: textSchema.optional(),
  server_name: textSchema.optional(),
  insecure_skip_verify: switchSchema.optional(),
  min_version: versionSchema.optional(),
  max_version: versionSchema.optional(),
});

const proxyShape = {
  proxy_url: textSchema.optional(),
  no_proxy: textSchema.optional(),
  proxy_from_environment: switchSchema.optional(),
  proxy_connect_header: z.record(z.string(), listOf(textSchema)).optional(),
} as const;

const oauth2Schema = z.strictObject({
  client_id: textSchema,
  client_secret: textSchema.optional(),
  client_secret_file: textSchema.optional(),
  scopes: listOf(textSchema).optional(),
  token_url: textSchema,
  endpoint_params: z.record(z.string(), textSchema).optional(),
  tls_config: tlsSchema.optional(),
  ...proxyShape,
  grant_type: z
    .literal('client_credentials', { error: 'only client_credentials is supported' })
    .optional(),
});

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
  oauth2: oauth2Schema.optional(),
  tls_config: tlsSchema.optional(),
  ...proxyShape,
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
  readonly authorization?: {
    readonly type: string;
    readonly credentials: () => string | Promise<string>;
  };
  /** TLS and proxy, where any is set. */
  readonly connection?: HttpConnection | undefined;
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
  const connection = resolveConnection(input, context);
  const { basic_auth: basic, authorization, oauth2 } = input;
  const secret = (value: string | undefined, file: string | undefined, ...keys: string[]) =>
    secretOf(value, file, { ...context, path: [...context.path, ...keys] });
  if (basic !== undefined) {
    const username = secret(basic.username, basic.username_file, 'basic_auth', 'username_file');
    const password = secret(basic.password, basic.password_file, 'basic_auth', 'password_file');
    return {
      headers,
      connection,
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
  if (oauth2 !== undefined) {
    const at = [...context.path, 'oauth2'];
    const own = resolveConnection(oauth2, { ...context, path: at });
    const clientSecret = secret(
      oauth2.client_secret,
      oauth2.client_secret_file,
      'oauth2',
      'client_secret_file',
    );
    if (!URL.canParse(oauth2.token_url))
      context.report.error([...at, 'token_url'], 'CONFIG_VALUE', 'token_url is not a URL');
    const token = createTokenSource(
      {
        tokenUrl: oauth2.token_url,
        clientId: oauth2.client_id,
        clientSecret: clientSecret ?? (() => ''),
        scopes: oauth2.scopes ?? [],
        endpointParams: oauth2.endpoint_params ?? {},
        connection: own,
      },
      () => Date.now(),
    );
    return { headers, connection, authorization: { type: 'Bearer', credentials: token } };
  }
  if (credentials === undefined) return { headers, connection };
  return {
    headers,
    connection,
    authorization: { type: authorization?.type ?? 'Bearer', credentials },
  };
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
  onlyOne(
    input,
    [],
    ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'],
  );
  onlyOne(input.oauth2, ['oauth2'], ['client_secret', 'client_secret_file']);
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

interface ConnectionInput {
  readonly tls_config?: z.output<typeof tlsSchema> | undefined;
  readonly proxy_url?: string | undefined;
  readonly no_proxy?: string | undefined;
  readonly proxy_from_environment?: boolean | undefined;
  readonly proxy_connect_header?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** TLS and proxy alone; undefined where nothing is set. */
export function resolveConnection(
  input: ConnectionInput,
  context: Context,
): HttpConnection | undefined {
  const { tls_config: tls } = input;
  const proxy = proxyOf(input, context);
  if (tls === undefined && proxy === undefined) return undefined;
  const at = [...context.path, 'tls_config'];
  for (const name of ['ca', 'cert', 'key'] as const)
    if (tls?.[name] !== undefined && tls[`${name}_file`] !== undefined)
      context.report.error(
        [...at, `${name}_file`],
        'CONFIG_VALUE',
        `only one of "${name}" and "${name}_file" may be set`,
      );
  const hasCert = (tls?.cert ?? tls?.cert_file) !== undefined;
  const hasKey = (tls?.key ?? tls?.key_file) !== undefined;
  if (hasCert !== hasKey)
    context.report.error(at, 'CONFIG_VALUE', 'a client certificate needs both cert and key');
  const part = (name: 'ca' | 'cert' | 'key'): (() => string) | undefined =>
    secretOf(tls?.[name], tls?.[`${name}_file`], { ...context, path: [...at, `${name}_file`] });
  const files = [tls?.ca_file, tls?.cert_file, tls?.key_file].flatMap((file) =>
    file === undefined ? [] : [resolve(context.baseDirectory, file)],
  );
  return {
    tls:
      tls === undefined
        ? undefined
        : {
            ca: part('ca'),
            cert: part('cert'),
            key: part('key'),
            serverName: tls.server_name,
            skipsVerification: tls.insecure_skip_verify ?? false,
            minVersion: tls.min_version && VERSIONS[tls.min_version],
            maxVersion: tls.max_version && VERSIONS[tls.max_version],
          },
    proxy,
    key: createHash('sha256')
      .update(JSON.stringify([tls, files, proxy]))
      .digest('base64'),
    stamp: () => files.map(stampOf).join(),
  };
}

function proxyOf(input: ConnectionInput, context: Context): ProxySettings | undefined {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: fromEnvironment } = input;
  const fail = (key: string, message: string): void =>
    context.report.error([...context.path, key], 'CONFIG_VALUE', message);
  if (fromEnvironment === true && (url ?? noProxy) !== undefined)
    fail('proxy_from_environment', 'proxy_from_environment excludes proxy_url and no_proxy');
  if (noProxy !== undefined && url === undefined) fail('no_proxy', 'no_proxy needs a proxy_url');
  if (input.proxy_connect_header !== undefined && url === undefined && fromEnvironment !== true)
    fail(
      'proxy_connect_header',
      'proxy_connect_header needs a proxy_url or proxy_from_environment',
    );
  if (url !== undefined && url !== '' && !/^https?:\/\//.test(url))
    fail(
      'proxy_url',
      `proxy_url ${JSON.stringify(withoutPassword(url))} must begin with http:// or https://`,
    );
  if ((url === undefined || url === '') && fromEnvironment !== true) return undefined;
  const headers = Object.entries(input.proxy_connect_header ?? {});
  return {
    url,
    noProxy,
    connectHeaders: Object.fromEntries(headers.map(([name, values]) => [name, values.join(', ')])),
  };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
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
