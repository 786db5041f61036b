/**
 * Through which proxy a client goes.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
import * as z from 'zod';
import type { ProxySettings } from '../kernel/http-connection.ts';
import { isSocksUrl } from '../kernel/socks5.ts';
import { readProxyEnvironment } from '../kernel/proxy-environment.ts';
import type { CheckContext } from './finding.ts';
import { secretSchema } from './secret.ts';
import { switchSchema } from './switch.ts';
import { listOf, textSchema } from './text.ts';
import { findUrlFault } from './url.ts';

export const proxyShape = {
  proxy_url: textSchema.optional().meta({
    description:
      'Proxy to go through: of HTTP, or by socks5:// of SOCKS5, which then resolves the names of ' +
      'hosts.',
    examples: ['http://proxy:3128'],
  }),
  no_proxy: textSchema.optional().meta({
    description:
      'Hosts, separated by commas, that are reached without the proxy: names with their ' +
      'subdomains, addresses, ranges of addresses, each also with a port. Given one, this ' +
      'machine is reached without it too.',
    examples: ['localhost,10.0.0.0/8'],
  }),
  proxy_from_environment: switchSchema.optional().meta({
    description:
      'Goes through the proxy that HTTP_PROXY (for http:// alone), HTTPS_PROXY and NO_PROXY ' +
      'name: a URL, or host:port.',
    default: false,
  }),
  proxy_connect_header: z
    .record(z.string(), listOf(secretSchema))
    .optional()
    .meta({
      description: 'Headers with which a tunnel through the proxy is asked for.',
      examples: [{ 'Proxy-Authorization': ['Basic …'] }],
    }),
} as const;

export interface ProxyInput {
  readonly proxy_url?: string | undefined;
  readonly no_proxy?: string | undefined;
  readonly proxy_from_environment?: boolean | undefined;
  readonly proxy_connect_header?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Undefined when no proxy is configured. */
export function resolveProxy(input: ProxyInput, context: CheckContext): ProxySettings | undefined {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: fromEnvironment } = input;
  checkProxy(input, context);
  if ((url === undefined || url === '') && fromEnvironment !== true) return undefined;
  const headers = Object.entries(input.proxy_connect_header ?? {});
  return {
    url,
    noProxy,
    connectHeaders: Object.fromEntries(headers.map(([name, values]) => [name, values.join(', ')])),
  };
}

function checkProxy(input: ProxyInput, { path, report }: CheckContext): void {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: fromEnvironment } = input;
  const fail = (key: string, message: string): void =>
    report.error([...path, key], 'CONFIG_VALUE', message);
  if (fromEnvironment === true && (url ?? noProxy) !== undefined)
    fail('proxy_from_environment', 'proxy_from_environment excludes proxy_url and no_proxy');
  else if (noProxy !== undefined && url === undefined)
    fail('no_proxy', 'no_proxy needs a proxy_url');
  if (input.proxy_connect_header !== undefined && url === undefined && fromEnvironment !== true)
    fail(
      'proxy_connect_header',
      'proxy_connect_header needs a proxy_url or proxy_from_environment',
    );
  const isSocks = url !== undefined && isSocksUrl(url) && URL.canParse(url);
  const fault =
    url === undefined || url === '' || isSocks ? undefined : findUrlFault('proxy_url', url);
  if (fault !== undefined) fail('proxy_url', `${fault}; one of SOCKS5 begins with socks5://`);
  const ofVariable = fromEnvironment === true ? readProxyEnvironment(process.env).fault : undefined;
  if (ofVariable !== undefined) fail('proxy_from_environment', ofVariable);
}
