/**
 * The HTTP client keys of a discovery that calls AWS: TLS and proxies apply to the calls; the other
 * keys are refused with the reason. Valid keys without effect cause a warning at their line.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
import { createRequestHandler } from '../aws/client-connection.ts';
import type { HttpConnection } from '../kernel/http-connection.ts';
import { isSocksUrl } from '../kernel/socks5.ts';
import { findUrlFault } from '../settings/url.ts';
import { type CheckContext, silentReporter } from '../settings/finding.ts';
import {
  type ConnectionInput,
  connectionShape,
  resolveConnectionToAws,
} from '../settings/connection.ts';
import { unsupported } from '../settings/refused-keys.ts';
import { switchSchema } from '../settings/switch.ts';

const SIGNED =
  'calls of AWS are signed with AWS credentials and carry no others; remove it and use ' +
  'access_key and secret_key, profile or role_arn';

export const awsHttpShape = {
  ...connectionShape,
  proxy_connect_header: unsupported(
    'a tunnel to AWS is opened without additional headers; remove it and write the credentials ' +
      'of the proxy in proxy_url',
  ),
  basic_auth: unsupported(SIGNED),
  authorization: unsupported(SIGNED),
  bearer_token: unsupported(SIGNED),
  bearer_token_file: unsupported(SIGNED),
  oauth2: unsupported(SIGNED),
  http_headers: unsupported('calls of AWS are signed and sent without further headers; remove it'),
  follow_redirects: switchSchema.optional().describe('Has no effect: AWS redirects no call.'),
  enable_http2: switchSchema.optional().describe('Has no effect: AWS is called over HTTP/1.1.'),
} as const;

/** The keys for the connection to AWS, as read from a configuration. */
export type AwsHttp = ConnectionInput;

/** Returns the connection settings; undefined when the calls need none of their own. */
export function resolveAwsConnection(
  config: AwsHttp,
  baseDirectory: string,
): HttpConnection | undefined {
  return resolveConnectionToAws(config, { baseDirectory, path: [], report: silentReporter });
}

export function checkAwsHttp(
  config: AwsHttp & {
    readonly follow_redirects?: boolean | undefined;
    readonly enable_http2?: boolean | undefined;
  },
  context: CheckContext,
): void {
  const { path, report } = context;
  const connection = resolveConnectionToAws(config, context);
  const isUrl = findUrlFault('proxy_url', config.proxy_url || 'http://none') === undefined;
  if (
    isUrl &&
    !isSocksUrl(config.proxy_url ?? '') &&
    connection !== undefined &&
    !isUsable(connection)
  )
    report.error(
      [...path, config.proxy_url === undefined ? 'proxy_from_environment' : 'proxy_url'],
      'CONFIG_VALUE',
      'the proxy URL is not valid; write http://host:port, or http://user:password@host:port ' +
        'with special characters as %XX',
    );
  if (config.follow_redirects === true)
    report.warn(
      [...path, 'follow_redirects'],
      'follow_redirects has no effect: AWS redirects no call, and redirects are not followed',
    );
  if (config.enable_http2 === true)
    report.warn(
      [...path, 'enable_http2'],
      'enable_http2 has no effect: AWS is called over HTTP/1.1',
    );
}

function isUsable(connection: HttpConnection): boolean {
  try {
    createRequestHandler({}, connection);
    return true;
  } catch {
    return false;
  }
}
