/**
 * oauth2: a client gets a token with its own credentials and sends it as a bearer token.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#oauth2
 */
import * as z from 'zod';
import { systemClock } from '../kernel/clock.ts';
import { createTokenSource } from '../kernel/oauth2.ts';
import { connectionShape, resolveConnection } from './connection.ts';
import { durationSchema, positiveDurationSchema } from './duration.ts';
import { type CheckContext, checkOnlyOne } from './finding.ts';
import { resolveSecret, secretFileSchema, secretSchema } from './secret.ts';
import { listOf, textSchema } from './text.ts';
import { findUrlFault } from './url.ts';

export const oauth2Schema = z.strictObject({
  client_id: textSchema.describe('Who asks for the token.'),
  client_secret: secretSchema.optional().describe('Its secret.'),
  client_secret_file: secretFileSchema
    .optional()
    .describe('File that holds its secret; read at each use.'),
  scopes: listOf(textSchema)
    .optional()
    .meta({ description: 'What the token is to allow.', examples: [['metrics.write']] }),
  token_url: textSchema.meta({
    description: 'Where the token is asked for.',
    examples: ['https://auth.example/token'],
  }),
  endpoint_params: z
    .record(z.string(), secretSchema)
    .optional()
    .describe('Further parameters of the request for a token.'),
  ...connectionShape,
  timeout: positiveDurationSchema.optional().meta({
    description: 'How long a request for a token may take. Prometheus knows no such key.',
    default: '10s',
  }),
  expiry_buffer: durationSchema.optional().meta({
    description: 'How long before its end a token is renewed. Prometheus knows no such key.',
    default: '10s',
  }),
  grant_type: z
    .literal('client_credentials', { error: 'only client_credentials is supported' })
    .optional()
    .meta({ description: 'How the token is asked for.', default: 'client_credentials' }),
});

/**
 * Checks the keys against each other.
 *
 * @param context  its path is that of oauth2
 * @returns        a function that gives the token, a new one when it has expired
 */
export function resolveOAuth2(
  input: z.output<typeof oauth2Schema>,
  context: CheckContext,
): () => Promise<string> {
  const { path, report } = context;
  checkOnlyOne(input, ['client_secret', 'client_secret_file'], context);
  const connection = resolveConnection(input, context);
  const clientSecret = resolveSecret(input.client_secret, input.client_secret_file, {
    ...context,
    path: [...path, 'client_secret_file'],
  });
  const fault = findUrlFault('token_url', input.token_url);
  if (fault !== undefined) report.error([...path, 'token_url'], 'CONFIG_VALUE', fault);
  return createTokenSource(
    {
      tokenUrl: input.token_url,
      clientId: input.client_id,
      clientSecret: clientSecret ?? (() => ''),
      scopes: input.scopes ?? [],
      endpointParams: input.endpoint_params ?? {},
      connection,
      timeoutMs: input.timeout,
      marginMs: input.expiry_buffer,
    },
    () => systemClock.elapsedMs(),
  );
}
