/**
 * Turns the authenticators of exporters into credentials of a remote_write entry. Only sigv4auth
 * signs with AWS credentials: other receivers must not get requests signed with the task's.
 * Source: contrib's extension/sigv4authextension, basicauthextension and bearertokenauthextension
 */
import { z } from 'zod';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { awsAccessShape } from '../../settings/aws-access.ts';
import { basicAuthSchema } from '../../settings/credentials.ts';
import { ignored, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { parseValue, type DocumentReading } from '../reading.ts';
import { typeOf, unbuiltFateOf } from './components.ts';
import type { OtelComponent } from './document.ts';

/** Keys of a remote_write entry, and the path in the document that they come from. */
export interface Credentials {
  readonly input: Readonly<Record<string, unknown>>;
  readonly at: ConfigPath;
}

export interface AuthenticatorContext {
  readonly extensions: Readonly<Record<string, OtelComponent>>;
  /** The extensions that `service` switches on. */
  readonly active: ReadonlySet<string>;
  readonly reading: DocumentReading;
  readonly report: Reporter;
}

const WITHOUT_EFFECT = ['imds_retries', 'max_retries', 'num_workers', 'request_timeout_seconds'];

const SESSION = 'the session of the role is named and renewed by itself';
const ROLE_WITHOUT_EFFECT = {
  session_name: SESSION,
  session_duration: SESSION,
  expiry_window: SESSION,
  sts_region: 'the role is assumed in the region that is signed for',
} as const;

export const sigv4Schema = z.strictObject({
  region: awsAccessShape.region,
  service: textSchema
    .optional()
    .meta({ description: 'Service that is signed for.', default: 'aps' }),
  assume_role: z
    .strictObject({
      arn: awsAccessShape.role_arn,
      external_id: awsAccessShape.external_id,
      session_name: textSchema
        .optional()
        .describe('Has no effect: the session of the role is named by itself.'),
      sts_region: textSchema
        .optional()
        .describe('Has no effect: the role is assumed in the region that is signed for.'),
      web_identity_token_file: textSchema
        .optional()
        .describe('Refused: set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN.'),
      session_duration: ignored('Has no effect: the session of the role is renewed by itself.'),
      expiry_window: ignored('Has no effect: the session of the role is renewed by itself.'),
    })
    .optional()
    .describe('A role to assume.'),
  assume_role_with_web_identity: refusedWhereUsed(
    'set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN.',
  ),
  // CloudWatch's agent writes this key beside assume_role.
  role_arn: awsAccessShape.role_arn,
  ...Object.fromEntries(
    WITHOUT_EFFECT.map((key) => [
      key,
      ignored('Has no effect: the SDK of AWS retries by its own rules.'),
    ]),
  ),
});

/** The block aws_auth of awsprometheusremotewrite, which is older than extensions. */
export const awsAuthSchema = z.strictObject({
  region: awsAccessShape.region,
  service: textSchema
    .optional()
    .meta({ description: 'Service that is signed for.', default: 'aps' }),
  role_arn: awsAccessShape.role_arn,
});

export const basicSchema = z.strictObject({
  htpasswd: refusedWhereUsed('it is for servers.'),
  client_auth: basicAuthSchema
    .extend({
      aws_secrets_manager: refusedWhereUsed('give password_file.'),
    })
    .optional()
    .describe('Name and password that requests carry.'),
});

export const bearerSchema = z.strictObject({
  scheme: textSchema
    .optional()
    .meta({ description: 'Stands before the token.', default: 'Bearer' }),
  token: textSchema.optional().describe('The token; this or filename must be set.'),
  tokens: listOf(textSchema).optional().describe('Refused: one token is sent.'),
  filename: textSchema
    .optional()
    .describe('File that holds the token, read at each request; it is taken before token.'),
  header: textSchema
    .optional()
    .meta({ description: 'Only Authorization is taken.', default: 'Authorization' }),
  file_retry: ignored('Has no effect: the file is read at each request.'),
});

/**
 * Resolves the authenticator that an exporter names. Undefined when it can't be done; the findings
 * then say why.
 *
 * @param path  path of the name in the exporter
 */
export function resolveAuthenticator(
  name: string,
  path: ConfigPath,
  context: AuthenticatorContext,
): Credentials | undefined {
  const { extensions, active, report } = context;
  const extension = Object.hasOwn(extensions, name) ? extensions[name] : undefined;
  if (extension === undefined || !active.has(name)) {
    const why =
      extension === undefined
        ? '"extensions" does not define it'
        : '"service.extensions" does not name it';
    report.error(path, 'CONFIG_VALUE', `authenticator "${name}" is not found: ${why}`);
    return undefined;
  }
  const at = ['extensions', name];
  switch (typeOf(name)) {
    case 'sigv4auth':
      return resolveSigv4(extension, at, context);
    case 'basicauth':
      return resolveBasic(extension, at, context);
    case 'bearertokenauth':
      return resolveBearer(extension, at, context);
    default: {
      const fate = unbuiltFateOf('extensions', name);
      const instead =
        fate?.is === 'lacking' ? fate.instead : 'use sigv4auth, basicauth or bearertokenauth';
      report.lacks(
        path,
        `exporter "${path[1] ?? ''}" with authenticator "${name}" is not built in; ${instead}`,
      );
      return undefined;
    }
  }
}

function resolveSigv4(
  extension: OtelComponent,
  at: ConfigPath,
  { reading: { allowsPartial }, report }: AuthenticatorContext,
): Credentials | undefined {
  const parsed = parseValue(sigv4Schema, extension, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const { region, service, assume_role: role = {}, role_arn: ownArn } = parsed.data;
  for (const key of WITHOUT_EFFECT)
    if (key in extension)
      report.warn(
        [...at, key],
        `${key} has no effect: the SDK of AWS retries by its own rules`,
        'key',
      );
  for (const [key, why] of Object.entries(ROLE_WITHOUT_EFFECT))
    if (role[key as keyof typeof role] !== undefined)
      report.warn([...at, 'assume_role', key], `${key} has no effect: ${why}`, 'key');
  const foreign: readonly ConfigPath[] = [
    ['assume_role', 'web_identity_token_file'],
    ['assume_role_with_web_identity'],
  ].filter(([key = '', inner]) =>
    inner === undefined ? key in extension : role.web_identity_token_file !== undefined,
  );
  for (const path of foreign)
    report.lacks(
      [...at, ...path],
      `signing with "${path.at(-1) ?? ''}" is not built in; set AWS_WEB_IDENTITY_TOKEN_FILE ` +
        'and AWS_ROLE_ARN',
    );
  // With other credentials than asked for, requests would be refused, or accepted as another role.
  if (foreign.length > 0) return undefined;
  const arn = role.arn ?? ownArn;
  return { input: pickSigv4({ region, service, arn, externalId: role.external_id }), at };
}

export function pickSigv4(signed: {
  readonly region?: string | undefined;
  readonly service?: string | undefined;
  readonly arn?: string | undefined;
  readonly externalId?: string | undefined;
}): Readonly<Record<string, unknown>> {
  const filled = Object.entries({
    region: signed.region,
    service_name: signed.service === 'aps' ? undefined : signed.service,
    role_arn: signed.arn,
    external_id: signed.externalId,
  }).filter(([, value]) => value !== undefined && value !== '');
  return { sigv4: Object.fromEntries(filled) };
}

function resolveBasic(
  extension: OtelComponent,
  at: ConfigPath,
  { reading: { allowsPartial }, report }: AuthenticatorContext,
): Credentials | undefined {
  const parsed = parseValue(basicSchema, extension, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const { client_auth: client, htpasswd } = parsed.data;
  if (client === undefined || htpasswd !== undefined) {
    const message =
      'basicauth of an exporter needs "client_auth" and no "htpasswd", which is for servers';
    report.error(at, 'CONFIG_VALUE', message);
    return undefined;
  }
  if (client.aws_secrets_manager !== undefined) {
    const message = 'aws_secrets_manager is not asked for credentials; give password_file';
    report.lacks([...at, 'client_auth', 'aws_secrets_manager'], message);
    return undefined;
  }
  // In the Collector a file has precedence; in remote_write only one of the two may be set.
  const either = (key: 'username' | 'password'): Record<string, unknown> =>
    client[`${key}_file`] !== undefined && client[`${key}_file`] !== ''
      ? { [`${key}_file`]: client[`${key}_file`] }
      : { [key]: client[key] ?? '' };
  const input = { basic_auth: { ...either('username'), ...either('password') } };
  return { input, at: [...at, 'client_auth'] };
}

function resolveBearer(
  extension: OtelComponent,
  at: ConfigPath,
  { reading: { allowsPartial }, report }: AuthenticatorContext,
): Credentials | undefined {
  const parsed = parseValue(bearerSchema, extension, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const {
    scheme = 'Bearer',
    token = '',
    tokens,
    filename = '',
    header = 'Authorization',
  } = parsed.data;
  if (token === '' && filename === '' && tokens === undefined) {
    report.error(at, 'CONFIG_VALUE', 'bearertokenauth needs a "token" or a "filename"');
    return undefined;
  }
  const lacking =
    tokens !== undefined
      ? 'tokens'
      : header.toLowerCase() !== 'authorization'
        ? 'header'
        : scheme.trim() === ''
          ? 'scheme'
          : undefined;
  if (lacking !== undefined) {
    report.lacks(
      [...at, lacking],
      `"${lacking}" of bearertokenauth: one token is sent, in the header Authorization after its ` +
        `scheme; give a "token" or a "filename"`,
    );
    return undefined;
  }
  if ('file_retry' in extension)
    report.warn(
      [...at, 'file_retry'],
      'file_retry has no effect: the file is read at each request',
      'key',
    );
  const credentials = filename === '' ? { credentials: token } : { credentials_file: filename };
  return { input: { authorization: { type: scheme, ...credentials } }, at };
}
