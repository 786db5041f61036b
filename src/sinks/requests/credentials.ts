/** The check of credentials that the requests of a sink carry. */
import type { HttpClientSettings } from '../../settings/http-client.ts';
import { describeError } from '../../kernel/errors.ts';
import type { SinkContext } from '../sink.ts';

/**
 * Reads secrets once, so that a file that can't be read is reported at the start; a token is not
 * fetched. A file that does not exist yet, which a warning tells, is read when it comes: until
 * then what is to be sent waits.
 *
 * @param context  of the entry
 */
export function readSecrets(
  input: { readonly oauth2?: unknown },
  { basicAuth, authorization }: HttpClientSettings,
  { path, report }: SinkContext,
): void {
  if (input.oauth2 !== undefined) return;
  const at = basicAuth === undefined ? path : [...path, 'basic_auth'];
  const secrets = [basicAuth?.username, basicAuth?.password, authorization?.credentials];
  for (const read of secrets)
    try {
      void read?.();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      report.error(at, 'CONFIG_FILE', `the secret can't be read: ${describeError(error)}`);
    }
}
