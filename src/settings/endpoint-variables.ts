/**
 * The variables AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>: the clients of AWS read them at
 * their first call, where a text that is no URL ends in words that name no variable.
 */
import { ConfigError } from '../kernel/errors.ts';
import { findUrlFault } from './url.ts';

/** @throws ConfigError for one that is no URL */
export function checkEndpointVariables(env: Readonly<Record<string, string | undefined>>): void {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return;
  for (const [name, text] of Object.entries(env)) {
    if (!/^AWS_ENDPOINT_URL(?:_|$)/.test(name) || text === undefined || text === '') continue;
    const fault = findUrlFault(name, text);
    if (fault !== undefined) throw new ConfigError('ENDPOINT_VARIABLE', fault);
  }
}
