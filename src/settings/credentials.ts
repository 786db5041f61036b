/**
 * How an HTTP client authenticates: basic_auth, authorization, bearer_token and oauth2, of which
 * one may be set. Signing with AWS credentials is in aws-access.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
import * as z from 'zod';
import type { HttpCredentials } from '../kernel/http-credentials.ts';
import { checkHeaderValue } from './http-headers.ts';
import { type CheckContext, checkOnlyOne } from './finding.ts';
import { oauth2Schema, resolveOAuth2 } from './oauth2.ts';
import { resolveSecret, secretFileSchema, secretSchema } from './secret.ts';
import { textSchema } from './text.ts';

export const basicAuthSchema = z.strictObject({
  username: textSchema.optional().describe('Name of the user.'),
  username_file: secretFileSchema
    .optional()
    .describe('File that holds the name; read at each use.'),
  password: secretSchema.optional().describe('Password of the user.'),
  password_file: secretFileSchema
    .optional()
    .describe('File that holds the password; read at each use.'),
});

const authorizationSchema = z.strictObject({
  type: textSchema.optional().meta({
    description: 'Stands before the credentials; basic is refused, use basic_auth.',
    default: 'Bearer',
  }),
  credentials: secretSchema.optional().describe('What stands behind the type.'),
  credentials_file: secretFileSchema
    .optional()
    .describe('File that holds the credentials; read at each use.'),
});

export const credentialsShape = {
  basic_auth: basicAuthSchema
    .optional()
    .describe(
      'Name and password. One of basic_auth, authorization, bearer_token, bearer_token_file and ' +
        'oauth2 may be set.',
    ),
  authorization: authorizationSchema
    .optional()
    .describe('The Authorization header, of another type than basic.'),
  bearer_token: secretSchema.optional().describe('As authorization with these credentials.'),
  bearer_token_file: secretFileSchema
    .optional()
    .describe('As authorization with this credentials_file.'),
  oauth2: oauth2Schema
    .optional()
    .describe('A token that is asked for with the credentials of the client.'),
} as const;

const CHOICES = Object.keys(credentialsShape);

export type CredentialsInput = Partial<z.output<z.ZodObject<typeof credentialsShape>>>;

/** Checks the keys against each other; a secret's file that does not exist yet is a warning. */
export function resolveCredentials(
  input: CredentialsInput,
  context: CheckContext,
): HttpCredentials {
  checkChoices(input, context);
  const below = (...keys: string[]): CheckContext => ({
    ...context,
    path: [...context.path, ...keys],
  });
  const { basic_auth: basic, authorization, oauth2 } = input;
  if (basic !== undefined) {
    const at = (key: string): CheckContext => below('basic_auth', key);
    const username = resolveSecret(basic.username, basic.username_file, at('username_file'));
    const password = resolveSecret(basic.password, basic.password_file, at('password_file'));
    return {
      basicAuth: {
        username: username ?? (() => ''),
        password: password ?? (() => ''),
      },
    };
  }
  const credentials =
    resolveSecret(
      authorization?.credentials,
      authorization?.credentials_file,
      below('authorization', 'credentials_file'),
    ) ?? resolveSecret(input.bearer_token, input.bearer_token_file, below('bearer_token_file'));
  if (oauth2 !== undefined) {
    const token = resolveOAuth2(oauth2, below('oauth2'));
    return { authorization: { type: 'Bearer', credentials: token } };
  }
  if (credentials === undefined) return {};
  return { authorization: { type: authorization?.type ?? 'Bearer', credentials } };
}

function checkChoices(input: CredentialsInput, { path, report }: CheckContext): void {
  checkOnlyOne(input, CHOICES, { path, report });
  const basicAt = [...path, 'basic_auth'];
  checkOnlyOne(input.basic_auth, ['username', 'username_file'], { path: basicAt, report });
  checkOnlyOne(input.basic_auth, ['password', 'password_file'], { path: basicAt, report });
  const at = [...path, 'authorization'];
  checkHeaderValue(input.bearer_token ?? '', [...path, 'bearer_token'], report);
  checkHeaderValue(input.authorization?.type ?? '', [...at, 'type'], report);
  checkHeaderValue(input.authorization?.credentials ?? '', [...at, 'credentials'], report);
  checkOnlyOne(input.authorization, ['credentials', 'credentials_file'], { path: at, report });
  if (input.authorization?.type?.trim().toLowerCase() === 'basic')
    report.error(
      [...at, 'type'],
      'CONFIG_VALUE',
      'authorization type can\'t be "basic"; use "basic_auth" instead',
    );
}
