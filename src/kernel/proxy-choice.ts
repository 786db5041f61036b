/**
 * Through which proxy a URL is reached, as Go's programs, and so Prometheus, decide it: with a
 * proxy alone all go through it; with exceptions beside it, or from the environment, those go
 * straight, and this machine with them. HTTP_PROXY is for http:// only, HTTPS_PROXY for https://.
 * Source: https://github.com/prometheus/common/blob/main/config/http_config.go (ProxyConfig)
 */
import { HttpClientError } from './http-client-error.ts';
import type { ProxySettings } from './http-connection.ts';
import { type EnvironmentProxies, readProxyEnvironment } from './proxy-environment.ts';
import { readProxyExceptions } from './proxy-exceptions.ts';

export interface ProxyChoice {
  /** URLs of the proxies for http:// and for https://; empty for none. */
  readonly http: string;
  readonly https: string;
  /** URL of the proxy for one URL; undefined for straight. */
  readonly of: (url: URL) => string | undefined;
}

/** @throws HttpClientError for a variable of the environment that names no proxy */
export function chooseProxies({ url, noProxy }: ProxySettings): ProxyChoice {
  if (url === undefined) {
    const proxies = readProxyEnvironment(process.env);
    if (proxies.fault !== undefined) throw new HttpClientError('connect', proxies.fault);
    return chooseOfEnvironment(proxies);
  }
  if (noProxy === undefined || noProxy === '') return { http: url, https: url, of: () => url };
  return chooseOfEnvironment({ http: url, https: url, no: noProxy });
}

export function chooseOfEnvironment({
  http,
  https,
  no,
}: Omit<EnvironmentProxies, 'fault'>): ProxyChoice {
  const isExcepted = readProxyExceptions(no);
  return {
    http,
    https,
    of({ protocol, hostname, port }) {
      const isSecure = protocol === 'https:';
      const proxy = isSecure ? https : http;
      const usual = isSecure ? 443 : 80;
      const name = hostname.replace(/^\[|\]$/g, '');
      const host = { name, port: port === '' ? usual : Number(port) };
      return proxy === '' || isExcepted(host) ? undefined : proxy;
    },
  };
}

/** URLs of all proxies that may be chosen. */
export function listProxies({ http, https }: ProxyChoice): string[] {
  return [...new Set([http, https])].filter((url) => url !== '');
}
