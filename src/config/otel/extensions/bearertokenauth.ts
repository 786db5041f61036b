/**
 * The authenticator `bearertokenauth`, as a client: requests carry a token. Of several tokens the
 * Collector sends the first; the others are for servers.
 * Source: contrib's extension/bearertokenauthextension
 */
import * as z from 'zod';
import { checkHeaderName } from '../../../settings/http-headers.ts';
import { ignored } from '../../../settings/refused-keys.ts';
import { secretSchema } from '../../../settings/secret.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import { defineExtension, type ExtensionContext } from './extension.ts';

const schema = z.strictObject({
  scheme: textSchema
    .optional()
    .meta({ description: 'Stands before the token.', default: 'Bearer' }),
  token: secretSchema
    .optional()
    .describe('The token; this, tokens or filename must be set, and filename is taken first.'),
  tokens: listOf(secretSchema).optional().describe('The first is sent, as in the Collector.'),
  filename: textSchema.optional().describe('File that holds the token, read at each request.'),
  header: textSchema.optional().meta({
    description: 'Header that carries the token; with filename only Authorization.',
    default: 'Authorization',
  }),
  file_retry: ignored('Has no effect: the file is read at each request.'),
});

type BearerInput = z.output<typeof schema>;

export const bearerTokenKind = defineExtension({
  names: ['bearertokenauth', 'bearer_token_auth', 'bearertoken'],
  schema,
  minimal: { token: 'secret' },
  resolve(input, context) {
    const { at, report } = context;
    const { scheme = 'Bearer', token = '', tokens = [], filename = '' } = input;
    if (token === '' && filename === '' && tokens.length === 0) {
      report.error(at, 'CONFIG_VALUE', 'bearertokenauth needs a "token" or a "filename"');
      return undefined;
    }
    if (token !== '' && tokens.length > 0) {
      const message = 'only one of "token" and "tokens" may be set';
      report.error([...at, 'tokens'], 'CONFIG_VALUE', message);
      return undefined;
    }
    noteWithoutEffect(input, context);
    const { header = 'Authorization' } = input;
    const sent = token === '' ? (tokens[0] ?? '') : token;
    if (header.toLowerCase() !== 'authorization') {
      if (filename !== '') return refuse('header', context);
      checkHeaderName(header, [...at, 'header'], report);
      const value = scheme === '' ? sent : `${scheme} ${sent}`;
      const headers = [{ name: header, action: 'upsert', value }] as const;
      return { credentials: { input: {}, at, headers } };
    }
    if (scheme.trim() === '') return refuse('scheme', context);
    const credentials = filename === '' ? { credentials: sent } : { credentials_file: filename };
    return { credentials: { input: { authorization: { type: scheme, ...credentials } }, at } };
  },
});

function noteWithoutEffect(input: BearerInput, { at, report }: ExtensionContext): void {
  const { token, tokens, filename = '' } = input;
  const hasFile = filename !== '';
  if (hasFile && (token ?? '') !== '')
    report.warn([...at, 'token'], 'token has no effect beside filename', 'key');
  if (hasFile && tokens !== undefined)
    report.warn([...at, 'tokens'], 'tokens has no effect beside filename', 'key');
  else if ((tokens?.length ?? 0) > 1)
    report.warn([...at, 'tokens'], 'the first of "tokens" is sent, as in the Collector', 'key');
  if (input.file_retry !== undefined)
    report.warn(
      [...at, 'file_retry'],
      'file_retry has no effect: the file is read at each request',
      'key',
    );
}

function refuse(key: 'header' | 'scheme', { at, report }: ExtensionContext): undefined {
  const why =
    key === 'header'
      ? 'a token that a file holds is sent in the header Authorization only; give a "token"'
      : 'a token in the header Authorization is sent after a scheme; name one, or another "header"';
  report.lacks([...at, key], `"${key}" of bearertokenauth: ${why}`);
}
