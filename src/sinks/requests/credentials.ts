/** The check of credentials that the requests of a sink carry. */
import type { HttpClientSettings } from '../../settings/http-client.ts';
import { readNow } from '../../settings/secret.ts';
import type { SinkContext } from '../sink.ts';

/**
 * Reads secrets once, so that a file that can't be read is reported at the start; a token is not
 * fetched.
 *
 * @param context  of the entry
 */
export function readSecrets(
  input: { readonly oauth2?: unknown },
  { basicAuth, authorization }: HttpClientSettings,
  context: SinkContext,
): void {
  const { path } = context;
  if (basicAuth !== undefined) readNow(basicAuth.password, [...path, 'basic_auth'], context);
  else if (authorization !== undefined && input.oauth2 === undefined)
    readNow(authorization.credentials as () => string, path, context);
}
