/**
 * The authenticator `oauth2client`: requests carry a token that is asked for with the credentials
 * of the client.
 * Source: contrib's extension/oauth2clientauthextension/config.go
 */
import * as z from 'zod';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { readNow, resolveSecret, secretSchema } from '../../../settings/secret.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import { exporterTlsSchema } from '../exporter-schema.ts';
import { resolveExporterTls } from '../exporter-tls.ts';
import { defineExtension, type ExtensionContext } from './extension.ts';

const schema = z.strictObject({
  client_id: textSchema.optional().describe('Who asks for the token; this or client_id_file.'),
  client_id_file: textSchema
    .optional()
    .describe('File that holds it; read when the configuration is loaded.'),
  client_secret: secretSchema.optional().describe('Its secret; this or client_secret_file.'),
  client_secret_file: textSchema
    .optional()
    .describe('File that holds its secret; read at each use, and taken before client_secret.'),
  token_url: textSchema.optional().meta({
    description: 'Where the token is asked for; needed.',
    examples: ['https://auth.example/token'],
  }),
  scopes: listOf(textSchema).optional().describe('What the token is to allow.'),
  endpoint_params: z
    .record(z.string(), z.union([secretSchema, listOf(secretSchema)]))
    .optional()
    .describe('Further parameters of the request for a token, one value each.'),
  tls: exporterTlsSchema.optional().describe('TLS of the requests for a token.'),
  timeout: goDurationSchema
    .optional()
    .meta({ description: 'How long a request for a token may take.', default: '10s' }),
  expiry_buffer: goDurationSchema.optional().meta({
    description: 'How long before its end a token is renewed. The Collector: 5m.',
    default: '10s',
  }),
  grant_type: textSchema.optional().meta({
    description: 'Only client_credentials is taken.',
    default: 'client_credentials',
  }),
  ...Object.fromEntries(
    [
      'client_certificate_key',
      'client_certificate_key_file',
      'client_certificate_key_id',
      'signature_algorithm',
      'iss',
      'audience',
      'claims',
    ].map((key) => [key, refusedWhereUsed('it is for the grant of JWTs; use client_credentials.')]),
  ),
});

type OAuth2Input = z.output<typeof schema>;

export const oauth2ClientKind = defineExtension({
  names: ['oauth2client', 'oauth2_client'],
  schema,
  minimal: { client_id: 'id', client_secret: 'secret', token_url: 'https://auth.example/token' },
  resolve(input, context) {
    const { at, report, baseDirectory } = context;
    if (!checkPresence(input, context) || !checkGrant(input, context)) return undefined;
    const { client_secret_file: secretFile = '', token_url: url } = input;
    const idAt = [...at, 'client_id_file'];
    const fromFile = resolveSecret(undefined, input.client_id_file || undefined, {
      path: idAt,
      baseDirectory,
      report,
    });
    const oauth2 = {
      client_id: fromFile === undefined ? input.client_id : readNow(fromFile, idAt, context),
      ...(secretFile === ''
        ? { client_secret: input.client_secret }
        : { client_secret_file: secretFile }),
      token_url: url,
      scopes: input.scopes ?? [],
      endpoint_params: pickParameters(input, context),
      ...resolveExporterTls(input.tls, [...at, 'tls'], report),
      ...(input.timeout === undefined || input.timeout === 0
        ? {}
        : { timeout: `${input.timeout}ms` }),
      ...(input.expiry_buffer === undefined ? {} : { expiry_buffer: `${input.expiry_buffer}ms` }),
    };
    if (input.timeout === 0)
      report.warn([...at, 'timeout'], 'a request is never unlimited: timeout 0 is taken as 10s');
    return { credentials: { input: { oauth2 }, at } };
  },
});

function checkPresence(input: OAuth2Input, { at, report }: ExtensionContext): boolean {
  const isFilled = (key: 'client_id' | 'client_secret' | 'token_url'): boolean => {
    const file = key === 'token_url' ? '' : (input[`${key}_file`] ?? '');
    return (input[key] ?? '') !== '' || file !== '';
  };
  const missing = (['client_id', 'client_secret', 'token_url'] as const).filter(
    (key) => !isFilled(key),
  );
  for (const key of missing) {
    const other = key === 'token_url' ? '' : ` or a "${key}_file"`;
    report.error(at, 'CONFIG_VALUE', `oauth2client needs a "${key}"${other}`);
  }
  for (const key of ['client_id', 'client_secret'] as const)
    if ((input[key] ?? '') !== '' && (input[`${key}_file`] ?? '') !== '')
      report.warn([...at, key], `${key} has no effect beside ${key}_file`, 'key');
  return missing.length === 0;
}

/** Whether the token is asked for with a secret, as is built in. */
function checkGrant(input: OAuth2Input, { at, report }: ExtensionContext): boolean {
  const foreign = Object.keys(input).filter(
    (key) =>
      /^(?:client_certificate|signature_algorithm|iss$|audience$|claims$)/.test(key) ||
      (key === 'grant_type' && input.grant_type !== 'client_credentials'),
  );
  for (const key of foreign)
    report.lacks(
      [...at, key],
      `"${key}" of oauth2client: a token is asked for by client_credentials only; give a ` +
        '"client_secret"',
    );
  return foreign.length === 0;
}

function pickParameters(
  { endpoint_params: parameters = {} }: OAuth2Input,
  { at, report }: ExtensionContext,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => {
      const [first, ...more] = [value].flat();
      if (more.length > 0)
        report.lacks(
          [...at, 'endpoint_params', name],
          `endpoint_params.${name} has several values, and one is sent; give one`,
        );
      return first === undefined ? [] : [[name, first]];
    }),
  );
}
