/**
 * The HTTP agents for clients of the SDK: Node's agents, with Node's support for proxies. Names
 * that lead to metadata addresses are refused (guarded-requests.ts: what is known before DNS).
 * Files of certificates are read again for each new connection.
 * Source: https://nodejs.org/api/http.html#built-in-proxy-support
 */
import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { HttpClientOptions } from '../kernel/http-client.ts';
import {
  type HttpConnection,
  type ProxySettings,
  secureOptions,
} from '../kernel/http-connection.ts';
import { guardedLookup } from '../kernel/metadata-addresses.ts';
import { isSocksUrl } from '../kernel/socks5.ts';
import { readProxyEnvironment } from '../kernel/proxy-environment.ts';

export interface ConnectionAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** The same number as the SDK's default agents. */
const SOCKETS_MAX = 50;

/**
 * Each client gets agents of its own, and destroys them when it is destroyed.
 *
 * @param resolve  for tests: how names become addresses
 * @throws Error for a proxy URL that is none, also one of the environment, or of SOCKS5
 */
export function createAgents(
  { tls, proxy }: Partial<HttpConnection> = {},
  resolve?: HttpClientOptions['resolve'],
): ConnectionAgents {
  if (isSocksUrl(proxy?.url ?? '')) throw new Error('AWS is not called through SOCKS5');
  const options: AgentOptions = {
    keepAlive: true,
    lookup: guardedLookup(resolve),
    maxSockets: SOCKETS_MAX,
    ...(proxy === undefined ? {} : { proxyEnv: makeProxyEnvironment(proxy) }),
  };
  const httpsAgent = new HttpsAgent(options);
  if (tls !== undefined) {
    const connect = httpsAgent.createConnection.bind(httpsAgent);
    httpsAgent.createConnection = (given, done) => {
      try {
        return connect({ ...given, ...secureOptions(tls) }, done);
      } catch (error) {
        // A file that cannot be read fails this request only.
        done?.(error as Error, undefined as never);
        return undefined;
      }
    };
  }
  return { httpAgent: new HttpAgent(options), httpsAgent };
}

/** The proxy as the variables that would name it in the environment. */
function makeProxyEnvironment({ url, noProxy }: ProxySettings): NodeJS.ProcessEnv {
  if (url === undefined) {
    const { http, https, no, fault } = readProxyEnvironment(process.env);
    if (fault !== undefined) throw new Error(fault);
    return { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: no };
  }
  return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: addSubdomains(noProxy ?? '') };
}

/** In Go, and so in Prometheus, a name in no_proxy includes its subdomains; Node needs both. */
function addSubdomains(noProxy: string): string {
  return noProxy
    .split(',')
    .map((entry) => entry.trim())
    .flatMap((entry) => (/^[a-z]/i.test(entry) ? [entry, `.${entry}`] : [entry]))
    .join();
}
