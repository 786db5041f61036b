/**
 * The keys of an HTTP client, which scrape_configs, remote_write and http_sd_configs share:
 * credentials, headers, TLS and proxies, each in a file of its own.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
import type * as z from 'zod';
import type { HttpConnection } from '../kernel/http-connection.ts';
import type { HttpCredentials } from '../kernel/http-credentials.ts';
import { connectionShape, resolveConnection } from './connection.ts';
import { credentialsShape, resolveCredentials } from './credentials.ts';
import type { CheckContext } from './finding.ts';
import { httpHeadersSchema, resolveHeaders } from './http-headers.ts';
import { ignoredValue } from './refused-keys.ts';
import { switchSchema } from './switch.ts';

export const httpClientShape = {
  ...credentialsShape,
  ...connectionShape,
  follow_redirects: switchSchema.optional().meta({
    description: 'Follows redirects.',
    default: true,
  }),
  enable_http2: ignoredValue(
    switchSchema,
    'HTTP/1.1 with kept connections is spoken; the samples are the same.',
  ),
  http_headers: httpHeadersSchema.optional().meta({
    description: "Headers that are sent along; the protocol's own cannot be set.",
    examples: [{ 'X-Scope-OrgID': { values: ['tenant'] } }],
  }),
} as const;

export type HttpClientInput = Partial<z.output<z.ZodObject<typeof httpClientShape>>>;

export interface HttpClientSettings extends HttpCredentials {
  /** TLS and proxy; undefined when neither is set. */
  readonly connection?: HttpConnection | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Checks the keys against each other and makes plain values of them.
 *
 * @param context  its path is that of the block that has the keys
 */
export function resolveHttpClient(
  input: HttpClientInput,
  context: CheckContext,
): HttpClientSettings {
  const path = [...context.path, 'http_headers'];
  return {
    ...resolveCredentials(input, context),
    headers: resolveHeaders(input.http_headers ?? {}, { ...context, path }),
    connection: resolveConnection(input, context),
  };
}
